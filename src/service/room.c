/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/room.h"

#include <sys/statvfs.h>
#include "core/i18n.h"
#include "service/log.h"
#include "service/refusal.h"

#define MIB (1024 * 1024)

gboolean
va_room_free (const VaService *service, guint64 *bytes)
{
  struct statvfs info;

  if (service->store_directory == NULL || statvfs (service->store_directory, &info) != 0)
    return FALSE;
  *bytes = (guint64) info.f_bavail * info.f_frsize;
  return TRUE;
}

/* Said again only after there was room in between. */
static void
tell (VaService *service, gboolean full, guint64 bytes)
{
  if (full && !atomic_exchange (&service->is_full, TRUE))
    va_log (VA_LOG_ERROR, "the store's file system has %" G_GUINT64_FORMAT " MiB left, less than “reserve-mib” of "
            "service.conf: nothing new is stored, launches go on. Make room, or prune the store", bytes / MIB);
  else if (!full)
    atomic_store (&service->is_full, FALSE);
}

gboolean
va_room_for_change (VaService *service, const VaRequest *request, gboolean adds, GError **error)
{
  guint64 bytes;
  gboolean full;

  if (!va_limit_take (service->changes, request->identity, g_get_monotonic_time ()))
    return va_refuse (error, VA_PROBLEM_TOO_MANY_CHANGES,
                      _("you have changed too much within a minute; wait, then go on"));
  if (!adds || !va_room_free (service, &bytes))
    return TRUE;
  full = bytes < service->reserve;
  tell (service, full, bytes);
  return !full
         || va_refuse (error, VA_PROBLEM_STORE_FULL,
                       _("the service's disk is nearly full, and what is left is kept for launches; ask its operator to make "
                         "room"));
}
