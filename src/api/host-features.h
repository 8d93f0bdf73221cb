/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/message.h"

G_BEGIN_DECLS

/** POST /host: what the agent found on its host. Strings may be %NULL. */
typedef struct {
  gboolean sev, sev_es;
  char *libvirt_version, *qemu_version, *agent_version;
  guint64 cbitpos, reduced_phys_bits, max_guests, max_es_guests;
  guint64 certificate_ends; /* of the host, seconds since 1970; 0: not said */
  gboolean gate_loaded;
} VaHostFeatures;
VA_MESSAGE_DECLARE (VaHostFeatures, va_host_features)

G_END_DECLS
