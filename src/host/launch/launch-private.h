/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/validate-reply.h"
#include "host/launch/launch.h"
#include "host/qemu-log.h"

/* Between launch.c (what a launch is) and serve.c (how it is served) only. */
G_BEGIN_DECLS

typedef enum { VALIDATION_NONE, VALIDATION_RUNNING, VALIDATION_DONE } ValidationStage;

struct _VaLaunch {
  gatomicrefcount refs;
  const VaLaunchHost *host;
  GMutex lock;
  GCond validated;
  VaLaunchRecord *record;
  GSource *watch;    /* on QEMU's process */
  VaQemuLogMark log; /* where what QEMU prints in this start begins */
  gboolean marked;   /* the domain's marker is this launch's */
  enum { ATTENTION_NONE, ATTENTION_WANTED, ATTENTION_GIVEN } attention;
  ValidationStage validation;
  VaValidateReply *reply; /* set once, then it stays */
};

/* In all of these the caller has the lock. */

/** va_launch_save: a record that cannot be written is only logged; va_launch_serve() does not rely on it. */
void va_launch_save (VaLaunch *launch);
/** va_launch_add_step: notes that the launch came to step @name, with the time since the hook asked; once per name. */
void va_launch_add_step (VaLaunch *launch, const char *name);
/** va_launch_owe: the service must hear of @state, with the steps as they are now, and the fw_error in @reason. */
void va_launch_owe (VaLaunch *launch, VaOutcomeState state, const char *reason);
/** va_launch_fail: a final no. The marker stays pending for as long as there is a QEMU that it keeps from running. */
void va_launch_fail (VaLaunch *launch, const char *reason);

G_END_DECLS
