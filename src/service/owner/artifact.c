/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/encoding.h"
#include "core/i18n.h"
#include "service/audit.h"
#include "service/page.h"
#include "service/query.h"
#include "service/refusal.h"
#include "service/store-room.h"
#include "service/service.h"
#include "service/module.h"
#include "tee/sha256.h"
#include "tee/sev/firmware-image.h"

/* PUT, GET, DELETE /v1/artifact: firmware images, by content. */

#define PAGE_LIMIT 500
#define USERS_MAX 100 /* registrations that are named with an image */

static JsonObject *
write_artifact (const VaStoredArtifact *artifact)
{
  const VaFirmware *firmware = &artifact->firmware;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "hash", artifact->hash);
  json_object_set_int_member (object, "size", (gint64) firmware->size);
  json_object_set_int_member (object, "secret-base", firmware->secret_base);
  json_object_set_int_member (object, "secret-size", firmware->secret_size);
  json_object_set_int_member (object, "hashes-base", firmware->hashes_base);
  json_object_set_int_member (object, "hashes-size", firmware->hashes_size);
  json_object_set_int_member (object, "ap-reset", firmware->ap_reset);
  return object;
}

static gboolean
handle_artifact_put (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(VaStoredArtifact) artifact = g_new0 (VaStoredArtifact, 1);
  g_autoptr(GError) reason = NULL;
  gsize size;
  gconstpointer image = g_bytes_get_data (request->plain, &size);
  guint8 hash[VA_SHA256_SIZE];
  gboolean is_new;

  if (!va_store_room_for_change (service, request, TRUE, error))
    return FALSE;
  if (!va_firmware_read (&artifact->firmware, image, size, &reason))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, "%s", reason->message);
  va_sha256 (image, size, hash);
  artifact->hash = va_hex_encode (hash, sizeof hash);
  artifact->owner = g_strdup (request->identity->name);
  artifact->created = va_service_now () / 1000;
  va_audit_entry_set_text (va_audit_of (request), VA_AUDIT_FIRMWARE, artifact->hash);
  va_audit_entry_decide (va_audit_of (request), VA_AUDIT_VERDICT_STORED);
  if (!va_store_put_artifact (service->store, artifact, image, &is_new, va_audit_of (request), &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  response->status = is_new ? 201 : 200;
  response->json = write_artifact (artifact);
  return TRUE;
}

static JsonObject *
write_listed_artifact (VaService *service, gpointer record, GError **error)
{
  return va_reference_check (service->references, service->store, record, error) ? write_artifact (record) : NULL;
}

static const char *
hash_of_artifact (gconstpointer record)
{
  return ((const VaStoredArtifact *) record)->hash;
}

static gboolean
handle_artifact_list (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  static const VaListKind kind = {
    "artifacts",           "hash",           PAGE_LIMIT,          PAGE_LIMIT, va_query_hash, va_store_list_artifacts,
    write_listed_artifact, hash_of_artifact, VA_PROBLEM_NOT_FOUND
  };
  VaPage page = { .owner = request->identity->name };

  return va_list_answer (&kind, user_data, request, &page, response, error);
}

/* With what a list would be too long for. */
static JsonObject *
write_artifact_detail (const VaStoredArtifact *artifact, const GPtrArray *users)
{
  JsonObject *object = write_artifact (artifact);
  JsonArray *registrations = json_array_new ();

  for (guint i = 0; i < users->len; i++)
    json_array_add_string_element (registrations, users->pdata[i]);
  json_object_set_int_member (object, "created", artifact->created);
  json_object_set_array_member (object, "registrations", registrations);
  return object;
}

static gboolean
handle_artifact_get (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  const char *owner = request->identity->name, *hash = request->parts[0];
  g_autoptr(VaStoredArtifact) artifact = NULL;
  g_autoptr(GPtrArray) users = NULL;
  g_autoptr(GError) reason = NULL;

  if (!va_hash_is_canonical (hash))
    return va_refuse (error, VA_PROBLEM_NOT_FOUND, _("you have no firmware “%s”"), hash);
  artifact = va_store_get_artifact (service->store, owner, hash, &reason);
  if (artifact != NULL && va_reference_check (service->references, service->store, artifact, &reason))
    users = va_store_list_artifact_users (service->store, owner, hash, USERS_MAX, &reason);
  if (users == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  response->status = 200;
  response->json = write_artifact_detail (artifact, users);
  return TRUE;
}

static gboolean
handle_artifact_remove (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  const char *hash = request->parts[0];
  g_autoptr(GError) reason = NULL;

  if (!va_store_room_for_change (service, request, FALSE, error))
    return FALSE;
  va_audit_entry_set_text (va_audit_of (request), VA_AUDIT_FIRMWARE, hash);
  va_audit_entry_decide (va_audit_of (request), VA_AUDIT_VERDICT_REMOVED);
  if (!va_hash_is_canonical (hash))
    return va_refuse (error, VA_PROBLEM_NOT_FOUND, _("you have no firmware “%s”"), hash);
  if (!va_store_remove_artifact (service->store, request->identity->name, hash, va_audit_of (request), &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  response->status = 204;
  return TRUE;
}

const VaServiceModule va_module_artifact = {
  .routes =
    (const VaRoute[]){
      { "PUT", "/v1/artifact", VA_BY_OWNER, VA_FIRMWARE_MAX, handle_artifact_put, "artifact-put", TRUE },
      { "GET", "/v1/artifact", VA_BY_OWNER, 0, handle_artifact_list, "artifact-list", FALSE, VA_PAGE_MEMORY },
      { "GET", "/v1/artifact/{}", VA_BY_OWNER, 0, handle_artifact_get, "artifact-show", FALSE, VA_PAGE_MEMORY },
      { "DELETE", "/v1/artifact/{}", VA_BY_OWNER, 0, handle_artifact_remove, "artifact-remove" },
      { NULL },
    },
};
