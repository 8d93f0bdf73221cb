/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/host/launch.h"

#include "core/i18n.h"
#include "service/audit.h"
#include "service/refusal.h"

gboolean
va_launch_check_asked_again (VaService *service, VaRequest *call, const char *vm, const VaLaunchRequest *request,
                             GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredLaunch) launch = NULL;

  if (request->launch_id == NULL)
    return TRUE;
  va_audit_entry_set_text (va_audit_of (call), VA_AUDIT_CLAIMED_LAUNCH, request->launch_id);
  if (!va_service_sweep (service, error))
    return FALSE;
  launch = va_store_get_launch (service->store, request->launch_id, &reason);
  if (launch == NULL && !g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  if (launch == NULL || !g_str_equal (launch->host, call->identity->name) || !g_str_equal (launch->vm, vm)
      || (request->owner != NULL && !g_str_equal (launch->owner, request->owner)))
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("this host has no such launch of this registration"));
  va_audit_entry_set_text (va_audit_of (call), VA_AUDIT_OWNER, launch->owner);
  if (launch->state == VA_LAUNCH_WAITING)
    return TRUE;
  if (g_strcmp0 (launch->code, va_problem_name (VA_PROBLEM_CONFIRMATION_DENIED)) == 0)
    return va_refuse (error, VA_PROBLEM_CONFIRMATION_DENIED, _("the guest's owner has denied launch %s"), launch->id);
  if (g_strcmp0 (launch->code, va_problem_name (VA_PROBLEM_CONFIRMATION_EXPIRED)) == 0)
    return va_refuse (error, VA_PROBLEM_CONFIRMATION_EXPIRED,
                      launch->approved_until > 0 ? _("the approval of launch %s has expired; start the guest again")
                                                 : _("launch %s was not confirmed in time"),
                      launch->id);
  if (g_strcmp0 (launch->code, va_problem_name (VA_PROBLEM_LAUNCH_REVOKED)) == 0)
    return va_refuse (error, VA_PROBLEM_LAUNCH_REVOKED, _("the guest's owner has revoked this launch"));
  return va_refuse (error, VA_PROBLEM_LAUNCH_USED, _("launch %s is already %s; start the guest again"), launch->id,
                    va_launch_state_name (launch->state));
}
