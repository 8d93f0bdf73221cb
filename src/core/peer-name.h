/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VA_PEER_NAME_MAX 64

/** va_peer_name_is_valid: the name of an owner, a host, a person …: 1 to VA_PEER_NAME_MAX of a-z 0-9 . _ - */
gboolean va_peer_name_is_valid (const char *name);

G_END_DECLS
