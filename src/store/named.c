/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/rows.h"

/* What owners have under a name, and may remove once nothing else names it. */

typedef struct {
  const VaNamed *named;
  const char *owner, *name;
} Work;

void
va_sql_set_not_found (int status, GError **error, const char *message, const char *what)
{
  if (status == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, "%s “%s”", message, what);
}

/* The registration that names it, or %NULL. */
static gboolean
find_user (VaSql *sql, const Work *work, char **vm, GError **error)
{
  g_autoptr(VaStatement) row = va_sql_query (sql, error, work->named->users, "tt", work->owner, work->name);
  int status = -1;

  *vm = NULL;
  while (row != NULL && *vm == NULL && (status = va_sql_row (row, error)) == 1)
    {
      g_autofree char *text = va_column_needed_text (row, 1);

      if (work->named->names (text, work->name))
        *vm = va_column_needed_text (row, 0);
    }
  return status >= 0;
}

static gboolean
delete_named (VaSql *sql, gpointer data, GError **error)
{
  const Work *work = data;
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
  if (!va_sql_run (sql, error, work->named->removal, "tt", work->owner, work->name))
    return FALSE;
  va_sql_set_not_found ((int) va_sql_changes (sql), error, _(work->named->missing), work->name);
  return va_sql_changes (sql) == 1;
}

gboolean
va_sql_remove_named (VaBackend *backend, const VaNamed *named, const char *owner, const char *name, VaAuditEntry *entry,
                     GError **error)
{
  Work work = { named, owner, name };

  return va_sql_transact (backend, delete_named, &work, entry, error);
}
