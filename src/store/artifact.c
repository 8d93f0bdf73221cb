/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/i18n.h"
#include "store/page.h"
#include "store/rows.h"
#include "store/store-private.h"

/* Firmware. */

#define IMAGE_PART 128 /* of an image's bytes, that it counts for in a page of 512 KiB */
#define ARTIFACT_COLUMNS \
  "owner, hash, size, has_table, secret_base, secret_size, hashes_base, hashes_size, ap_reset, created"

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
  VaStoredArtifact *artifact = g_new0 (VaStoredArtifact, 1);

  artifact->owner = va_db_column_needed_text (row, 0);
  artifact->hash = va_db_column_needed_text (row, 1);
  artifact->firmware.size = (gsize) va_db_column_number (row, 2);
  artifact->firmware.has_table = va_db_column_number (row, 3) != 0;
  artifact->firmware.secret_base = (guint32) va_db_column_number (row, 4);
  artifact->firmware.secret_size = (guint32) va_db_column_number (row, 5);
  artifact->firmware.hashes_base = (guint32) va_db_column_number (row, 6);
  artifact->firmware.hashes_size = (guint32) va_db_column_number (row, 7);
  artifact->firmware.ap_reset = (guint32) va_db_column_number (row, 8);
  artifact->created = va_db_column_number (row, 9);
  return artifact;
}

/* One that is there already stays, unless other hands have changed it: uploading the image again repairs it. */
static gboolean
insert_artifact (VaDb *sql, gpointer data, GError **error)
{
  ArtifactWork *work = data;
  const VaStoredArtifact *artifact = work->artifact;
  const VaFirmware *firmware = &artifact->firmware;

  if (!va_db_run (sql, error,
                  "INSERT INTO artifacts (" ARTIFACT_COLUMNS ", image) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                  " ON CONFLICT (owner, hash) DO UPDATE SET image = excluded.image, size = excluded.size"
                  " WHERE artifacts.image <> excluded.image OR artifacts.size <> excluded.size",
                  "ttiiiiiiiim", artifact->owner, artifact->hash, (gint64) firmware->size, (gint64) firmware->has_table,
                  (gint64) firmware->secret_base, (gint64) firmware->secret_size, (gint64) firmware->hashes_base,
                  (gint64) firmware->hashes_size, (gint64) firmware->ap_reset, artifact->created, work->image,
                  firmware->size))
    return FALSE;
  work->is_new = va_db_changes (sql) == 1;
  return !work->is_new || va_store_quota_check_images (sql, work->quota, artifact->owner, TRUE, error);
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

VaStoredArtifact *
va_store_get_artifact (VaStore *store, const char *owner, const char *hash, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row = va_db_query (reader, error,
                                              "SELECT " ARTIFACT_COLUMNS " FROM artifacts"
                                              " WHERE owner = ? AND hash = ?",
                                              "tt", owner, hash);
  int status = row != NULL ? va_db_row (row, error) : -1;

  va_store_set_not_found (status, error, _("you have no firmware"), hash);
  return status == 1 ? read_artifact (row) : NULL;
}

GBytes *
va_store_get_image (VaStore *store, const char *owner, const char *hash, GError **error)
{
  g_autoptr(VaDbReader) reader = va_db_reader (store->backend, error);
  g_autoptr(VaDbStatement) row =
    va_db_query (reader, error, "SELECT image FROM artifacts WHERE owner = ? AND hash = ?", "tt", owner, hash);
  int status = row != NULL ? va_db_row (row, error) : -1;

  va_store_set_not_found (status, error, _("you have no firmware"), hash);
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
  N_("you have no firmware"),
};

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
                      "SELECT " ARTIFACT_COLUMNS " FROM artifacts WHERE owner = ? AND hash > ? ORDER BY hash LIMIT ?",
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
