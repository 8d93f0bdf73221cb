/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/launch/launch.h"
#include "host/launch/marker.h"
#include "host-site.h"

/** One launch with channels that wait where a test wants them to. */

#define ID "11111111-2222-4333-8444-555555555555"

/* A channel that waits where a test wants it to. */
typedef struct {
  VaChannel parent;
  GMutex lock;
  GCond changed;
  gboolean hold_collect, hold_inject; /* wait here until they are FALSE, as libvirt does while the gate waits */
  gboolean inject_fails, runs;
  const char *inject_words;
  guint waiting; /* threads that wait */
  guint collected, injected;
} Scripted;
/** scripted: one that is not held anywhere, for this process. */
Scripted scripted (const char *name);

typedef struct {
  Site *site;
  VaLaunchHost host;
  VaLaunch *launch;
  VaClient *client;
  VaWork *chores;
} Bench;
/** make_folder: @name in @parent, 0700. */
void make_folder (const char *parent, const char *name);
/** bench_open: a launch that waits for the gate, with QEMU's process known. */
void bench_open (Bench *bench);
/** bench_close: frees what @bench has. */
void bench_close (Bench *bench);
