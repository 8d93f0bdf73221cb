/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/encoding.h"
#include "core/i18n.h"
#include "service/audit.h"
#include "service/refusal.h"
#include "service/service.h"
#include "sev/digest.h"

/* PUT, GET /v1/artifact: firmware images, by content. */

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

gboolean
va_handle_artifact_put (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(VaStoredArtifact) artifact = g_new0 (VaStoredArtifact, 1);
  g_autoptr(GError) reason = NULL;
  gconstpointer image = va_secret_data (request->body);
  gsize size = va_secret_size (request->body);
  guint8 hash[VA_SHA256_SIZE];
  gboolean is_new;

  if (!va_firmware_parse (&artifact->firmware, image, size, &reason))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, "%s", reason->message);
  va_sha256 (image, size, hash);
  artifact->hash = va_hex_encode (hash, sizeof hash);
  artifact->owner = g_strdup (request->identity->name);
  artifact->created = va_service_now () / 1000;
  json_object_set_string_member (va_audit_of (request), "firmware", artifact->hash);
  json_object_set_string_member (va_audit_of (request), "result", "stored");
  if (!va_store_put_artifact (service->store, artifact, image, &is_new, va_audit_of (request), &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  response->status = is_new ? 201 : 200;
  response->json = write_artifact (artifact);
  return TRUE;
}

gboolean
va_handle_artifact_list (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(GError) reason = NULL;
  g_autoptr(GPtrArray) list = va_store_list_artifacts (service->store, request->identity->name, &reason);
  JsonArray *artifacts;

  for (guint i = 0; list != NULL && i < list->len; i++)
    if (!va_reference_check (service->references, service->store, list->pdata[i], &reason))
      g_clear_pointer (&list, g_ptr_array_unref);
  if (list == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  artifacts = json_array_new ();
  for (guint i = 0; i < list->len; i++)
    json_array_add_object_element (artifacts, write_artifact (list->pdata[i]));
  response->status = 200;
  response->json = json_object_new ();
  json_object_set_array_member (response->json, "artifacts", artifacts);
  return TRUE;
}
