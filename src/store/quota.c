/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/rows.h"

/* What an owner may keep, counted after each addition and in its transaction, so that one that is too much is undone.
   */

#define MIB (1024.0 * 1024.0)

static gboolean
count_kept (VaDb *sql, const char *query, const char *owner, guint64 *number, guint64 *bytes, GError **error)
{
  g_autoptr(VaDbStatement) row = va_db_query (sql, error, query, "tt", owner, owner);

  if (row == NULL || va_db_row (row, error) != 1)
    return FALSE;
  *number = (guint64) va_db_column_number (row, 0);
  *bytes = (guint64) va_db_column_number (row, 1);
  return TRUE;
}

/* @kept: what it is, and what to do about it, as a format for the numbers. */
static gboolean
check_kept (guint64 number, guint64 bytes, gboolean is_new, const VaQuotaOf *most, const char *kept, const char *cure,
            GError **error)
{
  if (is_new && number > most->number)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_QUOTA,
                 _("%s: you have %" G_GUINT64_FORMAT " and may have %" G_GUINT64_FORMAT "; %s"), kept, number - 1,
                 most->number, cure);
  else if (bytes > most->bytes)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_QUOTA,
                 _("%s: with this one you would have %.1f MiB and may have %.1f MiB; %s"), kept, (double) bytes / MIB,
                 (double) most->bytes / MIB, cure);
  else
    return TRUE;
  return FALSE;
}

gboolean
va_store_quota_check_images (VaDb *sql, const VaQuota *quota, const char *owner, gboolean is_new, GError **error)
{
  guint64 number, bytes;

  return count_kept (sql,
                     "SELECT count(*), CAST (COALESCE (sum(size), 0) AS BIGINT) FROM artifacts WHERE owner = ? AND "
                     "owner = "
                     "?",
                     owner, &number, &bytes, error)
         && check_kept (number, bytes, is_new, &quota->images, _("firmware images"),
                        _("remove images that no registration names with “virt-attest artifact remove”"), error);
}

gboolean
va_store_quota_check_secrets (VaDb *sql, const VaQuota *quota, const char *owner, gboolean is_new, GError **error)
{
  guint64 number, bytes;

  return count_kept (sql,
                     "SELECT count(*), CAST (COALESCE (sum(size), 0) AS BIGINT) FROM secrets WHERE owner = ? AND owner "
                     "= ?",
                     owner, &number, &bytes, error)
         && check_kept (number, bytes, is_new, &quota->secrets, _("secrets"),
                        _("remove secrets that no registration names with “virt-attest secret remove”"), error);
}

/* What is proposed counts like what is registered. */
gboolean
va_store_quota_check_registrations (VaDb *sql, const VaQuota *quota, const char *owner, gboolean is_new, GError **error)
{
  guint64 number, bytes;

  return count_kept (sql,
                     "SELECT count(*), CAST (COALESCE (sum(bytes), 0) AS BIGINT) FROM (SELECT length(text) AS bytes "
                     "FROM "
                     "registrations"
                     " WHERE owner = ? UNION ALL SELECT length(text) FROM proposals WHERE owner = ?) AS kept",
                     owner, &number, &bytes, error)
         && check_kept (number, bytes, is_new, &quota->registrations, _("registrations, proposed ones included"),
                        _("remove registrations that you do not need with “virt-attest vm remove”"), error);
}
