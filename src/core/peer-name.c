/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/peer-name.h"

#include <string.h>

gboolean
va_peer_name_is_valid (const char *name)
{
  gsize length = strlen (name);

  return length >= 1 && length <= VA_PEER_NAME_MAX
         && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}
