/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libvirt/libvirt.h>
#include "host/platform.h"

G_BEGIN_DECLS

typedef enum {
  VA_SEVINFO_KNOWN,
  VA_SEVINFO_ABSENT,  /* libvirt is sure that there is no SEV */
  VA_SEVINFO_UNKNOWN, /* it could not say */
} VaSevinfo;

/**
 * va_sevinfo_ask: virNodeGetSEVInfo. Never inside a question of hook or gate: it may probe QEMU for seconds.
 * @error: set unless VA_SEVINFO_KNOWN
 */
VaSevinfo va_sevinfo_ask (virConnectPtr connect, VaPlatformInfo *info, GError **error);

G_END_DECLS
