/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/message.h"

G_BEGIN_DECLS

typedef enum { VA_SOURCE_NOVA } VaSourceKind; /* "nova" */

/**
 * What a host says of who made the domain of a launch: its claim, not proof. The service compares it with what the
 * registration says, so that hosts that err are refused, and shows it to the owner.
 */
typedef struct {
  VaSourceKind kind;
  char *project;  /* va_nova_is_project() */
  char *image;    /* UUID; %NULL: it was not started from an image */
  char *flavor;   /* name, or %NULL */
  char *instance; /* UUID, or %NULL */
  char *name;     /* what the tenant calls the instance, or %NULL */
  char *selector; /* how the agent came to the registration's id, or %NULL */
} VaLaunchSource;
VA_MESSAGE_DECLARE (VaLaunchSource, va_launch_source)

/** va_launch_source_copy: takes %NULL, too. Returns: (transfer full). */
VaLaunchSource *va_launch_source_copy (const VaLaunchSource *source);

G_END_DECLS
