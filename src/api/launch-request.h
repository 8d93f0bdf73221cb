/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/launch-source.h"
#include "codec/message.h"
#include "tee/sev/certificate.h"

G_BEGIN_DECLS

#define VA_CERT_CHAIN_SIZE (3 * VA_SEV_CERT_SIZE)

/** POST /vm/{id}/launch: what a host shows. */
typedef struct {
  guint8 pdh[VA_SEV_CERT_SIZE];
  guint8 cert_chain[VA_CERT_CHAIN_SIZE];
  GBytes *cpu_id; /* at most 128 bytes; %NULL: the platform has none to give */
  gboolean has_policy;
  guint64 policy;  /* of the domain, if has_policy; 32 bits for SEV */
  char *launch_id; /* of the launch that was waiting for confirmation; %NULL: a new one */
  char *owner;     /* whose registration it is; %NULL: whose it is that only one owner has */
  char *domain_uuid, *domain_name;
  VaLaunchSource *source; /* %NULL: the host knows nothing of whoever made the domain */
} VaLaunchRequest;
VA_MESSAGE_DECLARE (VaLaunchRequest, va_launch_request)

G_END_DECLS
