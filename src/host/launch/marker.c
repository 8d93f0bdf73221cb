/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/marker.h"

#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/guid.h"
#include "core/number.h"
#include "host/launch/monitor.h"

#define MARKER_MAX 64

static char *
marker_path (const char *run_dir, const char *uuid)
{
  return g_build_filename (run_dir, "domains", uuid, NULL);
}

static VaMarker
parse_marker (const char *text)
{
  g_auto(GStrv) words = NULL;
  guint64 pid, start;

  if (g_str_equal (text, "pending\n"))
    return (VaMarker){ VA_MARKER_PENDING };
  if (!g_str_has_suffix (text, "\n"))
    return (VaMarker){ VA_MARKER_BROKEN };
  words = g_strsplit (text, " ", 4);
  if (g_strv_length (words) != 3 || !g_str_equal (words[0], "attested"))
    return (VaMarker){ VA_MARKER_BROKEN };
  words[2][strlen (words[2]) - 1] = '\0';
  if (!va_number_parse (words[1], 1, G_MAXINT, &pid, NULL) || !va_number_parse (words[2], 0, G_MAXINT64, &start, NULL))
    return (VaMarker){ VA_MARKER_BROKEN };
  return (VaMarker){ VA_MARKER_ATTESTED, (pid_t) pid, start };
}

VaMarker
va_marker_read (const char *run_dir, const char *uuid)
{
  g_autofree char *path = marker_path (run_dir, uuid);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = va_file_read_text (path, MARKER_MAX, &error);

  if (text != NULL)
    return parse_marker (text);
  if (g_error_matches (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND))
    return (VaMarker){ VA_MARKER_NONE };
  return (VaMarker){ VA_MARKER_BROKEN };
}

gboolean
va_marker_write_pending (const char *run_dir, const char *uuid, GError **error)
{
  g_autofree char *path = marker_path (run_dir, uuid);

  return va_file_write (path, "pending\n", 8, 0600, error);
}

gboolean
va_marker_write_attested (const char *run_dir, const char *uuid, pid_t pid, guint64 start, GError **error)
{
  g_autofree char *path = marker_path (run_dir, uuid);
  g_autofree char *text = g_strdup_printf ("attested %d %" PRIu64 "\n", (int) pid, start);

  return va_file_write (path, text, strlen (text), 0600, error);
}

void
va_marker_remove (const char *run_dir, const char *uuid)
{
  g_autofree char *marker = marker_path (run_dir, uuid);

  va_monitor_remove (run_dir, uuid);
  g_unlink (marker);
}

GStrv
va_marker_list (const char *run_dir)
{
  g_autofree char *path = g_build_filename (run_dir, "domains", NULL);
  g_autoptr(GStrvBuilder) names = g_strv_builder_new ();
  g_autoptr(GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    if (va_uuid_is_canonical (name))
      g_strv_builder_add (names, name);
  return g_strv_builder_end (names);
}
