/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/registration.h"
#include "store/store-private.h"

/* What registrations and proposals ask in their transactions: which version an owner has, and whether there is room. */

gboolean
va_store_registration_find_version (VaDb *sql, const char *owner, const char *id, guint64 *version, GError **error)
{
  g_autoptr(VaDbStatement) row =
    va_db_query (sql, error, "SELECT version FROM registrations WHERE owner = ? AND id = ?", "tt", owner, id);
  int status = row != NULL ? va_db_row (row, error) : -1;

  *version = status == 1 ? (guint64) va_db_column_number (row, 0) : 0;
  return status >= 0;
}

gboolean
va_store_registration_check_version (VaDb *sql, const char *owner, const char *id, guint64 version, GError **error)
{
  guint64 present;

  if (!va_store_registration_find_version (sql, owner, id, &present, error))
    return FALSE;
  if (present == version)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the registration was replaced in the meantime"));
  return FALSE;
}

/* What is proposed counts like what is registered. */
gboolean
va_store_registration_check_quota (VaDb *sql, const VaQuota *quota, const char *owner, gboolean is_new, GError **error)
{
  static const VaStoreQuotaRule rule = {
    "SELECT count(*), CAST (COALESCE (sum(bytes), 0) AS BIGINT) FROM (SELECT length(text) AS bytes FROM registrations"
    " WHERE owner = ? UNION ALL SELECT length(text) FROM proposals WHERE owner = ?) AS kept",
    N_("your quota of registrations, proposed ones included, does not allow this one"),
    N_("remove registrations that you do not need with “virt-attest vm remove”"),
  };

  return va_store_quota_check (sql, &rule, &quota->registrations, owner, is_new, error);
}
