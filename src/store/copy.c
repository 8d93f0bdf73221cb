/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "audit/checkpoint.h"
#include "core/error.h"
#include "core/i18n.h"
#include "db/sqlite.h"
#include "kek/seal.h"
#include "store/backup-file.h"
#include "store/private-copy.h"
#include "store/sql.h"
#include "store/schema.h"
#include "store/sqlite-foreign.h"
#include "store/store-private.h"

/*
 * Backup and restore: every row of every table, from one database to another of either kind. A backup is an SQLite
 * store like any other, in one file.
 */

typedef struct Copy Copy;

/* A table; its rows may be looked at on the way, and counted. */
typedef struct {
  const char *read, *write, *types; /* letters as for va_db_query(): t, i, b */
  gboolean (*check) (Copy *copy, VaDbStatement *row, GError **error);
  gsize counter; /* offset in VaStoreCopied; COUNTED_BY_NOBODY: none */
} Table;

#define COUNTED_BY_NOBODY G_MAXSIZE
#define TABLE_WITH(name, columns, places, types, order, check, counter) \
  { \
    "SELECT " columns " FROM " name order, "INSERT INTO " name " (" columns ") VALUES (" places ")", types, check, \
      counter \
  }
#define TABLE(name, columns, places, types) TABLE_WITH (name, columns, places, types, "", NULL, COUNTED_BY_NOBODY)
#define COUNTED(name, columns, places, types, member) \
  TABLE_WITH (name, columns, places, types, "", NULL, G_STRUCT_OFFSET (VaStoreCopied, member))

static gboolean check_image (Copy *copy, VaDbStatement *row, GError **error);
static gboolean begin_chain (Copy *copy, VaDbStatement *row, GError **error);
static gboolean follow_chain (Copy *copy, VaDbStatement *row, GError **error);
static gboolean check_signed (Copy *copy, VaDbStatement *row, GError **error);

/* What others refer to comes first. */
static const Table tables[] = {
  TABLE ("store_keys", "name, sealed", "?, ?", "tb"),
  TABLE ("data_keys", "id, sealed, oldest, seals", "?, ?, ?, ?", "ibii"),
  TABLE ("counters", "name, value", "?, ?", "ti"),
  TABLE_WITH ("artifacts",
              "owner, hash, size, has_table, secret_base, secret_size, hashes_base, hashes_size, ap_reset, created, "
              "image",
              "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?", "ttiiiiiiiib", "", check_image, COUNTED_BY_NOBODY),
  COUNTED ("secrets", "owner, name, guid, size, created, sealed, key_id", "?, ?, ?, ?, ?, ?, ?", "tttiibi", secrets),
  COUNTED ("registrations", "id, owner, version, created, launches, text, sealed, approved, approved_until, key_id",
           "?, ?, ?, ?, ?, ?, ?, ?, ?, ?", "ttiiitbiii", registrations),
  TABLE ("registration_secrets", "vm, owner, secret", "?, ?, ?", "ttt"),
  TABLE ("proposals", "vm, owner, person, created, replaces, digest, text, sealed, key_id", "?, ?, ?, ?, ?, ?, ?, ?, ?",
         "tttiittbi"),
  COUNTED ("launches",
           "id, vm, owner, host, domain_uuid, domain_name, state, policy, generation, version, created, expires, fixed,"
           " sealed_keys, sealed_table, timeline, api_major, api_minor, build_id, code, detail, steps, reason,"
           " approved_until, approvals, key_id, firmware_error",
           "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?",
           "tttttttitiiitbbtiiittttitii", launches),
  TABLE ("hosts", "name, seen, features", "?, ?, ?", "tit"),
  TABLE_WITH ("audit_anchor", "seq, link, time, text, mac", "?, ?, ?, ?, ?", "ibitb", " ORDER BY seq", begin_chain,
              COUNTED_BY_NOBODY),
  TABLE_WITH ("audit", "seq, owner, launch, link, text, digest, mac", "?, ?, ?, ?, ?, ?, ?", "ittbtbb",
              " WHERE seq > COALESCE ((SELECT max(seq) FROM audit_anchor WHERE text IS NOT NULL), 0) ORDER BY seq",
              follow_chain, G_STRUCT_OFFSET (VaStoreCopied, records)),
  TABLE_WITH ("checkpoints", "seq, text", "?, ?", "it", "", check_signed, COUNTED_BY_NOBODY),
};

struct Copy {
  VaDb *from;
  VaStoreCopied copied;
  guint8 link[VA_AUDIT_LINK_SIZE]; /* of the last record of the audit log */
  guint64 seq;
};

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
write_row (VaDb *to, const Table *table, VaDbStatement *from, GError **error)
{
  guint length = (guint) strlen (table->types);
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  VaDbValue values[VA_DB_VALUES_MAX];
  VaDbStatement *statement;

  for (guint i = 0; i < length; i++)
    {
      VaDbValue *value = &values[i];

      take_value (from, (int) i, table->types[i], value);
      if (value->type != 't' || value->data == NULL)
        continue;
      value->text = g_strndup (value->data, value->size);
      g_ptr_array_add (texts, (gpointer) value->text);
    }
  statement = to->driver->query (to, table->write, values, length, error);
  return va_db_finish (statement, error);
}

/* Who copies the store finds an image that was changed before somebody needs it. */
static gboolean
check_image (Copy *copy, VaDbStatement *row, GError **error)
{
  g_autofree char *owner = va_db_column_needed_text (row, 0), *hash = va_db_column_needed_text (row, 1), *found = NULL;
  gsize size = 0;
  const guchar *image = row->sql->driver->bytes (row, 10, &size);

  (void) copy;
  found = g_compute_checksum_for_data (G_CHECKSUM_SHA256, image != NULL ? image : (const guchar *) "", size);
  if (g_strcmp0 (found, hash) == 0)
    return TRUE;
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
               _("the firmware image %s of owner %s was changed: its content has the SHA-256 %s. Use another backup; "
                 "or, in the "
                 "running service, have its owner upload it again, and make a new one"),
               hash, owner, found);
  return FALSE;
}

/* Where the log was pruned, it begins behind an anchor that has a text; its MAC is checked when all is copied. */
static gboolean
begin_chain (Copy *copy, VaDbStatement *row, GError **error)
{
  g_autoptr(GBytes) link = va_db_column_bytes (row, 1);

  (void) error;
  if (va_db_column_is_null (row, 3) || link == NULL || g_bytes_get_size (link) != sizeof copy->link)
    return TRUE;
  copy->seq = (guint64) va_db_column_number (row, 0);
  memcpy (copy->link, g_bytes_get_data (link, NULL), sizeof copy->link);
  return TRUE;
}

/* The chain is checked on the way, so that nobody builds on one that does not hold. */
static gboolean
follow_chain (Copy *copy, VaDbStatement *row, GError **error)
{
  g_autofree char *text = va_db_column_text (row, 4);
  g_autoptr(GBytes) link = va_db_column_bytes (row, 3);
  guint8 digest[VA_AUDIT_LINK_SIZE];
  gsize size;
  const guint8 *data = link != NULL ? g_bytes_get_data (link, &size) : NULL;

  copy->seq++;
  va_audit_digest (text != NULL ? text : "", digest);
  va_audit_link (copy->link, digest, copy->link);
  if (text != NULL && data != NULL && (guint64) va_db_column_number (row, 0) == copy->seq && size == sizeof copy->link
      && memcmp (data, copy->link, size) == 0)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
               _("the audit log's record %" G_GUINT64_FORMAT " was changed, or one before it is missing"), copy->seq);
  return FALSE;
}

/* The number that a checkpoint was signed for; 0: it is not one. */
static guint64
signed_record (const char *text)
{
  g_autoptr(JsonObject) object = text != NULL ? va_json_parse (text, strlen (text), NULL) : NULL;
  g_autoptr(VaCheckpoint) checkpoint = object != NULL ? va_checkpoint_read (object, NULL) : NULL;

  return checkpoint != NULL ? checkpoint->seq : 0;
}

/* All of the log was copied before. A service signs what it has written, so a log that ends before was cut. */
static gboolean
check_signed (Copy *copy, VaDbStatement *row, GError **error)
{
  g_autofree char *text = va_db_column_text (row, 1);
  guint64 seq = MAX ((guint64) va_db_column_number (row, 0), signed_record (text));

  if (seq <= copy->seq)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT,
               _("the audit log ends at record %" G_GUINT64_FORMAT
                 ", but a service has signed it up to record %" G_GUINT64_FORMAT
                 ": its newest records were cut off. Compare it with receipts and exports, and use a backup that has "
                 "them"),
               copy->seq, seq);
  return FALSE;
}

static gboolean
copy_table (Copy *copy, VaDb *to, const Table *table, GError **error)
{
  g_autoptr(VaDbStatement) row = va_db_query (copy->from, error, table->read, "");
  int status = -1;

  while (row != NULL && (status = va_db_row (row, error)) > 0)
    {
      if ((table->check != NULL && !table->check (copy, row, error)) || !write_row (to, table, row, error))
        return FALSE;
      if (table->counter != COUNTED_BY_NOBODY)
        ++G_STRUCT_MEMBER (guint64, &copy->copied, table->counter);
    }
  return status == 0;
}

static gboolean
check_no_rows (VaDb *to, GError **error)
{
  gint64 rows;

  if (!va_db_read_number (to, &rows, error,
                          "SELECT (SELECT count(*) FROM data_keys) + (SELECT count(*) FROM audit)"
                          " + (SELECT count(*) FROM secrets) + (SELECT count(*) FROM registrations)"
                          " + (SELECT count(*) FROM launches) + (SELECT count(*) FROM artifacts)"
                          " + (SELECT count(*) FROM hosts) + (SELECT count(*) FROM proposals)",
                          ""))
    return FALSE;
  if (rows == 0)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_IN_USE,
               _("there is a store already, and nothing in it was changed: restore into an empty place"));
  return FALSE;
}

static gboolean
write_all (VaDb *to, gpointer data, GError **error)
{
  Copy *copy = data;

  if (!check_no_rows (to, error) || !to->driver->execute (to, "DELETE FROM counters", error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    if (!copy_table (copy, to, &tables[i], error))
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
                 _("cannot make %s: %s"), path, g_strerror (errno));
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
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS, _("%s is there already, and was not changed"), path);
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
