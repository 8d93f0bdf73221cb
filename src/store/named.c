/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/named.h"

#include "core/i18n.h"

/* What owners have under a name, and may remove once nothing else names it. */

typedef struct {
  const VaNamed *named;
  const char *owner, *name;
} NamedWork;

/* The registration that names it, or %NULL. */
static gboolean
find_user (VaDb *sql, const NamedWork *work, char **vm, GError **error)
{
  g_autoptr(VaDbStatement) row = va_db_query (sql, error, work->named->users, "tt", work->owner, work->name);
  int status = -1;

  *vm = NULL;
  while (row != NULL && *vm == NULL && (status = va_db_row (row, error)) == 1)
    {
      g_autofree char *text = va_db_column_needed_text (row, 1);

      if (work->named->names (text, work->name))
        *vm = va_db_column_needed_text (row, 0);
    }
  return status >= 0;
}

static gboolean
delete_named (VaDb *sql, gpointer data, GError **error)
{
  const NamedWork *work = data;
  g_autofree char *vm = NULL;

  if (!find_user (sql, work, &vm, error))
    return FALSE;
  if (vm != NULL)
    {
      g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_IN_USE,
                   _("the registration %s, or what is proposed for it, names “%s”: remove or replace that first"), vm,
                   work->name);
      return FALSE;
    }
  if (!va_db_run (sql, error, work->named->removal, "tt", work->owner, work->name))
    return FALSE;
  work->named->refuse_missing ((int) va_db_changes (sql), work->name, error);
  return va_db_changes (sql) == 1;
}

gboolean
va_store_named_remove (VaDbBackend *backend, const VaNamed *named, const char *owner, const char *name,
                       VaAuditEntry *entry, GError **error)
{
  NamedWork work = { named, owner, name };

  return va_db_transact (backend, delete_named, &work, entry, error);
}
