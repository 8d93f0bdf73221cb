/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/monitor-path.h"

char *
va_monitor_path (const char *run_dir, const char *uuid)
{
  return g_strdup_printf ("%s/qmp/libvirt-%s/monitor.sock", run_dir, uuid);
}

char *
va_monitor_path_older (const char *run_dir, const char *uuid)
{
  return g_strdup_printf ("%s/qmp/%s/monitor.sock", run_dir, uuid);
}
