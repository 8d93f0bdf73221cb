/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/guid.h"
#include "core/i18n.h"
#include "service/audit.h"
#include "service/decision-log.h"
#include "service/launch-record.h"
#include "service/owner/proposal.h"
#include "service/refusal.h"
#include "service/decide/registration.h"
#include "service/module.h"

/*
 * POST /v1/launch/{launch-id}/approve, /deny: what an owner says to a launch that waits for them. A denial also takes
 * back what was approved for further launches, even if it comes too late for this one: a host may have been quicker.
 */

typedef struct {
  VaApprover by;
  guint64 version;            /* of the registration that by.two_persons is from */
  const VaApproval *approval; /* %NULL: no */
  gint64 now;
  VaAuditEntry *entry;
  gint64 wait_ms;
  GError *too_late; /* (out): a denial of a launch that does not wait any more */
} Answer;

static void
note_approval (const Answer *answer)
{
  const VaApproval *approval = answer->approval;

  va_audit_entry_decide (answer->entry, approval != NULL ? VA_AUDIT_VERDICT_APPROVED : VA_AUDIT_VERDICT_DENIED);
  if (approval == NULL)
    return;
  va_audit_entry_set_number (answer->entry, VA_AUDIT_LAUNCHES, approval->launches);
  va_audit_entry_set_number (answer->entry, VA_AUDIT_UNTIL, answer->now / 1000 + approval->valid_seconds);
}

/* TRUE for a denial, which has an effect all the same. */
static gboolean
refuse_not_waiting (const VaStoredLaunch *launch, Answer *answer, GError **error)
{
  gboolean denies = answer->approval == NULL;

  va_refuse (denies ? &answer->too_late : error, VA_PROBLEM_LAUNCH_USED,
             _("launch %s is not waiting for confirmation: it is %s"), launch->id,
             va_launch_state_name (launch->state));
  if (denies)
    va_audit_note_refusal (answer->entry, answer->too_late);
  return denies;
}

static gboolean
take_answer (VaStoredLaunch *launch, gpointer user_data, GError **error)
{
  Answer *answer = user_data;

  if (!g_str_equal (launch->owner, answer->by.owner))
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("you have no launch %s"), launch->id);
  va_audit_entry_set_text (answer->entry, VA_AUDIT_LAUNCH, launch->id);
  va_audit_entry_set_text (answer->entry, VA_AUDIT_VM, launch->vm);
  launch->take_back = answer->approval == NULL;
  launch->wait_ms = answer->wait_ms;
  if (launch->state != VA_LAUNCH_WAITING)
    return refuse_not_waiting (launch, answer, error);
  if (answer->approval != NULL && launch->version != answer->version)
    return va_refuse (error, VA_PROBLEM_BUSY, _("the registration is being replaced: try again"));
  note_approval (answer);
  if (answer->approval != NULL)
    return va_launch_record_approve (launch, &answer->by, answer->approval, answer->now)
           || va_refuse (error, VA_PROBLEM_SECOND_PERSON,
                         _("“%s” has already approved launch %s; another person must approve it too"),
                         answer->by.person, launch->id);
  va_launch_record_refuse (launch, va_problem_name (VA_PROBLEM_CONFIRMATION_DENIED),
                           g_strdup (_("You denied this launch.")), answer->now);
  return TRUE;
}

/* Whether the launch's registration wants two persons, and then whether the certificate names one. */
static gboolean
find_rule (VaService *service, const VaRequest *request, Answer *answer, GError **error)
{
  const char *owner = request->identity->name;
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredLaunch) launch = va_store_get_launch (service->store, request->parts[0], &reason);
  g_autoptr(VaStoredRegistration) stored = NULL;
  g_autoptr(VaRegistration) registration = NULL;

  if (launch != NULL && !g_str_equal (launch->owner, owner))
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("you have no launch %s"), launch->id);
  if (launch != NULL && launch->state != VA_LAUNCH_WAITING)
    return TRUE; /* which is refused anyhow */
  if (launch != NULL)
    stored = va_store_get_registration (service->store, owner, launch->vm, &reason);
  if (stored != NULL)
    registration = va_registration_open (service->store, stored, &reason);
  if (registration == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
  answer->version = stored->version;
  answer->by.two_persons = registration->two_persons;
  return !registration->two_persons || va_proposal_person (request, error);
}

static gboolean
answer_launch (VaRequest *request, VaResponse *response, VaService *service, const VaApproval *approval, GError **error)
{
  const char *id = request->parts[0];
  Answer answer = { .by = { request->identity->name, request->identity->person, FALSE },
                    .approval = approval,
                    .now = va_service_now (),
                    .wait_ms = service->confirm_ms,
                    .entry = va_audit_of (request) };
  g_autoptr(VaStoredLaunch) launch = NULL;
  g_autoptr(GError) reason = NULL;

  if (!va_uuid_is_canonical (id))
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("you have no launch %s"), id);
  if (!va_service_sweep (service, error) || (approval != NULL && !find_rule (service, request, &answer, error)))
    return FALSE;
  if (va_store_change_launch (service->store, id, take_answer, &answer, answer.entry, &reason)
      && answer.too_late == NULL)
    launch = va_store_get_launch (service->store, id, &reason);
  if (answer.too_late != NULL)
    va_audit_keep_refusal (request, answer.too_late, &reason);
  if (launch == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
  va_decision_log_note (service, request,
                        &(VaDecision){ .call = request->name,
                                       .launch_id = id,
                                       .vm = launch->vm,
                                       .host = launch->host,
                                       .verdict = approval != NULL ? "approved" : "denied" });
  response->status = 200;
  response->json = va_launch_record_write (launch);
  return TRUE;
}

static gboolean
handle_launch_approve (VaRequest *request, VaResponse *response, gpointer service, GError **error)
{
  g_autoptr(JsonObject) body = va_request_json (request, error);
  g_autoptr(VaApproval) approval = NULL;
  g_autoptr(GError) reason = NULL;

  if (body == NULL)
    return FALSE;
  approval = va_approval_read (body, &reason);
  if (approval == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
  return answer_launch (request, response, service, approval, error);
}

static gboolean
handle_launch_deny (VaRequest *request, VaResponse *response, gpointer service, GError **error)
{
  return answer_launch (request, response, service, NULL, error);
}

const VaServiceModule va_module_launch_confirm = {
  .routes =
    (const VaRoute[]){
      { "POST", "/v1/launch/{}/approve", VA_BY_OWNER, 4096, handle_launch_approve, "approve" },
      { "POST", "/v1/launch/{}/deny", VA_BY_OWNER, 0, handle_launch_deny, "deny" },
      { NULL },
    },
};
