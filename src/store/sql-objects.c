/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/i18n.h"
#include "store/sql-page.h"
#include "store/sql-rows.h"
#include "store/store-private.h"

/* Firmware, secrets and hosts. */

#define IMAGE_PART 128 /* of an image's bytes, that it counts for in a page of 512 KiB */
#define ARTIFACT_COLUMNS \
  "owner, hash, size, has_table, secret_base, secret_size, hashes_base, hashes_size, ap_reset, created"

/* Whether the row that an INSERT ... DO NOTHING was for is new. */
typedef struct {
  const VaStoredArtifact *artifact;
  gconstpointer image;
  const VaStoredSecret *secret;
  const VaStoredHost *host;
  const char *owner, *name;
  const struct Named *named;
  const VaQuota *quota;
  gboolean is_new;
  VaReplacedSecret replaced;
} Work;

static gpointer
read_artifact (VaStatement *row)
{
  VaStoredArtifact *artifact = g_new0 (VaStoredArtifact, 1);

  artifact->owner = va_column_needed_text (row, 0);
  artifact->hash = va_column_needed_text (row, 1);
  artifact->firmware.size = (gsize) va_column_number (row, 2);
  artifact->firmware.has_table = va_column_number (row, 3) != 0;
  artifact->firmware.secret_base = (guint32) va_column_number (row, 4);
  artifact->firmware.secret_size = (guint32) va_column_number (row, 5);
  artifact->firmware.hashes_base = (guint32) va_column_number (row, 6);
  artifact->firmware.hashes_size = (guint32) va_column_number (row, 7);
  artifact->firmware.ap_reset = (guint32) va_column_number (row, 8);
  artifact->created = va_column_number (row, 9);
  return artifact;
}

/* One that is there already stays, unless other hands have changed it: uploading the image again repairs it. */
static gboolean
insert_artifact (VaSql *sql, gpointer data, GError **error)
{
  Work *work = data;
  const VaStoredArtifact *artifact = work->artifact;
  const VaFirmware *firmware = &artifact->firmware;

  if (!va_sql_run (sql, error,
                      "INSERT INTO artifacts (" ARTIFACT_COLUMNS ", image) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                      " ON CONFLICT (owner, hash) DO UPDATE SET image = excluded.image, size = excluded.size"
                      " WHERE artifacts.image <> excluded.image OR artifacts.size <> excluded.size",
                      "ttiiiiiiiim", artifact->owner, artifact->hash, (gint64) firmware->size,
                      (gint64) firmware->has_table, (gint64) firmware->secret_base, (gint64) firmware->secret_size,
                      (gint64) firmware->hashes_base, (gint64) firmware->hashes_size, (gint64) firmware->ap_reset,
                      artifact->created, work->image, firmware->size))
    return FALSE;
  work->is_new = va_sql_changes (sql) == 1;
  return !work->is_new || va_sql_check_images (sql, work->quota, artifact->owner, TRUE, error);
}

gboolean
va_store_put_artifact (VaStore *store, const VaStoredArtifact *artifact, gconstpointer image, gboolean *is_new,
                       JsonObject *entry, GError **error)
{
  Work work = { .artifact = artifact, .image = image, .quota = &store->backend->quota };

  if (!va_sql_transact_large (store->backend, insert_artifact, &work, entry, error))
    return FALSE;
  *is_new = work.is_new;
  return TRUE;
}

static void
set_not_found (int status, GError **error, const char *format, const char *what)
{
  if (status == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, "%s “%s”", format, what);
}

VaStoredArtifact *
va_store_get_artifact (VaStore *store, const char *owner, const char *hash, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);
  g_autoptr(VaStatement) row = va_sql_query (reader, error,
                                                "SELECT " ARTIFACT_COLUMNS " FROM artifacts"
                                                " WHERE owner = ? AND hash = ?", "tt", owner, hash);
  int status = row != NULL ? va_sql_row (row, error) : -1;

  set_not_found (status, error, _("you have no firmware"), hash);
  return status == 1 ? read_artifact (row) : NULL;
}

GBytes *
va_store_get_image (VaStore *store, const char *owner, const char *hash, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);
  g_autoptr(VaStatement) row = va_sql_query (reader, error,
                                                "SELECT image FROM artifacts WHERE owner = ? AND hash = ?", "tt",
                                                owner, hash);
  int status = row != NULL ? va_sql_row (row, error) : -1;

  set_not_found (status, error, _("you have no firmware"), hash);
  return status == 1 ? va_column_needed_bytes (row, 0) : NULL;
}

/* What an owner may remove once nothing names it. */
struct Named {
  const char *users;   /* query with owner and name: registrations, and texts that may name it */
  gboolean (*names) (const char *text, const char *name);
  const char *removal; /* with owner and name */
  const char *missing; /* message, before its name */
};

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

  return object == NULL || (node != NULL && JSON_NODE_HOLDS_ARRAY (node) && has_text (json_node_get_array (node), hash));
}

static gboolean
names_secret (const char *text, const char *name)
{
  return g_strcmp0 (text, name) == 0;
}

/* The text search leaves those in which the hash is something else, such as a launch digest. */
static const struct Named named_image = {
  "SELECT vm, text FROM (SELECT owner, id AS vm, text FROM registrations UNION ALL SELECT owner, vm, text FROM proposals) AS users"
  " WHERE owner = ? AND text LIKE '%\"' || ? || '\"%'",
  names_image, "DELETE FROM artifacts WHERE owner = ? AND hash = ?", N_("you have no firmware"),
};
static const struct Named named_secret = {
  "SELECT vm, secret FROM registration_secrets WHERE owner = ? AND secret = ? LIMIT 1",
  names_secret, "DELETE FROM secrets WHERE owner = ? AND name = ?", N_("you have no secret"),
};

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
                   _("the registration %s, or what is proposed for it, names “%s”: remove or replace that first"), vm, work->name);
      return FALSE;
    }
  if (!va_sql_run (sql, error, work->named->removal, "tt", work->owner, work->name))
    return FALSE;
  set_not_found ((int) va_sql_changes (sql), error, _(work->named->missing), work->name);
  return va_sql_changes (sql) == 1;
}

gboolean
va_store_remove_artifact (VaStore *store, const char *owner, const char *hash, JsonObject *entry, GError **error)
{
  Work work = { .named = &named_image, .owner = owner, .name = hash };

  return va_sql_transact (store->backend, delete_named, &work, entry, error);
}

gboolean
va_store_remove_secret (VaStore *store, const char *owner, const char *name, JsonObject *entry, GError **error)
{
  Work work = { .named = &named_secret, .owner = owner, .name = name };

  return va_sql_transact (store->backend, delete_named, &work, entry, error);
}

static VaStatement *
query_artifacts (VaSql *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaPage *page = asked;
  const VaStoredArtifact *before = last;

  return va_sql_query (sql, error,
                       "SELECT " ARTIFACT_COLUMNS " FROM artifacts WHERE owner = ? AND hash > ? ORDER BY hash LIMIT ?", "tti",
                       page->owner, va_sql_text_after (before != NULL ? before->hash : NULL, page->after), limit);
}

/* Who lists an image reads and hashes it, so a part of the image counts too: a page has at most 64 MiB of images, and one. */
static gsize
artifact_size (gconstpointer record)
{
  const VaStoredArtifact *artifact = record;

  return sizeof *artifact + va_sql_text_size (artifact->hash) + artifact->firmware.size / IMAGE_PART;
}

GPtrArray *
va_store_list_artifacts (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  static const VaPageKind kind = { query_artifacts, read_artifact, artifact_size, (GDestroyNotify) va_stored_artifact_free };
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);

  return va_sql_page (reader, &kind, page, page->limit, page->bytes, more, error);
}

gpointer
va_sql_read_secret (VaStatement *row)
{
  VaStoredSecret *secret = g_new0 (VaStoredSecret, 1);
  g_autofree char *guid = va_column_needed_text (row, 2);

  secret->owner = va_column_needed_text (row, 0);
  secret->name = va_column_needed_text (row, 1);
  /* A text that is no GUID leaves zeros, under which the value does not open. */
  if (guid != NULL && !va_guid_parse (guid, secret->guid, NULL))
    memset (secret->guid, 0, sizeof secret->guid);
  secret->size = (gsize) va_column_number (row, 3);
  secret->created = va_column_number (row, 4);
  secret->sealed = va_column_needed_bytes (row, 5);
  secret->key = (guint64) va_column_number (row, 6);
  return secret;
}

static gboolean
find_replaced_secret (VaSql *sql, const char *owner, const char *name, VaReplacedSecret *replaced, GError **error)
{
  g_autoptr(VaStatement) row = va_sql_query (sql, error,
                                                "SELECT created, size FROM secrets WHERE owner = ? AND name = ?", "tt",
                                                owner, name);
  int status = row != NULL ? va_sql_row (row, error) : -1;

  replaced->is_new = status != 1;
  if (status == 1)
    {
      replaced->created = va_column_number (row, 0);
      replaced->size = (gsize) va_column_number (row, 1);
    }
  return status >= 0;
}

static gboolean
insert_secret (VaSql *sql, gpointer data, GError **error)
{
  Work *work = data;
  const VaStoredSecret *secret = work->secret;
  g_autofree char *guid = va_guid_format (secret->guid);

  if (!find_replaced_secret (sql, secret->owner, secret->name, &work->replaced, error))
    return FALSE;
  return va_sql_run (sql, error,
                        "INSERT INTO secrets (" VA_SECRET_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)"
                        " ON CONFLICT (owner, name) DO UPDATE SET guid = excluded.guid, size = excluded.size,"
                        " created = excluded.created, sealed = excluded.sealed, key_id = excluded.key_id",
                        "tttiibk", secret->owner, secret->name, guid, (gint64) secret->size, secret->created,
                        secret->sealed, (gint64) secret->key)
         && va_sql_check_secrets (sql, work->quota, secret->owner, work->replaced.is_new, error);
}

static gboolean
put_secret (VaBackend *backend, const VaStoredSecret *secret, VaReplacedSecret *replaced, JsonObject *entry, GError **error)
{
  Work work = { .secret = secret, .quota = &backend->quota };

  if (!va_sql_transact (backend, insert_secret, &work, entry, error))
    return FALSE;
  *replaced = work.replaced;
  return TRUE;
}

/* A secret is held in place by owner and name; its GUID too, since that decides who in the guest reads it. */
char *
va_store_secret_row (const VaStoredSecret *secret)
{
  g_autofree char *guid = va_guid_format (secret->guid);

  return g_strjoin ("\n", secret->owner, secret->name, guid, NULL);
}

gboolean
va_store_put_secret (VaStore *store, VaStoredSecret *secret, VaSecret *value, VaReplacedSecret *replaced, JsonObject *entry,
                     GError **error)
{
  g_autofree char *row = va_store_secret_row (secret);
  const VaSealLabel label = VA_LABEL_SECRET (row);
  GError *reason = NULL;
  guint tries = 0;
  gboolean ok;

  secret->size = va_secret_size (value);
  do
    {
      VaSeal *seal = va_store_newest_seal (store, &secret->key);

      g_clear_pointer (&secret->sealed, g_bytes_unref);
      secret->sealed = va_seal_close (seal, &label, value);
      ok = put_secret (store->backend, secret, replaced, entry, &reason);
    }
  while (!ok && va_store_is_outdated (store, &tries, &reason, error));
  return ok;
}

VaSecret *
va_store_open_secret (VaStore *store, const VaStoredSecret *secret, GError **error)
{
  g_autofree char *row = va_store_secret_row (secret);
  const VaSealLabel label = VA_LABEL_SECRET (row);
  VaSeal *seal = va_store_seal_of (store, secret->key, error);

  return seal != NULL ? va_seal_open (seal, &label, secret->sealed, error) : NULL;
}

VaStoredSecret *
va_store_get_secret (VaStore *store, const char *owner, const char *name, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);
  g_autoptr(VaStatement) row = va_sql_query (reader, error,
                                                "SELECT " VA_SECRET_COLUMNS " FROM secrets WHERE owner = ? AND name = ?",
                                                "tt", owner, name);
  int status = row != NULL ? va_sql_row (row, error) : -1;

  set_not_found (status, error, _("you have no secret"), name);
  return status == 1 ? va_sql_read_secret (row) : NULL;
}

static VaStatement *
query_secrets (VaSql *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaPage *page = asked;
  const VaStoredSecret *before = last;

  return va_sql_query (sql, error,
                       "SELECT " VA_SECRET_COLUMNS " FROM secrets WHERE owner = ? AND name > ? ORDER BY name LIMIT ?", "tti",
                       page->owner, va_sql_text_after (before != NULL ? before->name : NULL, page->after), limit);
}

static gsize
secret_size (gconstpointer record)
{
  const VaStoredSecret *secret = record;

  return sizeof *secret + va_sql_text_size (secret->name) + (secret->sealed != NULL ? g_bytes_get_size (secret->sealed) : 0);
}

GPtrArray *
va_store_list_secrets (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  static const VaPageKind kind = { query_secrets, va_sql_read_secret, secret_size, (GDestroyNotify) va_stored_secret_free };
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);

  return va_sql_page (reader, &kind, page, page->limit, page->bytes, more, error);
}

static gboolean
insert_host (VaSql *sql, gpointer data, GError **error)
{
  const VaStoredHost *host = ((Work *) data)->host;

  return va_sql_run (sql, error,
                        "INSERT INTO hosts (name, seen, features) VALUES (?, ?, ?) ON CONFLICT (name)"
                        " DO UPDATE SET seen = excluded.seen, features = excluded.features",
                        "tit", host->name, host->seen, host->features);
}

gboolean
va_store_put_host (VaStore *store, const VaStoredHost *host, JsonObject *entry, GError **error)
{
  Work work = { .host = host };

  return va_sql_transact (store->backend, insert_host, &work, entry, error);
}

static gpointer
read_host (VaStatement *row)
{
  VaStoredHost *host = g_new0 (VaStoredHost, 1);

  host->name = va_column_needed_text (row, 0);
  host->seen = va_column_number (row, 1);
  host->features = va_column_needed_text (row, 2);
  return host;
}

static VaStatement *
query_hosts (VaSql *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error)
{
  const VaPage *page = asked;
  const VaStoredHost *before = last;

  return va_sql_query (sql, error, "SELECT name, seen, features FROM hosts WHERE name > ? ORDER BY name LIMIT ?", "ti",
                       va_sql_text_after (before != NULL ? before->name : NULL, page->after), limit);
}

static gsize
host_size (gconstpointer record)
{
  const VaStoredHost *host = record;

  return sizeof *host + va_sql_text_size (host->name) + va_sql_text_size (host->features);
}

GPtrArray *
va_store_list_hosts (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  static const VaPageKind kind = { query_hosts, read_host, host_size, (GDestroyNotify) va_stored_host_free };
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);

  return va_sql_page (reader, &kind, page, page->limit, page->bytes, more, error);
}

VaStoredHost *
va_store_get_host (VaStore *store, const char *name, GError **error)
{
  g_autoptr(VaSqlReader) reader = va_sql_reader (store->backend, error);
  g_autoptr(VaStatement) row = va_sql_query (reader, error, "SELECT name, seen, features FROM hosts WHERE name = ?", "t", name);
  int status = row != NULL ? va_sql_row (row, error) : -1;

  set_not_found (status, error, _("there is no host"), name);
  return status == 1 ? read_host (row) : NULL;
}
