/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/message.h"
#include "tee/sev/certificate.h"
#include "tee/sev/session.h"

G_BEGIN_DECLS

/** The answer to a launch request, 201: what the launch is begun with. */
typedef struct {
  char *launch_id;
  char *vm; /* in the answer to a selection: the registration; else %NULL */
  guint8 session[VA_SEV_SESSION_SIZE];
  guint8 owner_cert[VA_SEV_CERT_SIZE];
  guint64 policy; /* 32 bits for SEV */
  gint64 expires; /* seconds since 1970 UTC: validate until then */
} VaLaunchGrant;
VA_MESSAGE_DECLARE (VaLaunchGrant, va_launch_grant)

G_END_DECLS
