/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/launch-record.h"

#include "service/decide/launch-terms.h"

void
va_launch_record_refuse (VaStoredLaunch *launch, const char *code, char *detail, gint64 time)
{
  launch->state = VA_LAUNCH_REFUSED;
  g_free (launch->code);
  launch->code = g_strdup (code);
  g_free (launch->detail);
  launch->detail = detail;
  va_stored_launch_step (launch, "refused", time);
}

static JsonObject *
write_approval (const VaApprover *by, const VaApproval *approval, gint64 time)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "by", by->owner);
  if (by->person[0] != '\0')
    json_object_set_string_member (object, "person", by->person);
  json_object_set_int_member (object, "time", time);
  json_object_set_int_member (object, "launches", approval->launches);
  json_object_set_int_member (object, "until", time / 1000 + approval->valid_seconds);
  return object;
}

/* Takes out what @person gave before. Returns: whether there was something */
static gboolean
take_approvals_of (JsonArray *approvals, const char *person)
{
  guint before = json_array_get_length (approvals);

  for (guint i = before; i-- > 0;)
    {
      JsonObject *one = json_array_get_object_element (approvals, i);

      if (g_strcmp0 (json_object_get_string_member_with_default (one, "person", ""), person) == 0)
        json_array_remove_element (approvals, i);
    }
  return json_array_get_length (approvals) < before;
}

/* What all approvals that are there have in common. */
static void
join_approvals (JsonArray *approvals, gint64 *until, guint *launches)
{
  for (guint i = 0; i < json_array_get_length (approvals); i++)
    {
      JsonObject *one = json_array_get_object_element (approvals, i);

      *until = MIN (*until, json_object_get_int_member_with_default (one, "until", 0));
      *launches = MIN (*launches, (guint) json_object_get_int_member_with_default (one, "launches", 1));
    }
}

gboolean
va_launch_record_approve (VaStoredLaunch *launch, const VaApprover *by, const VaApproval *approval, gint64 time)
{
  g_autoptr(JsonNode) node = va_json_array (launch->approvals);
  JsonArray *approvals = json_node_get_array (node);
  gboolean again = take_approvals_of (approvals, by->person), was_approved = launch->approved_until > 0;
  gint64 until = time / 1000 + approval->valid_seconds;
  guint launches = approval->launches;

  if (by->two_persons && again)
    return FALSE;
  json_array_add_object_element (approvals, write_approval (by, approval, time));
  g_free (launch->approvals);
  launch->approvals = va_json_print_node (node);
  if (!again)
    va_stored_launch_step (launch, "approved", time);
  /* A third person must not renew by themselves what two have approved and hosts have used up since. */
  if (by->two_persons && (json_array_get_length (approvals) < 2 || was_approved))
    return TRUE;
  if (by->two_persons)
    join_approvals (approvals, &until, &launches);
  launch->approved_until = until * 1000;
  launch->expires = launch->approved_until;
  launch->approves = launches > 1 || was_approved;
  launch->approve_next = launches - 1;
  return TRUE;
}

static void
set_record_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
}

static void
set_array (JsonObject *object, const char *name, const char *text)
{
  g_autoptr(JsonNode) node = va_json_array (text);

  json_object_set_array_member (object, name, json_node_dup_array (node));
}

JsonObject *
va_launch_record_write (const VaStoredLaunch *launch)
{
  JsonObject *object = json_object_new (), *domain = json_object_new ();
  JsonObject *source = va_launch_terms_source (launch->terms);

  json_object_set_string_member (object, "launch-id", launch->id);
  json_object_set_string_member (object, "vm", launch->vm);
  json_object_set_string_member (object, "host", launch->host);
  json_object_set_string_member (domain, "uuid", launch->domain_uuid);
  json_object_set_string_member (domain, "name", launch->domain_name);
  json_object_set_object_member (object, "domain", domain);
  if (source != NULL)
    json_object_set_object_member (object, "source", source);
  json_object_set_string_member (object, "state", va_launch_state_name (launch->state));
  json_object_set_int_member (object, "policy", (gint64) launch->policy);
  json_object_set_string_member (object, "generation", launch->generation);
  json_object_set_int_member (object, "created", launch->created / 1000);
  set_array (object, "timeline", launch->timeline);
  if (launch->has_firmware_version)
    {
      json_object_set_int_member (object, "api-major", launch->api_major);
      json_object_set_int_member (object, "api-minor", launch->api_minor);
      json_object_set_int_member (object, "build-id", launch->build_id);
    }
  if (launch->state == VA_LAUNCH_WAITING)
    {
      json_object_set_int_member (object, "expires", launch->expires / 1000);
      json_object_set_boolean_member (object, "approved", launch->approved_until > 0);
    }
  if (launch->approvals != NULL)
    set_array (object, "approvals", launch->approvals);
  set_record_text (object, "code", launch->code);
  set_record_text (object, "detail", launch->detail);
  if (launch->steps != NULL)
    set_array (object, "steps", launch->steps);
  set_record_text (object, "reason", launch->reason);
  if (launch->firmware_error >= 0)
    json_object_set_int_member (object, "firmware-error", launch->firmware_error);
  return object;
}
