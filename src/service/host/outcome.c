/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/outcome.h"
#include "core/i18n.h"
#include "service/audit.h"
#include "service/decision-log.h"
#include "service/launch-record.h"
#include "service/refusal.h"
#include "service/service.h"
#include "service/module.h"

/* POST /v1/launch/{launch-id}/outcome: what became of a launch, as its host tells. May come twice. */

typedef struct {
  const char *host;
  const VaOutcome *outcome;
  gint64 now;
  VaAuditEntry *entry;
} Report;

static char *
write_reported_steps (const VaOutcome *outcome)
{
  g_autoptr(JsonObject) object = va_outcome_write (outcome);
  JsonNode *steps = json_object_get_member (object, "steps");

  return steps != NULL ? va_json_print_node (steps) : NULL;
}

/* The state that the report leads to; FALSE when it contradicts what the service knows. */
static gboolean
find_state (const VaStoredLaunch *launch, VaOutcomeState said, VaLaunchState *state, GError **error)
{
  gboolean over = launch->state == VA_LAUNCH_REFUSED || launch->state == VA_LAUNCH_FAILED
                  || launch->state == VA_LAUNCH_EXPIRED || launch->state == VA_LAUNCH_ENDED;

  *state = launch->state;
  if (said == VA_OUTCOME_RUNNING && launch->state == VA_LAUNCH_ENDED)
    return TRUE; /* reports may overtake each other */
  if (said == VA_OUTCOME_RUNNING && (over || launch->state == VA_LAUNCH_OPEN || launch->state == VA_LAUNCH_WAITING))
    return va_refuse (error, VA_PROBLEM_LAUNCH_USED, _("the launch is %s: its guest must not run"),
                      va_launch_state_name (launch->state));
  if (over || launch->state == VA_LAUNCH_WAITING)
    return TRUE;
  if (said == VA_OUTCOME_RUNNING)
    *state = VA_LAUNCH_RUNNING;
  else if (launch->state == VA_LAUNCH_RUNNING || (said == VA_OUTCOME_ENDED && launch->state == VA_LAUNCH_VALIDATED))
    *state = VA_LAUNCH_ENDED;
  else
    *state = VA_LAUNCH_FAILED;
  return TRUE;
}

/* Of a state that find_state() gives. */
static VaAuditVerdict
verdict_of (VaLaunchState state)
{
  if (state == VA_LAUNCH_RUNNING)
    return VA_AUDIT_VERDICT_RUNNING;
  return state == VA_LAUNCH_ENDED ? VA_AUDIT_VERDICT_ENDED : VA_AUDIT_VERDICT_FAILED;
}

static gboolean
take_report (VaStoredLaunch *launch, gpointer user_data, GError **error)
{
  const Report *report = user_data;
  VaLaunchState state;

  if (!g_str_equal (launch->host, report->host))
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("this host has no such launch"));
  va_audit_entry_set_text (report->entry, VA_AUDIT_OWNER, launch->owner);
  va_audit_entry_set_text (report->entry, VA_AUDIT_LAUNCH, launch->id);
  va_audit_entry_set_text (report->entry, VA_AUDIT_VM, launch->vm);
  if (!find_state (launch, report->outcome->state, &state, error))
    return FALSE;
  if (state != launch->state)
    {
      va_stored_launch_step (launch, va_launch_state_name (state), report->now);
      va_audit_entry_decide (report->entry, verdict_of (state));
      if (report->outcome->reason != NULL)
        va_audit_entry_set_text (report->entry, VA_AUDIT_WHY, report->outcome->reason);
      if (report->outcome->firmware_error >= 0)
        va_audit_entry_set_number (report->entry, VA_AUDIT_FIRMWARE_ERROR, report->outcome->firmware_error);
    }
  launch->state = state;
  if (launch->reason == NULL)
    launch->reason = g_strdup (report->outcome->reason);
  if (launch->firmware_error < 0)
    launch->firmware_error = report->outcome->firmware_error;
  if (launch->steps == NULL)
    launch->steps = write_reported_steps (report->outcome);
  return TRUE;
}

static gboolean
apply_report (VaService *service, const char *id, Report *report, GError **error)
{
  g_autoptr(GError) reason = NULL;

  if (va_store_change_launch (service->store, id, take_report, report, report->entry, &reason))
    return TRUE;
  if (g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND))
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("this host has no such launch"));
  return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
}

static gboolean
handle_outcome (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  const char *host = request->identity->name, *id = request->parts[0];
  VaDecision decision = { .call = "outcome", .launch_id = id, .host = host };
  Report report = { .host = host, .now = va_service_now (), .entry = va_audit_of (request) };
  g_autoptr(JsonObject) body = NULL;
  g_autoptr(VaOutcome) outcome = NULL;
  g_autoptr(GError) reason = NULL;

  if (!va_uuid_is_canonical (id))
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("this host has no such launch"));
  body = va_request_json (request, error);
  if (body == NULL)
    return FALSE;
  outcome = va_outcome_read (body, &reason);
  if (outcome == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
  report.outcome = outcome;
  if (va_service_sweep (user_data, &reason) && apply_report (user_data, id, &report, &reason))
    decision.verdict = va_outcome_state_name (outcome->state);
  decision.error = reason;
  decision.vm = va_audit_entry_text (report.entry, VA_AUDIT_VM);
  va_decision_log_note (user_data, request, &decision);
  if (reason != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  response->status = 200;
  response->json = json_object_new ();
  return TRUE;
}

const VaServiceModule va_module_outcome = {
  .routes =
    (const VaRoute[]){
      { "POST", "/v1/launch/{}/outcome", VA_BY_HOST, 32 * 1024, handle_outcome, "outcome" },
      { NULL },
    },
};
