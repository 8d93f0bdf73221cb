/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/guid.h"
#include "core/i18n.h"
#include "service/audit.h"
#include "service/decision-log.h"
#include "service/launch-record.h"
#include "service/refusal.h"
#include "service/service.h"
#include "service/module.h"

/*
 * POST /v1/launch/{launch-id}/revoke: the owner takes an open launch back, and with it what was approved for further
 * ones. What was answered is gone already; then only the further ones are stopped.
 */

typedef struct {
  const char *owner;
  gint64 now;
  VaAuditEntry *entry;
  GError *too_late; /* (out): the launch cannot be taken back any more */
  gint64 wait_ms;   /* of launches that wait */
} Revocation;

static gboolean
check_revocable (const VaStoredLaunch *launch, GError **error)
{
  if (launch->state == VA_LAUNCH_VALIDATED || launch->state == VA_LAUNCH_RUNNING)
    return va_refuse (error, VA_PROBLEM_LAUNCH_USED,
                      _("launch %s has already received its secrets: stop the guest on host “%s”, and change its "
                        "secrets"),
                      launch->id, launch->host);
  if (launch->state != VA_LAUNCH_OPEN && launch->state != VA_LAUNCH_WAITING)
    return va_refuse (error, VA_PROBLEM_LAUNCH_USED, _("launch %s has already ended: it is %s"), launch->id,
                      va_launch_state_name (launch->state));
  return TRUE;
}

static gboolean
revoke_launch (VaStoredLaunch *launch, gpointer user_data, GError **error)
{
  Revocation *revocation = user_data;

  if (!g_str_equal (launch->owner, revocation->owner))
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("you have no launch %s"), launch->id);
  va_audit_entry_set_text (revocation->entry, VA_AUDIT_LAUNCH, launch->id);
  va_audit_entry_set_text (revocation->entry, VA_AUDIT_VM, launch->vm);
  launch->take_back = TRUE;
  launch->wait_ms = revocation->wait_ms;
  if (!check_revocable (launch, &revocation->too_late))
    {
      va_audit_note_refusal (revocation->entry, revocation->too_late);
      return TRUE;
    }
  va_launch_record_refuse (launch, va_problem_name (VA_PROBLEM_LAUNCH_REVOKED),
                           g_strdup (_("You revoked this launch.")), revocation->now);
  va_audit_entry_decide (revocation->entry, VA_AUDIT_VERDICT_REVOKED);
  return TRUE;
}

static gboolean
handle_launch_revoke (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  const char *id = request->parts[0];
  Revocation revocation = { .owner = request->identity->name,
                            .now = va_service_now (),
                            .wait_ms = service->confirm_ms,
                            .entry = va_audit_of (request) };
  g_autoptr(VaStoredLaunch) launch = NULL;
  g_autoptr(GError) reason = NULL;

  if (!va_uuid_is_canonical (id))
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("you have no launch %s"), id);
  if (!va_service_sweep (service, error))
    return FALSE;
  if (va_store_change_launch (service->store, id, revoke_launch, &revocation, revocation.entry, &reason)
      && revocation.too_late == NULL)
    launch = va_store_get_launch (service->store, id, &reason);
  if (revocation.too_late != NULL)
    va_audit_keep_refusal (request, revocation.too_late, &reason);
  if (launch == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
  va_decision_log_note (service, request,
                        &(VaDecision){ .call = "revoke",
                                       .launch_id = id,
                                       .vm = launch->vm,
                                       .host = launch->host,
                                       .verdict = "revoked" });
  response->status = 200;
  response->json = va_launch_record_write (launch);
  return TRUE;
}

const VaServiceModule va_module_launch_revoke = {
  .routes =
    (const VaRoute[]){
      { "POST", "/v1/launch/{}/revoke", VA_BY_OWNER, 0, handle_launch_revoke, "revoke" },
      { NULL },
    },
};
