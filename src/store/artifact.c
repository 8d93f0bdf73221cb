/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/artifact.h"

#include <string.h>
#include "core/i18n.h"
#include "store/named.h"
#include "store/page.h"
#include "store/store-private.h"
#include "store/table.h"

#define IMAGE_PART 128 /* of an image's bytes, that it counts for in a page of 512 KiB */

#define ARTIFACT_COLUMNS(FIRST, NEXT, R) \
  FIRST (R, owner, text, owner) \
  NEXT (R, hash, text, hash) \
  NEXT (R, size, size, firmware.size) \
  NEXT (R, has_table, flag, firmware.has_table) \
  NEXT (R, secret_base, word, firmware.secret_base) \
  NEXT (R, secret_size, word, firmware.secret_size) \
  NEXT (R, hashes_base, word, firmware.hashes_base) \
  NEXT (R, hashes_size, word, firmware.hashes_size) \
  NEXT (R, ap_reset, word, firmware.ap_reset) \
  NEXT (R, created, number, created)

static const VaStoreColumn artifact_columns[] = { VA_STORE_COLUMNS (ARTIFACT_COLUMNS, VaStoredArtifact)
                                                    VA_STORE_COPIED (image, bytes) };
enum { ARTIFACT_COLUMNS (VA_STORE_AT, VA_STORE_AT, ARTIFACT_AT) ARTIFACT_AT_image };

/* Who copies the store finds an image that was changed before somebody needs it. */
static gboolean
check_image (VaStoreChain *chain, VaDbStatement *row, GError **error)
{
  g_autofree char *owner = va_db_column_needed_text (row, ARTIFACT_AT_owner);
  g_autofree char *hash = va_db_column_needed_text (row, ARTIFACT_AT_hash), *found = NULL;
  gsize size = 0;
  const guchar *image = row->sql->driver->bytes (row, ARTIFACT_AT_image, &size);

  (void) chain;
  found = g_compute_checksum_for_data (G_CHECKSUM_SHA256, image != NULL ? image : (const guchar *) "", size);
  if (g_strcmp0 (found, hash) == 0)
    return TRUE;
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
               _("the firmware image %s of owner %s was changed: its content has the SHA-256 %s. Use another backup; "
                 "or, in the running service, have its owner upload it again, and create a new one"),
               hash, owner, found);
  return FALSE;
}

const VaStoreTable va_store_table_artifacts = {
  .name = "artifacts",
  .columns = artifact_columns,
  .length = G_N_ELEMENTS (artifact_columns),
  .record_size = sizeof (VaStoredArtifact),
  .counts = "SELECT count(*) FROM artifacts",
  .is_content = TRUE,
  .check = check_image,
};

static const VaStoreQuotaRule image_quota = {
  "SELECT count(*), CAST (COALESCE (sum(size), 0) AS BIGINT) FROM artifacts WHERE owner = ? AND owner = ?",
  N_("your quota of firmware images does not allow this one"),
  N_("remove images that no registration names with “virt-attest artifact remove”"),
};

void
va_stored_artifact_free (VaStoredArtifact *artifact)
{
  va_store_table_free (&va_store_table_artifacts, artifact);
}

/* Whether the row that an INSERT ... DO UPDATE was for is new. */
typedef struct {
  const VaStoredArtifact *artifact;
  gconstpointer image;
  const VaQuota *quota;
  gboolean is_new;
} ArtifactWork;

static gpointer
read_artifact (VaDbStatement *row)
{
  return va_store_table_read (&va_store_table_artifacts, row);
}

/* One that is there already stays, unless other hands have changed it: uploading the image again repairs it. */
static gboolean
insert_artifact (VaDb *sql, gpointer data, GError **error)
{
  ArtifactWork *work = data;
  const VaStoredArtifact *artifact = work->artifact;
  g_auto(VaStoreValues) values = { .length = 0 };

  va_store_values_add (&values, &va_store_table_artifacts, 0, ARTIFACT_AT_image, artifact);
  va_store_values_add_data (&values, work->image, artifact->firmware.size);
  if (!va_db_finish (va_db_query_values (sql,
                                         "INSERT INTO artifacts (" VA_STORE_NAMES (
                                           ARTIFACT_COLUMNS) ", image) VALUES"
                                                             " (" VA_STORE_PLACES (ARTIFACT_COLUMNS) ", ?)"
                                                                                                     " ON CONFLICT "
                                                                                                     "(owner, hash) DO "
                                                                                                     "UPDATE SET image "
                                                                                                     "= excluded.image,"
                                                                                                     " size = "
                                                                                                     "excluded.size "
                                                                                                     "WHERE "
                                                                                                     "artifacts.image "
                                                                                                     "<> excluded.image"
                                                                                                     " OR "
                                                                                                     "artifacts.size "
                                                                                                     "<> excluded.size",
                                         values.values, values.length, error),
                     error))
    return FALSE;
  work->is_new = va_db_changes (sql) == 1;
  return !work->is_new || va_store_quota_check (sql, &image_quota, &work->quota->images, artifact->owner, TRUE, error);
}

gboolean
va_store_put_artifact (VaStore *store, const VaStoredArtifact *artifact, gconstpointer image, gboolean *is_new,
                       VaAuditEntry *entry, GError **error)
{
  ArtifactWork work = { .artifact = artifact, .image = image, .quota = &va_store_side (store->backend)->quota };

  if (!va_db_transact_large (store->backend, insert_artifact, &work, entry, error))
    return FALSE;
  *is_new = work.is_new;
  return TRUE;
}

static void
refuse_missing_image (int status, const char *hash, GError **error)
{
  if (status == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("you have no firmware “%s”"), hash);
}

VaStoredArtifact *
va_store_get_artifact (VaStore *store, const char *owner, const char *hash, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row =
    va_db_query (reader, error,
                 "SELECT " VA_STORE_NAMES (ARTIFACT_COLUMNS) " FROM artifacts"
                                                             " WHERE owner = ? AND hash = ?",
                 "tt", owner, hash);
  int status = row != NULL ? va_db_row (row, error) : -1;

  refuse_missing_image (status, hash, error);
  return status == 1 ? read_artifact (row) : NULL;
}

GBytes *
va_store_get_image (VaStore *store, const char *owner, const char *hash, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row =
    va_db_query (reader, error, "SELECT image FROM artifacts WHERE owner = ? AND hash = ?", "tt", owner, hash);
  int status = row != NULL ? va_db_row (row, error) : -1;

  refuse_missing_image (status, hash, error);
  return status == 1 ? va_db_column_needed_bytes (row, 0) : NULL;
}

static gboolean
has_text (JsonArray *array, const char *text)
{
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
          && g_str_equal (json_node_get_string (node), text))
        return TRUE;
    }
  return FALSE;
}

/* Whether a registration's text has @hash among its firmware. What cannot be read may have. */
static gboolean
names_image (const char *text, const char *hash)
{
  g_autoptr(JsonObject) object = text != NULL ? va_json_parse (text, strlen (text), NULL) : NULL;
  JsonNode *node = object != NULL ? json_object_get_member (object, "firmware-hashes") : NULL;

  return object == NULL
         || (node != NULL && JSON_NODE_HOLDS_ARRAY (node) && has_text (json_node_get_array (node), hash));
}

/* The text search leaves those in which the hash is something else, such as a launch digest. */
static const VaNamed named_image = {
  "SELECT vm, text FROM (SELECT owner, id AS vm, text FROM registrations UNION ALL SELECT owner, vm, text FROM "
  "proposals) AS users"
  " WHERE owner = ? AND text LIKE '%\"' || ? || '\"%'",
  names_image,
  "DELETE FROM artifacts WHERE owner = ? AND hash = ?",
  refuse_missing_image,
};

static gint
compare_users (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GPtrArray *
va_store_list_artifact_users (VaStore *store, const char *owner, const char *hash, guint most, GError **error)
{
  g_autoptr(GPtrArray) users = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row = va_db_query (reader, error, named_image.users, "tt", owner, hash);
  int status = row != NULL ? 1 : -1;

  /* Texts that have the hash elsewhere, such as in launch digests, are work, too: all that are looked at count. */
  for (guint looked = 0; looked < most && status == 1 && (status = va_db_row (row, error)) == 1; looked++)
    {
      g_autofree char *vm = va_db_column_needed_text (row, 0), *text = va_db_column_needed_text (row, 1);

      /* The same one once, if it also has a proposal. */
      if (names_image (text, hash) && !g_ptr_array_find_with_equal_func (users, vm, g_str_equal, NULL))
        g_ptr_array_add (users, g_steal_pointer (&vm));
    }
  g_ptr_array_sort (users, compare_users);
  return status >= 0 ? g_steal_pointer (&users) : NULL;
}

gboolean
va_store_remove_artifact (VaStore *store, const char *owner, const char *hash, VaAuditEntry *entry, GError **error)
{
  return va_store_named_remove (store->backend, &named_image, owner, hash, entry, error);
}

static VaDbStatement *
query_artifacts (VaDb *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaPage *page = asked;
  const VaStoredArtifact *before = last;

  return va_db_query (sql, error,
                      "SELECT " VA_STORE_NAMES (ARTIFACT_COLUMNS) " FROM artifacts WHERE owner = ? AND hash > ? ORDER "
                                                                  "BY hash LIMIT ?",
                      "tti", page->owner, va_store_text_after (before != NULL ? before->hash : NULL, page->after),
                      limit);
}

/* Who lists an image reads and hashes it, so a part of the image counts too: a page has at most 64 MiB of images, and
   one. */
static gsize
artifact_size (gconstpointer record)
{
  const VaStoredArtifact *artifact = record;

  return sizeof *artifact + va_store_text_size (artifact->hash) + artifact->firmware.size / IMAGE_PART;
}

GPtrArray *
va_store_list_artifacts (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  static const VaPageKind kind = { query_artifacts, read_artifact, artifact_size,
                                   (GDestroyNotify) va_stored_artifact_free };
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);

  return va_store_page_read (reader, &kind, page, page->limit, page->bytes, more, error);
}
