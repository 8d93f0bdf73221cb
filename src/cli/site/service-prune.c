/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "cli/print.h"
#include "cli/site/service-store.h"
#include "store/store.h"

#define ROWS_AT_ONCE 200 /* in one transaction, so that the service waits for a short time only */

/* Milliseconds since 1970 UTC; 0: @text is not a date. */
static gint64
read_date (const char *text)
{
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc ();
  g_autofree char *whole = strchr (text, 'T') == NULL ? g_strconcat (text, "T00:00:00Z", NULL) : g_strdup (text);
  g_autoptr(GDateTime) date = g_date_time_new_from_iso8601 (whole, utc);

  return date != NULL && g_date_time_to_unix (date) > 0 ? g_date_time_to_unix (date) * 1000 : 0;
}

static gboolean
remove_all (VaStore *store, VaPrune *prune, GError **error)
{
  g_autoptr(VaAuditEntry) entry = va_service_store_entry ("prune");
  guint count;

  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_PRUNED);
  va_audit_entry_set_number (entry, VA_AUDIT_BEFORE, prune->before);
  va_audit_entry_set_number (entry, VA_AUDIT_UP_TO, (gint64) prune->seq);
  if (prune->seq > 0 && !va_store_prune_begin (store, prune, entry, error))
    return FALSE;
  do
    if (!va_store_prune_step (store, prune, ROWS_AT_ONCE, &count, error))
      return FALSE;
  while (count > 0);
  return TRUE;
}

static gboolean
prune_store (const char *config_file, VaPrune *prune, gboolean dry_run, GError **error)
{
  const char *place;
  g_autoptr(VaConfig) config = va_service_store_find (config_file, &place, error);
  g_autoptr(VaKek) kek = config != NULL && va_service_store_user (place, "service prune", error)
                           ? va_service_open_kek (config, error)
                           : NULL;
  g_autoptr(VaStore) store = kek != NULL ? va_store_open (place, VA_STORE_PRESENT, kek, error) : NULL;

  return store != NULL && va_store_prune_plan (store, prune, error) && (dry_run || remove_all (store, prune, error));
}

static void
print_done (const VaPrune *prune, gboolean dry_run)
{
  gulong launches = (gulong) prune->launches, records = (gulong) prune->records;

  if (dry_run)
    {
      printf (ngettext ("%lu launch would be removed\n", "%lu launches would be removed\n", launches), launches);
      printf (ngettext ("%lu record of the audit log would be removed\n",
                        "%lu records of the audit log would be removed\n", records),
              records);
    }
  else
    {
      printf (ngettext ("done: %lu launch was removed\n", "done: %lu launches were removed\n", launches), launches);
      printf (ngettext ("done: %lu record of the audit log was removed\n",
                        "done: %lu records of the audit log were removed\n", records),
              records);
    }
  if (prune->records > 0)
    printf (_("The audit log then begins after record %" PRIu64 ". Keep an export of the records before it.\n"),
            prune->seq);
}

VaExit
va_verb_service_prune (VaCall *call)
{
  g_autofree char *config_file = NULL, *before = NULL;
  g_autofree char *config_help = va_service_config_help ();
  gboolean dry_run = FALSE;
  const GOptionEntry options[] = {
    { "service-config", 0, 0, G_OPTION_ARG_FILENAME, &config_file, config_help, N_("FILE") },
    { "before", 0, 0, G_OPTION_ARG_STRING, &before,
      N_("Remove what is older than DATE: 2026-01-31, or 2026-01-31T12:00:00Z"), N_("DATE") },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, N_("Only print how much would be removed"), NULL },
    { NULL },
  };
  g_autoptr(GError) error = NULL;
  VaPrune prune = { .now = g_get_real_time () / 1000 };
  gboolean ok;

  if (!va_call_parse (call, options, 0, 0)
      || !va_call_has (call, (const VaNeeded[]){ { "--before", before }, { NULL, NULL } }))
    return VA_EXIT_USAGE;
  prune.before = read_date (before);
  if (prune.before == 0 || prune.before > prune.now)
    return va_call_usage (call,
                          _("--before: “%s” is not a date in the past; expected one like 2026-01-31 or "
                            "2026-01-31T12:00:00Z"),
                          before);
  ok = prune_store (config_file, &prune, dry_run, &error);
  g_free (prune.text);
  if (!ok)
    return va_call_fail (error);
  print_done (&prune, dry_run);
  return VA_EXIT_YES;
}
