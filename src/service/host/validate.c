/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "api/launch-parts.h"
#include "core/encoding.h"
#include "api/validate-reply.h"
#include "core/i18n.h"
#include "service/audit.h"
#include "service/decision-log.h"
#include "service/decide/explanation.h"
#include "service/launch-record.h"
#include "service/log.h"
#include "service/refusal.h"
#include "service/decide/rules.h"
#include "service/service.h"
#include "service/module.h"

/*
 * POST /v1/vm/{id}/validate: the one answer of a launch. The launch is consumed in the transaction that decides, and
 * what it is decided by was fixed when it was granted: from the host come only the measurement and what that covers.
 */

typedef struct {
  VaService *service;
  const VaIdentity *peer;
  const char *vm;
  const VaValidateRequest *request;
  VaEvidence evidence; /* of it, and what that says */
  VaClaims claims;
  gint64 now;
  VaAuditEntry *entry; /* for the audit log */
  /* the answer: a reply, or a refusal that has consumed the launch */
  VaValidateReply *reply;
  GError *refusal;
  /* for the explanation of a measurement that does not fit */
  VaSecret *key; /* of VaTee.appraisal_key */
  VaLaunchTerms *terms;
  char *owner;
  gboolean explained; /* the explainer has a place for it */
} Validation;

static void
validation_clear (Validation *validation)
{
  if (validation->explained)
    va_explainer_release (validation->service->explainer, validation->peer->name);
  va_validate_reply_free (validation->reply);
  g_clear_error (&validation->refusal);
  va_secret_free (validation->key);
  va_evidence_clear (&validation->evidence);
  va_launch_terms_free (validation->terms);
  g_free (validation->owner);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Validation, validation_clear)

/* Everything that the store keeps sealed for this launch, opened; and what was fixed. */
static gboolean
open_launch (Validation *validation, const VaStoredLaunch *launch, VaSecret **keys, VaSecret **table, GError **error)
{
  VaStore *store = validation->service->store;

  *keys = va_store_open_keys (store, launch, error);
  if (*keys == NULL)
    return FALSE;
  validation->terms = va_launch_terms_read (launch->terms, error);
  if (validation->terms == NULL)
    return FALSE;
  validation->key = validation->terms->tee->appraisal_key (*keys);
  if (validation->key == NULL)
    return va_refuse (error, VA_PROBLEM_INTERNAL, _("the launch's stored keys are damaged"));
  if (!validation->terms->has_secrets)
    return TRUE;
  *table = va_store_open_table (store, launch, error);
  return *table != NULL;
}

/* @table: (nullable): what is sealed for the guest */
static gboolean
make_reply (Validation *validation, const VaReference *reference, VaSecret *keys, VaSecret *table, GError **error)
{
  VaValidateReply *reply = g_new0 (VaValidateReply, 1);
  g_autoptr(VaBlobs) packet = NULL;

  validation->reply = reply;
  reply->launch_id = g_strdup (validation->request->launch_id);
  if (table == NULL)
    return TRUE;
  packet = validation->terms->tee->seal (keys, table, validation->evidence.bytes);
  if (packet == NULL)
    return va_refuse (error, VA_PROBLEM_INTERNAL, _("the launch's stored keys are damaged"));
  va_validate_reply_set_packet (reply, packet);
  reply->secret_address = reference->secret_address;
  return TRUE;
}

/* Sets reply, or gives the refusal with its explanation. */
static gboolean
reach_verdict (Validation *validation, const VaStoredLaunch *launch, char **detail, GError **error)
{
  const VaValidateRequest *request = validation->request;
  const guint8 *firmware = request->has_firmware_hash ? request->firmware_hash : NULL;
  g_autoptr(VaSecret) keys = NULL, table = NULL;
  const VaReference *reference;

  if (!open_launch (validation, launch, &keys, &table, error)
      || !va_rule_claims (validation->terms, launch->policy, &validation->claims, firmware, detail, error))
    return FALSE;
  reference = va_rule_evidence (validation->terms, &validation->evidence, validation->key, error);
  if (reference == NULL || !make_reply (validation, reference, keys, table, error))
    return FALSE;
  *detail = va_explain_match (validation->terms, reference);
  return TRUE;
}

/* Whether the measurement will be explained, after the answer; and if not, why the owner reads no more than that. */
static char *
plan_explanation (Validation *validation)
{
  VaService *service = validation->service;
  const char *message = validation->refusal->message;

  if (va_rate_limit_is_used_up (service->refusals, validation->peer, g_get_monotonic_time ()))
    return g_strdup_printf (_("%s. It was not explained, because too many of this host's requests were refused in the "
                              "last "
                              "minute."),
                            message);
  validation->explained = validation->explained || va_explainer_reserve (service->explainer, validation->peer->name);
  if (!validation->explained)
    return g_strdup_printf (_("%s. It was not explained, because too many other requests are waiting for an "
                              "explanation."),
                            message);
  return g_strdup (message);
}

/* Turns any error into the refusal that the host gets and the owner's record keeps. */
static void
refuse_launch (Validation *validation, VaStoredLaunch *launch, GError *reason, char *detail)
{
  va_refuse_from (&validation->refusal, reason, VA_PROBLEM_INTERNAL);
  if (g_error_matches (validation->refusal, VA_PROBLEM_ERROR, VA_PROBLEM_MEASUREMENT_MISMATCH))
    detail = plan_explanation (validation);
  va_launch_record_refuse (launch, va_refusal_name (validation->refusal),
                           detail != NULL ? detail : g_strdup (validation->refusal->message), validation->now);
}

static void
take_firmware_version (VaStoredLaunch *launch, const VaClaims *claims)
{
  launch->has_firmware_version = TRUE;
  launch->api_major = claims->api_major;
  launch->api_minor = claims->api_minor;
  launch->build_id = claims->build_id;
}

/* The host's claims, and the measurement that they are held against. */
static void
note_evidence (const Validation *validation)
{
  const VaClaims *claims = &validation->claims;
  JsonObject *evidence = json_object_new ();
  g_autofree char *measurement = va_hex_encode (claims->measurement, sizeof claims->measurement);

  json_object_set_int_member (evidence, "api-major", claims->api_major);
  json_object_set_int_member (evidence, "api-minor", claims->api_minor);
  json_object_set_int_member (evidence, "build-id", claims->build_id);
  json_object_set_int_member (evidence, "policy", (gint64) claims->policy);
  json_object_set_string_member (evidence, "measurement", measurement);
  va_audit_entry_set_object (validation->entry, VA_AUDIT_EVIDENCE, evidence);
}

static void
note_launch (const Validation *validation, const VaStoredLaunch *launch)
{
  va_audit_entry_set_text (validation->entry, VA_AUDIT_OWNER, launch->owner);
  va_audit_entry_set_text (validation->entry, VA_AUDIT_LAUNCH, launch->id);
  va_audit_entry_set_number (validation->entry, VA_AUDIT_VERSION, (gint64) launch->version);
}

static void
note_verdict (const Validation *validation, const VaStoredLaunch *launch)
{
  const GError *refusal = validation->refusal;

  if (refusal != NULL)
    va_audit_note_refusal (validation->entry, refusal);
  else
    va_audit_entry_decide (validation->entry, VA_AUDIT_VERDICT_VALIDATED);
  if (launch->detail != NULL)
    va_audit_entry_set_text (validation->entry, VA_AUDIT_DETAIL, launch->detail);
}

static gboolean
refuse_used_launch (const VaStoredLaunch *launch, GError **error)
{
  if (launch->state == VA_LAUNCH_WAITING)
    return va_refuse (error, VA_PROBLEM_LAUNCH_USED, _("the launch waits for its owner's confirmation"));
  if (launch->state == VA_LAUNCH_EXPIRED)
    return va_refuse (error, VA_PROBLEM_LAUNCH_EXPIRED, _("the launch was not validated in time"));
  if (g_strcmp0 (launch->code, va_problem_name (VA_PROBLEM_LAUNCH_REVOKED)) == 0)
    return va_refuse (error, VA_PROBLEM_LAUNCH_REVOKED, _("the guest's owner has revoked this launch"));
  return va_refuse (error, VA_PROBLEM_LAUNCH_USED, _("the launch has already been answered; start the guest again"));
}

static void
decide_open (Validation *validation, VaStoredLaunch *launch)
{
  g_autoptr(GError) reason = NULL;
  char *detail = NULL;

  if (validation->now >= launch->expires)
    {
      va_refuse (&validation->refusal, VA_PROBLEM_LAUNCH_EXPIRED, _("the launch was not validated in time"));
      va_launch_record_refuse (launch, "launch-expired", g_strdup (validation->refusal->message), validation->now);
      launch->state = VA_LAUNCH_EXPIRED;
      return;
    }
  take_firmware_version (launch, &validation->claims);
  validation->owner = g_strdup (launch->owner);
  if (!reach_verdict (validation, launch, &detail, &reason))
    {
      refuse_launch (validation, launch, g_steal_pointer (&reason), detail);
      return;
    }
  launch->state = VA_LAUNCH_VALIDATED;
  g_free (launch->detail);
  launch->detail = detail;
  va_stored_launch_step (launch, "validated", validation->now);
}

/* Inside the transaction. TRUE consumes the launch, whatever the answer is. */
static gboolean
decide_validation (VaStoredLaunch *launch, gpointer user_data, GError **error)
{
  Validation *validation = user_data;

  /* Another host, or another registration, must learn nothing and use up nothing. */
  if (!g_str_equal (launch->host, validation->peer->name) || !g_str_equal (launch->vm, validation->vm))
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("this host has no such launch of this registration"));
  note_launch (validation, launch);
  if (launch->state != VA_LAUNCH_OPEN)
    return refuse_used_launch (launch, error);
  decide_open (validation, launch);
  note_verdict (validation, launch);
  return TRUE;
}

/* After the decision, and soon after the answer: looks for what would have fitted, for the owner's record. */
static void
queue_explanation (Validation *validation)
{
  const VaValidateRequest *request = validation->request;
  VaExplanation *explanation = g_new0 (VaExplanation, 1);

  explanation->launch = g_strdup (request->launch_id);
  explanation->vm = g_strdup (validation->vm);
  explanation->owner = g_steal_pointer (&validation->owner);
  explanation->host = g_strdup (validation->peer->name);
  explanation->terms = g_steal_pointer (&validation->terms);
  explanation->key = g_steal_pointer (&validation->key);
  explanation->evidence = validation->evidence;
  validation->evidence = (VaEvidence){ 0 };
  explanation->has_firmware_hash = request->has_firmware_hash;
  memcpy (explanation->firmware_hash, request->firmware_hash, VA_SHA256_SIZE);
  validation->explained = FALSE; /* the place is the explanation's now */
  va_explainer_add (validation->service->explainer, explanation);
}

/* The reply, durable before it is returned; or %NULL with the problem. */
static VaValidateReply *
validate_launch (VaService *service, VaRequest *call, const VaValidateRequest *request, GError **error)
{
  g_auto(Validation) validation = { .service = service,
                                    .peer = call->identity,
                                    .vm = call->parts[0],
                                    .request = request,
                                    .now = va_service_now (),
                                    .entry = va_audit_of (call) };
  g_autoptr(GError) reason = NULL;

  va_audit_entry_set_text (validation.entry, VA_AUDIT_VM, validation.vm);
  va_audit_entry_set_text (validation.entry, VA_AUDIT_CLAIMED_LAUNCH, request->launch_id);
  va_validate_request_evidence (request, &validation.evidence);
  if (!va_evidence_read (&validation.evidence, &validation.claims, error))
    return NULL;
  note_evidence (&validation);
  if (!va_store_change_launch (service->store, request->launch_id, decide_validation, &validation, validation.entry,
                               &reason))
    {
      if (g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND))
        va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("this host has no such launch of this registration"));
      else
        va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
      return NULL;
    }
  call->recorded = TRUE;
  if (validation.refusal == NULL)
    return g_steal_pointer (&validation.reply);
  if (g_error_matches (validation.refusal, VA_PROBLEM_ERROR, VA_PROBLEM_MEASUREMENT_MISMATCH))
    va_metrics_count (service->metrics, validation.explained ? VA_METRIC_EXPLAINED : VA_METRIC_NOT_EXPLAINED);
  if (validation.explained)
    queue_explanation (&validation);
  g_propagate_error (error, g_steal_pointer (&validation.refusal));
  return NULL;
}

static gboolean
handle_validate (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  const char *vm = request->parts[0];
  VaDecision decision = { .call = "validate", .vm = vm, .host = request->identity->name };
  g_autoptr(GError) reason = NULL;
  g_autoptr(JsonObject) body = NULL;
  g_autoptr(VaValidateRequest) message = NULL;
  g_autoptr(VaValidateReply) reply = NULL;

  if (!va_uuid_is_canonical (vm))
    return va_refuse (error, VA_PROBLEM_VM_UNKNOWN, _("a registration's id is a UUID in lower case"));
  body = va_request_json (request, error);
  if (body == NULL)
    return FALSE;
  message = va_validate_request_read (body, &reason);
  if (message != NULL)
    reply = validate_launch (user_data, request, message, &reason);
  decision.launch_id = message != NULL ? message->launch_id : NULL;
  if (reply != NULL)
    {
      decision.verdict = "validated";
      va_decision_log_note (user_data, request, &decision);
      response->status = 200;
      response->json = va_validate_reply_write (reply);
      return TRUE;
    }
  va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
  decision.error = *error;
  va_decision_log_note (user_data, request, &decision);
  return FALSE;
}

const VaServiceModule va_module_validate = {
  .routes =
    (const VaRoute[]){
      { "POST", "/v1/vm/{}/validate", VA_BY_HOST, 4096, handle_validate, "validate" },
      { NULL },
    },
};
