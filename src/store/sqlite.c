/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "src/store/sqlite-schema.h"

#define SCHEMA_VERSION 3
#define BUSY_MS 4000 /* a host waits for no answer longer than 8 s */
#define APPLICATION_ID "0x76614174"

/* One script a version, each from the version before; a new version adds a line and leaves these as they are. */
static const char *const migrations[SCHEMA_VERSION] = { VA_SQLITE_SCHEMA_1, VA_SQLITE_SCHEMA_2,
                                                         VA_SQLITE_SCHEMA_3 };

static gboolean
set_sqlite_error (sqlite3 *db, GError **error)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED, _("the store's database: %s"),
               db != NULL ? sqlite3_errmsg (db) : _("out of memory"));
  return FALSE;
}

static gboolean
execute (VaSqliteConnection *connection, const char *sql, GError **error)
{
  return sqlite3_exec (connection->db, sql, NULL, NULL, NULL) == SQLITE_OK
         || set_sqlite_error (connection->db, error);
}

void
va_statement_reset (VaStatement *statement)
{
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
}

static int
bind_text (sqlite3_stmt *statement, int i, const char *text)
{
  return text != NULL ? sqlite3_bind_text (statement, i, text, -1, SQLITE_STATIC) : sqlite3_bind_null (statement, i);
}

static int
bind_memory (sqlite3_stmt *statement, int i, gconstpointer data, gsize size)
{
  return sqlite3_bind_blob64 (statement, i, size > 0 ? data : "", size, SQLITE_STATIC);
}

static int
bind_bytes (sqlite3_stmt *statement, int i, GBytes *bytes)
{
  gsize size;

  if (bytes == NULL)
    return sqlite3_bind_null (statement, i);
  return bind_memory (statement, i, g_bytes_get_data (bytes, &size), g_bytes_get_size (bytes));
}

static VaStatement *
prepare (VaSqliteConnection *connection, const char *sql, GError **error)
{
  sqlite3_stmt *statement = g_hash_table_lookup (connection->statements, sql);

  if (statement != NULL)
    return statement;
  if (sqlite3_prepare_v3 (connection->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
    {
      set_sqlite_error (connection->db, error);
      return NULL;
    }
  g_hash_table_insert (connection->statements, (gpointer) sql, statement);
  return statement;
}

VaStatement *
va_sqlite_query (VaSqliteConnection *connection, GError **error, const char *sql, const char *types, ...)
{
  g_autoptr(VaStatement) statement = prepare (connection, sql, error);
  int status = SQLITE_OK;
  va_list args;

  if (statement == NULL)
    return NULL;
  va_start (args, types);
  for (int i = 1; types[i - 1] != '\0' && status == SQLITE_OK; i++)
    switch (types[i - 1])
      {
      case 't':
        status = bind_text (statement, i, va_arg (args, const char *));
        break;
      case 'i':
        status = sqlite3_bind_int64 (statement, i, va_arg (args, gint64));
        break;
      case 'b':
        status = bind_bytes (statement, i, va_arg (args, GBytes *));
        break;
      case 'm':
        {
          gconstpointer data = va_arg (args, gconstpointer);
          gsize size = va_arg (args, gsize);

          status = bind_memory (statement, i, data, size);
          break;
        }
      default:
        g_error ("no parameter of type “%c”", types[i - 1]);
      }
  va_end (args);
  if (status == SQLITE_OK)
    return g_steal_pointer (&statement);
  set_sqlite_error (connection->db, error);
  return NULL;
}

int
va_sqlite_row (VaStatement *statement, GError **error)
{
  switch (sqlite3_step (statement))
    {
    case SQLITE_ROW:
      return 1;
    case SQLITE_DONE:
      return 0;
    default:
      set_sqlite_error (sqlite3_db_handle (statement), error);
      return -1;
    }
}

gboolean
va_sqlite_finish (VaStatement *statement, GError **error)
{
  g_autoptr(VaStatement) finished = statement;

  return finished != NULL && va_sqlite_row (finished, error) == 0;
}

guint
va_sqlite_changes (VaSqliteConnection *connection)
{
  return (guint) sqlite3_changes (connection->db);
}

char *
va_column_text (VaStatement *statement, int column)
{
  return g_strdup ((const char *) sqlite3_column_text (statement, column));
}

GBytes *
va_column_bytes (VaStatement *statement, int column)
{
  gconstpointer data = sqlite3_column_blob (statement, column);

  if (sqlite3_column_type (statement, column) == SQLITE_NULL)
    return NULL;
  return g_bytes_new (data, (gsize) sqlite3_column_bytes (statement, column));
}

gint64
va_column_number (VaStatement *statement, int column)
{
  return sqlite3_column_int64 (statement, column);
}

gboolean
va_column_is_null (VaStatement *statement, int column)
{
  return sqlite3_column_type (statement, column) == SQLITE_NULL;
}

static gboolean
transact_locked (VaSqliteConnection *connection, VaSqliteWork work, gpointer data, JsonObject *entry, GError **error)
{
  if (!execute (connection, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (work (connection, data, error) && va_sqlite_note (connection, entry, error) && execute (connection, "COMMIT", error))
    return TRUE;
  if (!sqlite3_get_autocommit (connection->db))
    sqlite3_exec (connection->db, "ROLLBACK", NULL, NULL, NULL);
  return FALSE;
}

gboolean
va_sqlite_transact (VaBackend *backend, VaSqliteWork work, gpointer data, JsonObject *entry, GError **error)
{
  VaSqliteConnection *writer = &((VaSqlite *) backend)->writer;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&writer->mutex);

  return transact_locked (writer, work, data, entry, error);
}

GPtrArray *
va_sqlite_list (VaStatement *statement, gpointer (*read) (VaStatement *), GDestroyNotify free, GError **error)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func (free);
  int status;

  while ((status = va_sqlite_row (statement, error)) > 0)
    g_ptr_array_add (list, read (statement));
  return status == 0 ? g_steal_pointer (&list) : NULL;
}

static gboolean
read_version (VaSqliteConnection *connection, gint64 *version, GError **error)
{
  g_autoptr(VaStatement) statement = va_sqlite_query (connection, error, "PRAGMA user_version", "");

  if (statement == NULL || va_sqlite_row (statement, error) != 1)
    return FALSE;
  *version = va_column_number (statement, 0);
  return TRUE;
}

static gboolean
migrate (VaSqliteConnection *connection, gpointer data, GError **error)
{
  gint64 version;

  if (!read_version (connection, &version, error))
    return FALSE;
  if (version < 0 || version > SCHEMA_VERSION)
    {
      g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                   _("the store has schema version %" G_GINT64_FORMAT ", this program knows versions up to %d: "
                     "install a newer virt-attestd"), version, SCHEMA_VERSION);
      return FALSE;
    }
  for (; version < SCHEMA_VERSION; version++)
    if (!execute (connection, migrations[version], error))
      return FALSE;
  return execute (connection, "PRAGMA user_version = " G_STRINGIFY (SCHEMA_VERSION) "; PRAGMA application_id = "
                  APPLICATION_ID, error);
}

static void
finalize (gpointer statement)
{
  sqlite3_finalize (statement);
}

static gboolean
connect_to (VaSqliteConnection *connection, const char *path, int flags, GError **error)
{
  g_mutex_init (&connection->mutex);
  connection->statements = g_hash_table_new_full (NULL, NULL, NULL, finalize);
  if (sqlite3_open_v2 (path, &connection->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return set_sqlite_error (connection->db, error);
  sqlite3_busy_timeout (connection->db, BUSY_MS);
  sqlite3_extended_result_codes (connection->db, 1);
  return execute (connection,
                  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                  "PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;"
                  "PRAGMA cell_size_check = ON",
                  error);
}

static void
disconnect (VaSqliteConnection *connection)
{
  g_clear_pointer (&connection->statements, g_hash_table_unref);
  sqlite3_close (connection->db);
  g_mutex_clear (&connection->mutex);
}

static void
sqlite_close (VaBackend *backend)
{
  VaSqlite *sqlite = (VaSqlite *) backend;

  disconnect (&sqlite->reader);
  disconnect (&sqlite->writer);
  g_free (sqlite);
}

static gboolean
sqlite_ping (VaBackend *backend, GError **error)
{
  VaSqliteConnection *reader = va_sqlite_reader (backend);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&reader->mutex);
  g_autoptr(VaStatement) statement = va_sqlite_query (reader, error, "SELECT count(*) FROM counters", "");

  return statement != NULL && va_sqlite_row (statement, error) == 1;
}

typedef struct {
  GBytes *candidate, *kept;
} DataKey;

static gboolean
keep_data_key (VaSqliteConnection *connection, gpointer data, GError **error)
{
  DataKey *key = data;
  g_autoptr(VaStatement) statement = NULL;

  if (!va_sqlite_run (connection, error, "INSERT INTO data_keys VALUES (1, ?) ON CONFLICT DO NOTHING", "b",
                      key->candidate))
    return FALSE;
  statement = va_sqlite_query (connection, error, "SELECT sealed FROM data_keys WHERE id = 1", "");
  if (statement == NULL || va_sqlite_row (statement, error) != 1)
    return FALSE;
  key->kept = va_column_bytes (statement, 0);
  return TRUE;
}

static GBytes *
sqlite_data_key (VaBackend *backend, GBytes *candidate, GError **error)
{
  DataKey key = { candidate, NULL };

  if (va_sqlite_transact (backend, keep_data_key, &key, NULL, error))
    return key.kept;
  g_clear_pointer (&key.kept, g_bytes_unref);
  return NULL;
}

static gboolean
check_closed (const char *path, const struct stat *info, const char *chmod, GError **error)
{
  if ((info->st_mode & 077) == 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
               _("%s must be closed to group and others (chmod %s); it has mode %04o"), path, chmod,
               (unsigned) info->st_mode & 07777);
  return FALSE;
}

/* SQLite would create the file with the umask's mode; its WAL takes over the mode of the file. */
static gboolean
prepare_file (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  struct stat info;
  gboolean ok;
  int fd;

  if (!va_folder_make (folder, 0700, error))
    return FALSE;
  if (stat (folder, &info) != 0 || !check_closed (folder, &info, "0700", error))
    return FALSE;
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd < 0 || fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot open the store %s: %s"), path,
                   fd < 0 ? g_strerror (errno) : _("it is no regular file"));
      ok = FALSE;
    }
  else
    ok = check_closed (path, &info, "0600", error);
  if (fd >= 0)
    close (fd);
  return ok;
}

VaBackend *
va_sqlite_open (const char *path, GError **error)
{
  static VaBackendClass class = { .close = sqlite_close, .ping = sqlite_ping, .data_key = sqlite_data_key };
  static gsize once;
  VaSqlite *sqlite;

  if (g_once_init_enter (&once))
    {
      va_sqlite_add_objects (&class);
      va_sqlite_add_registrations (&class);
      va_sqlite_add_launches (&class);
      va_sqlite_add_audit (&class);
      va_sqlite_add_proposals (&class);
      g_once_init_leave (&once, 1);
    }
  if (!prepare_file (path, error))
    return NULL;
  sqlite = g_new0 (VaSqlite, 1);
  sqlite->base.class = &class;
  if (connect_to (&sqlite->writer, path, SQLITE_OPEN_READWRITE, error)
      && va_sqlite_transact (&sqlite->base, migrate, NULL, NULL, error)
      && connect_to (&sqlite->reader, path, SQLITE_OPEN_READWRITE, error))
    return &sqlite->base;
  g_prefix_error (error, "%s: ", path);
  sqlite_close (&sqlite->base);
  return NULL;
}
