/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "core/error.h"
#include "core/i18n.h"
#include "db/sqlite.h"
#include "kek/seal.h"
#include "store/backup-file.h"
#include "store/private-copy.h"
#include "store/schema.h"
#include "store/sqlite-foreign.h"
#include "store/store-private.h"
#include "store/table.h"

/*
 * Backup and restore: every row of every table, from one database to another of either kind. A backup is an SQLite
 * store like any other, in one file.
 */

typedef struct {
  VaDb *from;
  VaStoreCopied copied;
  VaStoreChain chain;
} Copy;

static void
take_value (VaDbStatement *row, int column, char type, VaDbValue *value)
{
  gboolean is_null = va_db_column_is_null (row, column);

  memset (value, 0, sizeof *value);
  value->type = type == 'i' && is_null ? 'k' : type;
  if (is_null)
    return;
  if (type == 'i')
    value->number = va_db_column_number (row, column);
  else
    value->data = row->sql->driver->bytes (row, column, &value->size);
  if (type != 'i' && value->data == NULL)
    value->data = "";
}

/* Texts end with a zero byte in both drivers, but only as long as the row is there. */
static gboolean
write_row (VaDb *to, const VaStoreTable *table, const char *insert, VaDbStatement *from, GError **error)
{
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  VaDbValue values[VA_DB_VALUES_MAX];

  for (guint i = 0; i < table->length; i++)
    {
      VaDbValue *value = &values[i];

      take_value (from, (int) i, table->columns[i].kind->type, value);
      if (value->type != 't' || value->data == NULL)
        continue;
      value->text = g_strndup (value->data, value->size);
      g_ptr_array_add (texts, (gpointer) value->text);
    }
  return va_db_finish (va_db_query_values (to, insert, values, table->length, error), error);
}

static gboolean
copy_table (Copy *copy, VaDb *to, const VaStoreTable *table, GError **error)
{
  const char *insert = va_store_table_insert (table);
  g_autoptr(VaDbStatement) row = va_db_query (copy->from, error, va_store_table_select (table, table->rows), "");
  int status = -1;

  while (row != NULL && (status = va_db_row (row, error)) > 0)
    {
      if ((table->check != NULL && !table->check (&copy->chain, row, error))
          || !write_row (to, table, insert, row, error))
        return FALSE;
      if (table->counter != 0)
        ++G_STRUCT_MEMBER (guint64, &copy->copied, table->counter - 1);
    }
  return status == 0;
}

static gboolean
has_content (const VaStoreTable *table)
{
  return table->is_content;
}

static gboolean
check_no_rows (VaDb *to, GError **error)
{
  gboolean any;

  if (!va_store_table_any (to, has_content, &any, error))
    return FALSE;
  if (!any)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_IN_USE,
               _("there is already a store, which was not changed: restore into an empty place"));
  return FALSE;
}

static gboolean
write_all (VaDb *to, gpointer data, GError **error)
{
  if (!check_no_rows (to, error) || !to->driver->execute (to, "DELETE FROM counters", error))
    return FALSE;
  for (guint i = 0; i < VA_STORE_TABLES; i++)
    if (!copy_table (data, to, va_store_tables[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
copy_all (VaDbBackend *from, VaDbBackend *to, VaStoreCopied *copied, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (from, error);
  Copy copy = { .from = reader };
  gboolean ok;

  if (reader == NULL || !reader->driver->execute (reader, reader->driver->snapshot, error))
    return FALSE;
  reader->streams = TRUE;
  ok = va_db_transact (to, write_all, &copy, NULL, error);
  reader->streams = FALSE;
  if (!reader->driver->execute (reader, "ROLLBACK", ok ? error : NULL))
    return FALSE;
  *copied = copy.copied;
  return ok;
}

static gboolean
write_backup (VaDbBackend *from, const char *path, VaStoreCopied *copied, GError **error)
{
  VaDbBackend *to = va_db_sqlite_create (path, &va_schema_sqlite, error);
  gboolean ok;

  if (to == NULL)
    return FALSE;
  ok = copy_all (from, to, copied, error) && va_db_sqlite_finish (to, error);
  va_db_backend_free (to);
  return ok;
}

/* The whole file gets its name, which nothing else may have. */
static gboolean
publish_backup (const char *partial, const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = fd >= 0 && link (partial, path) == 0 && fsync (fd) == 0;

  if (!ok)
    g_set_error (error, VA_CORE_ERROR, errno == EEXIST ? VA_CORE_ERROR_EXISTS : VA_CORE_ERROR_FAILED,
                 _("cannot create %s: %s"), path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return ok;
}

static void
remove_store (const char *path)
{
  static const char *const ends[] = { "", "-wal", "-shm", "-journal" };

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autofree char *file = g_strconcat (path, ends[i], NULL);

      g_unlink (file);
    }
}

gboolean
va_store_backup (const char *place, const char *path, VaStoreCopied *copied, GError **error)
{
  VaDbBackend *from = va_store_open_backend (place, VA_STORE_PRESENT, error);
  g_autofree char *partial = g_strdup_printf ("%s.%d.partial", path, (int) getpid ());
  gboolean ok = FALSE;

  if (from == NULL)
    return FALSE;
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS, _("%s already exists and was not changed"), path);
  else
    {
      ok = write_backup (from, partial, copied, error) && publish_backup (partial, path, error);
      remove_store (partial);
    }
  va_db_backend_free (from);
  return ok;
}

/* The whole log, from its anchor on, against its MACs. */
static gboolean
check_log (VaStore *store, GError **error)
{
  VaAuditPlace place;
  gboolean at_end;

  return va_store_audit_anchor (store, &place, error)
         && va_store_audit_follow (store, &place, G_MAXUINT64, &at_end, error);
}

static gboolean
check_backup (const char *copy, VaKek *kek, GError **error)
{
  VaStore *store = va_store_check_foreign (copy, error) ? va_store_open (copy, VA_STORE_ANY, kek, error) : NULL;
  gboolean ok = store != NULL && check_log (store, error);

  va_store_close (store);
  return ok;
}

static gboolean
restore_copy (const char *copy, const char *place, VaStoreCopied *copied, GError **error)
{
  VaDbBackend *from = va_store_open_backend (copy, VA_STORE_PRESENT, error);
  VaDbBackend *to = from != NULL ? va_store_open_backend (place, VA_STORE_ANY, error) : NULL;
  gboolean ok = to != NULL && copy_all (from, to, copied, error);

  if (to != NULL)
    va_db_backend_free (to);
  if (from != NULL)
    va_db_backend_free (from);
  return ok;
}

gboolean
va_store_restore (const char *path, const char *place, guint64 reserve, VaKek *kek, VaStoreCopied *copied,
                  GError **error)
{
  g_autoptr(VaStorePrivateCopy) private_copy = va_store_private_copy_new (error);
  const char *copy = private_copy != NULL ? va_store_private_copy_path (private_copy) : NULL;
  gboolean ok;

  if (copy == NULL)
    return FALSE;
  ok = va_store_backup_file_copy (path, copy, place, reserve, error) && check_backup (copy, kek, error)
       && restore_copy (copy, place, copied, error);
  if (!ok)
    g_prefix_error (error, _("backup %s: "), path);
  return ok;
}
