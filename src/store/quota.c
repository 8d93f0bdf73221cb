/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/quota.h"

#include <inttypes.h>
#include "core/i18n.h"

#define MIB (1024.0 * 1024.0)

static gboolean
check_kept (guint64 number, guint64 bytes, gboolean is_new, const VaStoreQuotaRule *rule, const VaQuotaOf *most,
            GError **error)
{
  if (is_new && number > most->number)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_QUOTA,
                 _("%s: you have %" PRIu64 " and may have %" PRIu64 "; %s"), _(rule->over), number - 1, most->number,
                 _(rule->cure));
  else if (bytes > most->bytes)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_QUOTA,
                 _("%s: with this one you would have %.1f MiB and may have %.1f MiB; %s"), _(rule->over),
                 (double) bytes / MIB, (double) most->bytes / MIB, _(rule->cure));
  else
    return TRUE;
  return FALSE;
}

gboolean
va_store_quota_check (VaDb *sql, const VaStoreQuotaRule *rule, const VaQuotaOf *most, const char *owner,
                      gboolean is_new, GError **error)
{
  g_autoptr(VaDbStatement) row = va_db_query (sql, error, rule->query, "tt", owner, owner);

  if (row == NULL || va_db_row (row, error) != 1)
    return FALSE;
  return check_kept ((guint64) va_db_column_number (row, 0), (guint64) va_db_column_number (row, 1), is_new, rule, most,
                     error);
}
