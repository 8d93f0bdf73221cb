/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/owner/registered.h"

#include "api/launch-parts.h"
#include "core/i18n.h"
#include "service/refusal.h"
#include "service/decide/registration.h"
#include "service/decide/secret-table.h"

static gboolean
check_group_names (VaService *service, char *const *hosts, GError **error)
{
  for (guint i = 0; hosts != NULL && hosts[i] != NULL; i++)
    if (hosts[i][0] == '@' && !va_host_groups_know (service->groups, hosts[i] + 1))
      return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("hosts: the service has no host group “%s”; ask its operator"),
                        hosts[i]);
  return TRUE;
}

/* A group that there is not would keep every host out. */
static gboolean
check_named_groups (VaService *service, const VaRegistration *registration, GError **error)
{
  for (guint i = 0; i < registration->secrets->len; i++)
    {
      const VaSecretRef *ref = registration->secrets->pdata[i];

      if (ref->rule != NULL && !check_group_names (service, ref->rule->hosts, error))
        return FALSE;
    }
  return check_group_names (service, registration->hosts, error);
}

gboolean
va_vm_check_usable (VaService *service, const char *owner, const VaRegistration *registration, GError **error)
{
  const VaTee *tee = va_registration_tee (registration);
  g_autoptr(VaLaunchTerms) terms = va_launch_terms_new (tee);
  g_autoptr(GArray) areas = NULL;
  g_autoptr(VaSecret) table = NULL;
  g_autoptr(GError) reason = NULL;

  if (registration->not_after != 0 && registration->not_after < va_service_now () / 1000)
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST,
                      _("permit: not-after is in the past, so no launch would ever be granted: give a later time, or "
                        "omit it"));
  if (!check_named_groups (service, registration, error))
    return FALSE;
  if (registration->cloud_cert != NULL && tee->check_owner != NULL
      && !tee->check_owner (registration->cloud_cert, &reason))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("cloud-cert: %s"), reason->message);
  return va_references_compute (service->references, service->store, owner, registration, terms, &areas, error)
         && va_secret_table_make (service->store, owner, registration, registration->secrets, areas, &table, error);
}

JsonObject *
va_vm_show (VaService *service, const char *owner, const char *id, VaReplacedRegistration *replaced, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredRegistration) stored = va_store_get_registration (service->store, owner, id, &reason);
  g_autoptr(VaRegistration) registration = NULL;

  if (stored != NULL)
    registration = va_registration_open (service->store, stored, &reason);
  if (registration != NULL)
    return va_registration_answer (stored, registration, va_service_now (), replaced);
  va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  return NULL;
}
