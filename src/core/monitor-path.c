/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/monitor-path.h"

#include <string.h>
#include "core/guid.h"
#include "core/monitor-form.h"

#define UUID_LENGTH 36
#define SOCKET "/monitor.sock"

char *
va_monitor_path (const char *run_dir, const char *uuid)
{
  return g_strdup_printf (VA_MONITOR_FORM, run_dir, uuid);
}

char *
va_monitor_path_older (const char *run_dir, const char *uuid)
{
  return g_strdup_printf ("%s/qmp/%s/monitor.sock", run_dir, uuid);
}

gboolean
va_monitor_path_is (const char *path)
{
  gsize size = strlen (path), rest = UUID_LENGTH + strlen (SOCKET);
  g_autofree char *uuid = NULL, *before = NULL;

  if (size < rest || !g_str_has_suffix (path, SOCKET))
    return FALSE;
  uuid = g_strndup (path + size - rest, UUID_LENGTH);
  before = g_strndup (path, size - rest);
  return va_uuid_is_canonical (uuid)
         && (g_str_has_suffix (before, "/qmp/libvirt-") || g_str_has_suffix (before, "/qmp/"));
}
