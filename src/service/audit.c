/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/audit.h"

#include <string.h>
#include "core/i18n.h"
#include "service/attempt.h"
#include "service/log.h"
#include "service/refusal.h"
#include "service/metrics-text.h"
#include "service/module.h"

#define SIGN_SECONDS 60
#define REGISTRATION_MAX 4096 /* bytes of JSON in a record */

VaAuditEntry *
va_audit_of (VaRequest *request)
{
  const VaIdentity *identity = request->identity;
  VaAuditEntry *entry = request->entry;
  VaAuditPeer who;

  if (entry != NULL)
    return entry;
  who = (VaAuditPeer){ .role = va_role_name (identity->role),
                       .name = identity->name,
                       .person = identity->person[0] != '\0' ? identity->person : NULL,
                       .certificate = request->certificate };
  entry = va_audit_entry_new (va_service_now (), request->name, &who);
  va_audit_entry_set_text (entry, VA_AUDIT_PATH, request->path);
  va_audit_entry_set_text (entry, VA_AUDIT_REQUEST, request->request_id);
  if (identity->role == VA_ROLE_OWNER)
    va_audit_entry_set_text (entry, VA_AUDIT_OWNER, identity->name);
  request->entry = entry;
  request->free_entry = (GDestroyNotify) va_audit_entry_free;
  return entry;
}

void
va_audit_registration (VaAuditEntry *entry, const VaRegistration *registration)
{
  JsonObject *object = va_registration_write (registration, FALSE);
  g_autofree char *text = va_json_print (object);
  gsize size = strlen (text);

  if (size <= REGISTRATION_MAX)
    {
      va_audit_entry_set_object (entry, VA_AUDIT_REGISTRATION, object);
      return;
    }
  va_audit_entry_set_hash (entry, VA_AUDIT_REGISTRATION_HASH, text, size);
  va_audit_entry_set_number (entry, VA_AUDIT_REGISTRATION_SIZE, (gint64) size);
  json_object_unref (object);
}

void
va_audit_note_refusal (VaAuditEntry *entry, const GError *refusal)
{
  va_audit_entry_refuse (entry, va_refusal_name (refusal), refusal->message);
}

void
va_audit_keep_refusal (VaRequest *request, GError *refusal, GError **reason)
{
  if (*reason != NULL)
    {
      g_error_free (refusal);
      return;
    }
  request->recorded = TRUE;
  *reason = refusal;
}

/* A message's form, and what went wrong here, are nothing that was decided about the peer. */
static gboolean
is_decision (const VaRequest *request, const GError *error)
{
  guint status = va_problem_status ((VaProblemCode) error->code);

  return request->name != NULL && status >= 400 && status < 500 && status != 400 && status != 405 && status != 413
         && status != 415;
}

/* For the peer's own record, and for the record of whoever has what the peer was after. */
static gboolean
note_refusal (VaService *service, VaRequest *request, const GError *refusal, GError **error)
{
  VaAuditEntry *entry = va_audit_of (request);
  g_autoptr(VaAuditEntry) attempt = NULL;
  VaAimed aimed;

  va_audit_note_refusal (entry, refusal);
  if (!va_attempt_find (request, refusal, &aimed))
    return va_store_note (service->store, entry, error);
  attempt = va_attempt_write (request, refusal, &aimed);
  return va_store_note_attempt (service->store, &aimed, attempt, entry, error);
}

void
va_audit_refused (VaRequest *request, GError **error, gpointer user_data)
{
  VaService *service = user_data;
  g_autoptr(GError) reason = NULL;

  if (!is_decision (request, *error))
    return;
  if (!va_rate_limit_take (service->refusals, request->identity, g_get_monotonic_time ()))
    {
      g_clear_error (error);
      va_refuse (error, VA_PROBLEM_TOO_MANY,
                 _("too many of your requests were refused in the last minute; find out why, then retry later"));
      return;
    }
  if (request->recorded || note_refusal (service, request, *error, &reason))
    return;
  /* What is not on record is not said. */
  g_clear_error (error);
  va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
}

static VaCheckpoint *
sign_place (VaService *service, const VaAuditPlace *place, GError **error)
{
  g_autoptr(VaCheckpoint) checkpoint =
    va_signer_sign (service->signer, place->seq, place->link, va_service_now (), error);
  g_autoptr(JsonObject) object = NULL;
  g_autofree char *text = NULL;

  if (checkpoint == NULL || place->seq == 0)
    return g_steal_pointer (&checkpoint);
  object = va_checkpoint_write (checkpoint);
  text = va_json_print (object);
  if (!va_store_put_checkpoint (service->store, place->seq, text, error))
    return NULL;
  va_audit_trail_signed (service->trail, place->seq);
  va_metrics_count (service->metrics, VA_METRIC_CHECKPOINT);
  return g_steal_pointer (&checkpoint);
}

VaCheckpoint *
va_audit_sign (VaService *service, GError **error)
{
  VaAuditPlace end;

  return va_audit_trail_follow (service->trail, VA_AUDIT_FOLLOWED_MOST, &end, error) ? sign_place (service, &end, error)
                                                                                     : NULL;
}

void
va_audit_sign_new (VaService *service)
{
  g_autoptr(VaCheckpoint) checkpoint = NULL;
  g_autoptr(GError) error = NULL;
  VaAuditPlace end;

  if (va_audit_trail_follow (service->trail, 0, &end, &error) && va_audit_trail_is_new (service->trail, end.seq))
    checkpoint = sign_place (service, &end, &error);
  if (error != NULL)
    va_log (VA_LOG_ERROR, "no checkpoint of the audit log: %s", error->message);
}

static void
print_audit_state (VaService *service, GString *text)
{
  va_metrics_text_value (text, "virt_attest_audit_broken", "gauge",
                         "1: the stored audit log was changed by something else, and is no longer signed.",
                         va_audit_trail_is_broken (service->trail) ? 1 : 0);
}

const VaServiceModule va_module_audit = {
  .chore = { .run = va_audit_sign_new, .seconds = SIGN_SECONDS },
  .print_metrics = print_audit_state,
};
