/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "db/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "db/backend.h"
#include "db/sqlite-checkpoint.h"
#include "db/sqlite-reserve.h"

#define BUSY_MS 4000 /* a host waits for no answer longer than 8 s */
#define MOMENT_MS 50
#define READERS 4
#define CACHE_KIB "768" /* of each connection at the most: a launch touches some dozens of pages */
#define LOG_BYTES \
  (VA_DB_SQLITE_CHECKPOINT_PAGES * (4096 + 24) + 32) /* frames and header: what is written ahead before a checkpoint */
#define VALUE_MAX (32 * 1024 * 1024)                 /* bytes; an image has half of that at most */

typedef struct {
  VaDb sql;
  sqlite3 *db;
  GHashTable *statements; /* SQL text, by address -> SqliteStatement */
} SqliteConnection;

typedef struct {
  VaDbStatement base;
  sqlite3_stmt *stmt;
} SqliteStatement;

static gboolean
set_sqlite_error (sqlite3 *db, GError **error)
{
  int code = db != NULL ? sqlite3_extended_errcode (db) : SQLITE_NOMEM;

  /* The one reference that an operation does not look at before: to the key that a value is sealed under. */
  if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
    g_set_error (error, VA_DB_ERROR, VA_DB_ERROR_REFERENCE,
                 _("the store's data key has been replaced in the meantime"));
  else
    g_set_error (error, VA_DB_ERROR, VA_DB_ERROR_FAILED, _("the store's database: %s"),
                 db != NULL ? sqlite3_errmsg (db) : _("out of memory"));
  return FALSE;
}

static gboolean
sqlite_execute (VaDb *sql, const char *script, GError **error)
{
  SqliteConnection *connection = (SqliteConnection *) sql;

  return sqlite3_exec (connection->db, script, NULL, NULL, NULL) == SQLITE_OK
         || set_sqlite_error (connection->db, error);
}

static void
sqlite_reset (VaDbStatement *statement)
{
  sqlite3_stmt *stmt = ((SqliteStatement *) statement)->stmt;

  sqlite3_reset (stmt);
  sqlite3_clear_bindings (stmt);
}

static int
bind_value (sqlite3_stmt *stmt, int i, const VaDbValue *value)
{
  if (value->type == 'i')
    return sqlite3_bind_int64 (stmt, i, value->number);
  if (value->type == 't' && value->text != NULL)
    return sqlite3_bind_text (stmt, i, value->text, -1, SQLITE_STATIC);
  if (value->type == 'b' && value->data != NULL)
    return sqlite3_bind_blob64 (stmt, i, value->data, value->size, SQLITE_STATIC);
  return sqlite3_bind_null (stmt, i);
}

/* Statements are kept by the address of their text: a text must be a literal, or live as long and never change. */
static SqliteStatement *
prepare_sqlite (SqliteConnection *connection, const char *text, GError **error)
{
  SqliteStatement *statement = g_hash_table_lookup (connection->statements, text);
  sqlite3_stmt *stmt;

  if (statement != NULL)
    return statement;
  if (sqlite3_prepare_v3 (connection->db, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
    {
      set_sqlite_error (connection->db, error);
      return NULL;
    }
  statement = g_new0 (SqliteStatement, 1);
  statement->base.sql = &connection->sql;
  statement->stmt = stmt;
  g_hash_table_insert (connection->statements, (gpointer) text, statement);
  return statement;
}

static VaDbStatement *
sqlite_query (VaDb *sql, const char *text, const VaDbValue *values, guint length, GError **error)
{
  SqliteConnection *connection = (SqliteConnection *) sql;
  SqliteStatement *statement = prepare_sqlite (connection, text, error);
  int status = SQLITE_OK;

  if (statement == NULL)
    return NULL;
  for (guint i = 0; i < length && status == SQLITE_OK; i++)
    status = bind_value (statement->stmt, (int) i + 1, &values[i]);
  if (status == SQLITE_OK)
    return &statement->base;
  set_sqlite_error (connection->db, error);
  sqlite_reset (&statement->base);
  return NULL;
}

static int
sqlite_row (VaDbStatement *statement, GError **error)
{
  sqlite3_stmt *stmt = ((SqliteStatement *) statement)->stmt;

  switch (sqlite3_step (stmt))
    {
    case SQLITE_ROW:
      return 1;
    case SQLITE_DONE:
      return 0;
    default:
      set_sqlite_error (sqlite3_db_handle (stmt), error);
      return -1;
    }
}

static gboolean
sqlite_send (VaDb *sql, const char *text, const VaDbValue *values, guint length, GError **error)
{
  return va_db_finish (sqlite_query (sql, text, values, length, error), error);
}

static gboolean
sqlite_is_null (VaDbStatement *statement, int column)
{
  return sqlite3_column_type (((SqliteStatement *) statement)->stmt, column) == SQLITE_NULL;
}

static gint64
sqlite_number (VaDbStatement *statement, int column)
{
  return sqlite3_column_int64 (((SqliteStatement *) statement)->stmt, column);
}

static gconstpointer
sqlite_bytes (VaDbStatement *statement, int column, gsize *size)
{
  sqlite3_stmt *stmt = ((SqliteStatement *) statement)->stmt;
  gconstpointer data = sqlite3_column_blob (stmt, column);

  *size = (gsize) sqlite3_column_bytes (stmt, column);
  return data;
}

static guint
sqlite_changes (VaDb *sql)
{
  return (guint) sqlite3_changes (((SqliteConnection *) sql)->db);
}

static gboolean
sqlite_begin (VaDb *sql, gboolean patient, GError **error)
{
  sqlite3_busy_timeout (((SqliteConnection *) sql)->db, patient ? BUSY_MS : MOMENT_MS);
  return va_db_send (sql, error, "BEGIN IMMEDIATE", "");
}

static gboolean
sqlite_commit (VaDb *sql, GError **error)
{
  return va_db_send (sql, error, "COMMIT", "");
}

static void
sqlite_rollback (VaDb *sql)
{
  if (!sqlite_execute (sql, "ROLLBACK", NULL))
    g_debug ("the transaction could not be rolled back");
}

static gboolean
sqlite_in_transaction (VaDb *sql)
{
  return !sqlite3_get_autocommit (((SqliteConnection *) sql)->db);
}

static gboolean
sqlite_alive (VaDb *sql)
{
  (void) sql;
  return TRUE;
}

static void
sqlite_close (VaDb *sql)
{
  SqliteConnection *connection = (SqliteConnection *) sql;

  g_clear_pointer (&connection->statements, g_hash_table_unref);
  sqlite3_close (connection->db);
  g_free (connection);
}

static void
finalize_statement (gpointer data)
{
  SqliteStatement *statement = data;

  sqlite3_finalize (statement->stmt);
  g_free (statement);
}

/* There are no triggers and views in a store; what somebody has put there is not carried out. Nor does a value that
   somebody has put there take all memory. */
static void
be_careful (sqlite3 *db)
{
  sqlite3_limit (db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
  sqlite3_db_config (db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
  sqlite3_db_config (db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

static VaDb *
connect_file (gpointer checkpoints, GError **error)
{
  static const VaDbDriver driver = {
    .query = sqlite_query,
    .send = sqlite_send,
    .row = sqlite_row,
    .reset = sqlite_reset,
    .is_null = sqlite_is_null,
    .number = sqlite_number,
    .bytes = sqlite_bytes,
    .changes = sqlite_changes,
    .execute = sqlite_execute,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .in_transaction = sqlite_in_transaction,
    .alive = sqlite_alive,
    .close = sqlite_close,
    .snapshot = "BEGIN",
  };
  SqliteConnection *connection = g_new0 (SqliteConnection, 1);

  connection->sql.driver = &driver;
  connection->statements = g_hash_table_new_full (NULL, NULL, NULL, finalize_statement);
  if (sqlite3_open_v2 (va_db_sqlite_checkpoints_path (checkpoints), &connection->db,
                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL)
      != SQLITE_OK)
    set_sqlite_error (connection->db, error);
  else
    {
      sqlite3_busy_timeout (connection->db, BUSY_MS);
      sqlite3_extended_result_codes (connection->db, 1);
      be_careful (connection->db);
      if (sqlite_execute (&connection->sql,
                          "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                          "PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = ON; PRAGMA trusted_schema = "
                          "OFF;"
                          "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -" CACHE_KIB,
                          error))
        {
          va_db_sqlite_checkpoints_watch (checkpoints, connection->db);
          return &connection->sql;
        }
    }
  sqlite_close (&connection->sql);
  return NULL;
}

typedef struct {
  const VaDbSchema *schema;
  gboolean present;
} SqliteMigration;

static gboolean
migrate_file (VaDb *sql, gpointer data, GError **error)
{
  const SqliteMigration *to = data;
  const VaDbSchema *schema = to->schema;
  g_autofree char *marks = NULL;
  gint64 version;

  if (!va_db_read_number (sql, &version, error, "PRAGMA user_version", "")
      || !schema->check (version, to->present, error))
    return FALSE;
  if (to->present)
    return TRUE;
  for (gint64 next = MAX (version + 1, schema->first); next <= schema->version; next++)
    if (!sqlite_execute (sql, schema->scripts[next - schema->first], error))
      return FALSE;
  va_db_sqlite_reserve (((SqliteConnection *) sql)->db, LOG_BYTES);
  marks = g_strdup_printf ("PRAGMA user_version = %" PRId64 "; PRAGMA application_id = %" PRIu32, schema->version,
                           schema->mark);
  return sqlite_execute (sql, marks, error);
}

static gboolean
check_closed (const char *path, const struct stat *info, const char *chmod, GError **error)
{
  if ((info->st_mode & 077) == 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
               _("%s must not be accessible to group and others (chmod %s); it has mode %04o"), path, chmod,
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
                   fd < 0 ? g_strerror (errno) : _("it is not a regular file"));
      ok = FALSE;
    }
  else
    ok = check_closed (path, &info, "0600", error);
  if (fd >= 0)
    close (fd);
  return ok;
}

static VaDbBackend *
open_file (const char *path, const VaDbSchema *schema, gboolean present, GError **error)
{
  SqliteMigration to = { schema, present };
  VaDbBackend *backend = va_db_backend_new (connect_file, va_db_sqlite_checkpoints_new (path),
                                            (GDestroyNotify) va_db_sqlite_checkpoints_free, READERS);

  backend->size_query =
    "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count,"
    " pragma_page_size";
  if (va_db_transact (backend, migrate_file, &to, NULL, error))
    return backend;
  g_prefix_error (error, "%s: ", path);
  va_db_backend_free (backend);
  return NULL;
}

/* Who may not look whether it is there is not told that it is not. */
static gboolean
check_file_exists (const char *path, GError **error)
{
  struct stat info;

  if (stat (path, &info) == 0)
    return TRUE;
  if (errno == ENOENT || errno == ENOTDIR)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, _("the store %s does not exist"), path);
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                 _("cannot access the store %s: %s; run this as the service's user"), path, g_strerror (errno));
  return FALSE;
}

VaDbBackend *
va_db_sqlite_open (const char *path, const VaDbSchema *schema, gboolean present, GError **error)
{
  if (present && !check_file_exists (path, error))
    return NULL;
  return prepare_file (path, error) ? open_file (path, schema, present, error) : NULL;
}

VaDbBackend *
va_db_sqlite_create (const char *path, const VaDbSchema *schema, GError **error)
{
  int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    {
      g_set_error (error, VA_CORE_ERROR, errno == EEXIST ? VA_CORE_ERROR_EXISTS : VA_CORE_ERROR_FAILED,
                   _("cannot create %s: %s"), path, g_strerror (errno));
      return NULL;
    }
  close (fd);
  return open_file (path, schema, FALSE, error);
}

gboolean
va_db_sqlite_finish (VaDbBackend *backend, GError **error)
{
  VaDb *writer = ((VaDbPool *) backend)->queue.writer;

  va_db_sqlite_checkpoints_stop (((VaDbPool *) backend)->place);
  return writer->driver->execute (writer, "PRAGMA journal_mode = DELETE", error);
}
