/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/store-room.h"

#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>
#include "core/i18n.h"
#include "service/log.h"
#include "service/refusal.h"
#include "service/metrics-text.h"
#include "service/module.h"

#define MIB (1024 * 1024)
#define MEASURE_SECONDS 60
#define BYTES_SECONDS 1 /* so long a size is good: to ask is quick, but not for every request */

/* Of the store's file system. Returns: FALSE: that is not known, as of a database elsewhere */
static gboolean
get_free_bytes (const VaService *service, guint64 *bytes)
{
  struct statvfs info;

  if (service->store_directory == NULL || statvfs (service->store_directory, &info) != 0)
    return FALSE;
  *bytes = (guint64) info.f_bavail * info.f_frsize;
  return TRUE;
}

/* As it was not long ago. Returns: FALSE: the database does not say */
static gboolean
measure_bytes (VaService *service, guint64 *bytes)
{
  VaStoreSize *size = &service->size;
  gint64 now = g_get_monotonic_time ();
  gboolean is_old;

  g_mutex_lock (&size->mutex);
  is_old = size->bytes_time == 0 || now - size->bytes_time > BYTES_SECONDS * G_USEC_PER_SEC;
  *bytes = size->bytes;
  g_mutex_unlock (&size->mutex);
  if (!is_old)
    return TRUE;
  if (!va_store_measure_bytes (service->store, bytes, NULL))
    return FALSE;
  g_mutex_lock (&size->mutex);
  size->bytes = *bytes;
  size->bytes_time = now;
  g_mutex_unlock (&size->mutex);
  return TRUE;
}

/* Returns: FALSE: they were not counted yet */
static gboolean
get_rows (VaService *service, guint64 rows[VA_STORE_TABLES])
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&service->size.mutex);

  memcpy (rows, service->size.rows, sizeof service->size.rows);
  return service->size.has_rows;
}

static void
measure_store (VaService *service)
{
  g_autoptr(GError) error = NULL;
  guint64 rows[VA_STORE_TABLES], bytes;
  gboolean counted = va_store_count_rows (service->store, rows, &error);

  if (!counted)
    g_debug ("the store's rows could not be counted: %s", error->message);
  else
    {
      g_mutex_lock (&service->size.mutex);
      memcpy (service->size.rows, rows, sizeof rows);
      service->size.has_rows = TRUE;
      g_mutex_unlock (&service->size.mutex);
    }
  if (!measure_bytes (service, &bytes))
    g_debug ("the store's size could not be measured");
}

/* Said again only after there was room in between. @why: NULL: there is room */
static void
tell_store_room (VaService *service, const char *why)
{
  if (why != NULL && !atomic_exchange (&service->is_full, TRUE))
    va_log (VA_LOG_ERROR, "%s: only launches are stored from now on. Free space, or prune the store", why);
  else if (why == NULL)
    atomic_store (&service->is_full, FALSE);
}

/* Returns: (transfer full): what there is too little of, or %NULL */
static char *
find_shortage (VaService *service)
{
  guint64 bytes;

  if (get_free_bytes (service, &bytes) && bytes < service->reserve)
    return g_strdup_printf ("the store's file system has %" PRIu64 " MiB left, less than “reserve-mib” of "
                            "service.conf",
                            bytes / MIB);
  if (service->store_most > 0 && measure_bytes (service, &bytes) && bytes >= service->store_most)
    return g_strdup_printf ("the store has %" PRIu64 " MiB, which is the limit “store-mib” of service.conf",
                            bytes / MIB);
  return NULL;
}

gboolean
va_store_room_for_change (VaService *service, const VaRequest *request, gboolean adds, GError **error)
{
  g_autofree char *shortage = NULL;

  if (!va_rate_limit_take (service->changes, request->identity, g_get_monotonic_time ()))
    return va_refuse (error, VA_PROBLEM_TOO_MANY_CHANGES,
                      _("you have made too many changes within a minute; retry later"));
  if (!adds)
    return TRUE;
  shortage = find_shortage (service);
  tell_store_room (service, shortage);
  return shortage == NULL
         || va_refuse (error, VA_PROBLEM_STORE_FULL,
                       _("the service's store is nearly full, and the remaining space is reserved for launches; ask "
                         "its operator to free space"));
}

static void
print_size (VaService *service, GString *text)
{
  guint64 rows[VA_STORE_TABLES], bytes;

  if (measure_bytes (service, &bytes))
    va_metrics_text_value (text, "virt_attest_store_bytes", "gauge",
                           "Bytes of the store's database; from store-mib on only launches are stored.",
                           (double) bytes);
  if (!get_rows (service, rows))
    return;
  va_metrics_text_family (text, "virt_attest_store_rows", "gauge",
                          "Rows of the store's tables, counted once per minute.");
  for (guint i = 0; i < VA_STORE_TABLES; i++)
    if (va_store_table_name (i) != NULL)
      va_metrics_text_sample (text, "virt_attest_store_rows", (double) rows[i], "table", va_store_table_name (i), NULL);
}

static void
print_store (VaService *service, GString *text)
{
  VaStoreStatistics store;
  guint64 room;

  va_store_statistics (service->store, &store);
  if (get_free_bytes (service, &room))
    va_metrics_text_value (text, "virt_attest_store_free_bytes", "gauge",
                           "Free bytes of the file system that the store is in; below reserve-mib only launches are "
                           "stored.",
                           (double) room);
  va_metrics_text_value (text, "virt_attest_store_up", "gauge", "Whether the database answered last time.",
                         store.up ? 1 : 0);
  va_metrics_text_value (text, "virt_attest_store_transactions_total", "counter", "Transactions with a change.",
                         (double) store.transactions);
  va_metrics_text_value (text, "virt_attest_store_commits_total", "counter",
                         "Commits, one for all transactions that waited at the same time.", (double) store.commits);
  va_metrics_text_value (text, "virt_attest_store_failures_total", "counter", "Commits that failed.",
                         (double) store.failures);
  va_metrics_text_value (text, "virt_attest_store_connects_total", "counter",
                         "Connections to the database that were tried.", (double) store.connects);
  va_metrics_text_value (text, "virt_attest_store_commit_seconds_total", "counter", "Time of all commits together.",
                         store.seconds);
}

static void
print_store_room (VaService *service, GString *text)
{
  print_store (service, text);
  print_size (service, text);
}

const VaServiceModule va_module_store_room = {
  .chore = { .run = measure_store, .seconds = MEASURE_SECONDS, .at_start = TRUE },
  .print_metrics = print_store_room,
};
