/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/messages.h"

#include <string.h>
#include "codec/fields.h"
#include "core/i18n.h"
#include "core/peer-name.h"

#define CPU_ID_MAX 128
#define RETRY_MAX 3600
#define TIME_MAX G_GINT64_CONSTANT (253402300799) /* the year 9999 */

static void
read_cpu_id (VaFields *fields, VaLaunchRequest *request)
{
  request->cpu_id = va_fields_base64 (fields, "cpu-id", VA_OPTIONAL, CPU_ID_MAX);
  if (request->cpu_id != NULL && g_bytes_get_size (request->cpu_id) == 0)
    va_fields_fail (fields, "cpu-id", _("is empty: leave it out or give it a value"));
}

static void
read_domain (VaFields *fields, VaLaunchRequest *request)
{
  VaFields domain = VA_FIELDS_INIT (va_fields_object (fields, "domain", VA_REQUIRED), _("domain"));

  if (domain.object == NULL)
    return;
  request->domain_uuid = va_fields_uuid (&domain, "uuid", VA_REQUIRED);
  request->domain_name = va_fields_text (&domain, "name", VA_REQUIRED, VA_NAME_MAX);
  va_fields_nested_end (fields, "domain", &domain);
}

static void
read_owner (VaFields *fields, VaLaunchRequest *request)
{
  request->owner = va_fields_text (fields, "owner", VA_OPTIONAL, VA_PEER_NAME_MAX);
  if (request->owner != NULL && !va_peer_name_is_valid (request->owner))
    va_fields_fail (fields, "owner", _("expected the name of an owner: 1 to 64 of a-z 0-9 . _ -"));
}

VaLaunchRequest *
va_launch_request_read (JsonObject *object, GError **error)
{
  g_autoptr(VaLaunchRequest) request = g_new0 (VaLaunchRequest, 1);
  VaFields fields = VA_FIELDS_INIT (object, _("launch request"));
  guint64 policy = 0;

  va_fields_base64_exact (&fields, "pdh", VA_REQUIRED, request->pdh, sizeof request->pdh);
  va_fields_base64_exact (&fields, "cert-chain", VA_REQUIRED, request->cert_chain, sizeof request->cert_chain);
  read_cpu_id (&fields, request);
  request->has_policy = va_fields_number (&fields, "policy", VA_OPTIONAL, 0, G_MAXUINT32, &policy);
  request->policy = (guint32) policy;
  read_domain (&fields, request);
  request->launch_id = va_fields_uuid (&fields, "launch-id", VA_OPTIONAL);
  read_owner (&fields, request);
  return va_fields_end (&fields, error) ? g_steal_pointer (&request) : NULL;
}

JsonObject *
va_launch_request_write (const VaLaunchRequest *request)
{
  JsonObject *object = json_object_new ();
  JsonObject *domain = json_object_new ();

  va_json_set_base64 (object, "pdh", request->pdh, sizeof request->pdh);
  va_json_set_base64 (object, "cert-chain", request->cert_chain, sizeof request->cert_chain);
  if (request->cpu_id != NULL)
    va_json_set_base64 (object, "cpu-id", g_bytes_get_data (request->cpu_id, NULL), g_bytes_get_size (request->cpu_id));
  if (request->has_policy)
    json_object_set_int_member (object, "policy", request->policy);
  json_object_set_string_member (domain, "uuid", request->domain_uuid);
  json_object_set_string_member (domain, "name", request->domain_name);
  json_object_set_object_member (object, "domain", domain);
  va_json_set_text (object, "launch-id", request->launch_id);
  va_json_set_text (object, "owner", request->owner);
  return object;
}

void
va_launch_request_free (VaLaunchRequest *request)
{
  if (request == NULL)
    return;
  g_clear_pointer (&request->cpu_id, g_bytes_unref);
  g_free (request->domain_uuid);
  g_free (request->domain_name);
  g_free (request->launch_id);
  g_free (request->owner);
  g_free (request);
}

VaLaunchGrant *
va_launch_grant_read (JsonObject *object, GError **error)
{
  g_autoptr(VaLaunchGrant) grant = g_new0 (VaLaunchGrant, 1);
  VaFields fields = VA_FIELDS_INIT (object, _("grant"));
  guint64 policy = 0, expires = 0;

  grant->launch_id = va_fields_uuid (&fields, "launch-id", VA_REQUIRED);
  va_fields_base64_exact (&fields, "session", VA_REQUIRED, grant->session, sizeof grant->session);
  va_fields_base64_exact (&fields, "owner-cert", VA_REQUIRED, grant->owner_cert, sizeof grant->owner_cert);
  va_fields_number (&fields, "policy", VA_REQUIRED, 0, G_MAXUINT32, &policy);
  va_fields_number (&fields, "expires", VA_REQUIRED, 1, TIME_MAX, &expires);
  grant->policy = (guint32) policy;
  grant->expires = (gint64) expires;
  return va_fields_end (&fields, error) ? g_steal_pointer (&grant) : NULL;
}

JsonObject *
va_launch_grant_write (const VaLaunchGrant *grant)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "launch-id", grant->launch_id);
  va_json_set_base64 (object, "session", grant->session, sizeof grant->session);
  va_json_set_base64 (object, "owner-cert", grant->owner_cert, sizeof grant->owner_cert);
  json_object_set_int_member (object, "policy", grant->policy);
  json_object_set_int_member (object, "expires", grant->expires);
  return object;
}

void
va_launch_grant_free (VaLaunchGrant *grant)
{
  if (grant == NULL)
    return;
  g_free (grant->launch_id);
  g_free (grant);
}

VaLaunchPending *
va_launch_pending_read (JsonObject *object, GError **error)
{
  g_autoptr(VaLaunchPending) pending = g_new0 (VaLaunchPending, 1);
  VaFields fields = VA_FIELDS_INIT (object, _("answer"));
  guint64 retry_after = 0;

  pending->launch_id = va_fields_uuid (&fields, "launch-id", VA_REQUIRED);
  va_fields_number (&fields, "retry-after", VA_REQUIRED, 1, RETRY_MAX, &retry_after);
  pending->retry_after = (guint) retry_after;
  return va_fields_end (&fields, error) ? g_steal_pointer (&pending) : NULL;
}

JsonObject *
va_launch_pending_write (const VaLaunchPending *pending)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "launch-id", pending->launch_id);
  json_object_set_int_member (object, "retry-after", pending->retry_after);
  return object;
}

void
va_launch_pending_free (VaLaunchPending *pending)
{
  if (pending == NULL)
    return;
  g_free (pending->launch_id);
  g_free (pending);
}

gboolean
va_approval_read (JsonObject *object, VaApproval *approval, GError **error)
{
  VaFields fields = VA_FIELDS_INIT (object, _("approval"));
  guint64 launches = 1, seconds = VA_APPROVAL_SECONDS;

  va_fields_number (&fields, "launches", VA_OPTIONAL, 1, VA_APPROVAL_LAUNCHES_MAX, &launches);
  va_fields_number (&fields, "valid-seconds", VA_OPTIONAL, 1, VA_APPROVAL_SECONDS_MAX, &seconds);
  approval->launches = (guint) launches;
  approval->valid_seconds = (guint) seconds;
  return va_fields_end (&fields, error);
}

JsonObject *
va_approval_write (const VaApproval *approval)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "launches", approval->launches);
  json_object_set_int_member (object, "valid-seconds", approval->valid_seconds);
  return object;
}
