/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/messages.h"

#include "codec/fields.h"
#include "core/i18n.h"

static guint8
read_api_byte (VaFields *fields, const char *name)
{
  guint64 number = 0;

  va_fields_number (fields, name, VA_REQUIRED, 0, 255, &number);
  return (guint8) number;
}

VaValidateRequest *
va_validate_request_read (JsonObject *object, GError **error)
{
  g_autoptr(VaValidateRequest) request = g_new0 (VaValidateRequest, 1);
  VaFields fields = VA_FIELDS_INIT (object, _("validate request"));
  guint64 policy = 0, cpu_count = 0;

  request->launch_id = va_fields_uuid (&fields, "launch-id", VA_REQUIRED);
  request->context.api_major = read_api_byte (&fields, "api-major");
  request->context.api_minor = read_api_byte (&fields, "api-minor");
  request->context.build_id = read_api_byte (&fields, "build-id");
  va_fields_number (&fields, "policy", VA_REQUIRED, 0, G_MAXUINT32, &policy);
  va_fields_base64_exact (&fields, "measurement", VA_REQUIRED, request->measurement, sizeof request->measurement);
  request->has_firmware_hash =
    va_fields_hex (&fields, "firmware-hash", VA_OPTIONAL, request->firmware_hash, sizeof request->firmware_hash);
  va_fields_number (&fields, "cpu-count", VA_OPTIONAL, 1, G_MAXUINT16, &cpu_count);
  request->context.policy = (guint32) policy;
  request->cpu_count = (guint32) cpu_count;
  return va_fields_end (&fields, error) ? g_steal_pointer (&request) : NULL;
}

JsonObject *
va_validate_request_write (const VaValidateRequest *request)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "launch-id", request->launch_id);
  json_object_set_int_member (object, "api-major", request->context.api_major);
  json_object_set_int_member (object, "api-minor", request->context.api_minor);
  json_object_set_int_member (object, "build-id", request->context.build_id);
  json_object_set_int_member (object, "policy", request->context.policy);
  va_json_set_base64 (object, "measurement", request->measurement, sizeof request->measurement);
  if (request->has_firmware_hash)
    va_json_set_hex (object, "firmware-hash", request->firmware_hash, sizeof request->firmware_hash);
  va_json_set_positive (object, "cpu-count", request->cpu_count);
  return object;
}

void
va_validate_request_free (VaValidateRequest *request)
{
  if (request == NULL)
    return;
  g_free (request->launch_id);
  g_free (request);
}

/* Header and payload come together or not at all; the address only with them. */
static void
read_sealed_secret (VaFields *fields, VaValidateReply *reply)
{
  guint64 address = 0;
  gboolean has_address;

  reply->has_secret =
    va_fields_base64_exact (fields, "secret-header", VA_OPTIONAL, reply->header, sizeof reply->header);
  reply->payload = va_fields_base64 (fields, "secret-payload", VA_OPTIONAL, VA_SECRET_TABLE_MAX);
  has_address = va_fields_number (fields, "secret-address", VA_OPTIONAL, 1, G_MAXUINT32, &address);
  reply->secret_address = (guint32) address;
  if (reply->has_secret != (reply->payload != NULL))
    va_fields_fail (fields, "secret-payload", _("must come together with secret-header"));
  if (has_address && !reply->has_secret)
    va_fields_fail (fields, "secret-address", _("goes with secret-header only"));
  if (reply->payload != NULL && (g_bytes_get_size (reply->payload) == 0 || g_bytes_get_size (reply->payload) % 16 != 0))
    va_fields_fail (fields, "secret-payload", _("expected a multiple of 16 bytes, at least 16"));
}

VaValidateReply *
va_validate_reply_read (JsonObject *object, GError **error)
{
  g_autoptr(VaValidateReply) reply = g_new0 (VaValidateReply, 1);
  VaFields fields = VA_FIELDS_INIT (object, _("validate reply"));

  reply->launch_id = va_fields_uuid (&fields, "launch-id", VA_REQUIRED);
  read_sealed_secret (&fields, reply);
  return va_fields_end (&fields, error) ? g_steal_pointer (&reply) : NULL;
}

JsonObject *
va_validate_reply_write (const VaValidateReply *reply)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "launch-id", reply->launch_id);
  if (!reply->has_secret)
    return object;
  va_json_set_base64 (object, "secret-header", reply->header, sizeof reply->header);
  va_json_set_base64 (object, "secret-payload", g_bytes_get_data (reply->payload, NULL),
                      g_bytes_get_size (reply->payload));
  va_json_set_positive (object, "secret-address", reply->secret_address);
  return object;
}

void
va_validate_reply_free (VaValidateReply *reply)
{
  if (reply == NULL)
    return;
  g_free (reply->launch_id);
  g_clear_pointer (&reply->payload, g_bytes_unref);
  g_free (reply);
}
