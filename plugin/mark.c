/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mark.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/process.h"

gboolean
va_mark_leave (GError **error)
{
  g_autofree char *text = NULL;
  guint64 start;

  if (mkdir (VA_RUNDIR, 0711) == 0)
    {
      /* QEMU's user has to get through, whatever the daemon's umask is. */
      if (chmod (VA_RUNDIR, 0711) != 0)
        g_warning ("%s: %s", VA_RUNDIR, g_strerror (errno));
    }
  else if (errno != EEXIST)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot create the directory %s: %s"), VA_RUNDIR,
                   g_strerror (errno));
      return FALSE;
    }
  if (!va_folder_is_private (VA_RUNDIR, error) || !va_process_start_time (getpid (), &start, error))
    return FALSE;
  text = g_strdup_printf ("%d %" PRIu64 "\n", (int) getpid (), start);
  return va_file_write (VA_RUNDIR "/gate", text, strlen (text), 0644, error);
}
