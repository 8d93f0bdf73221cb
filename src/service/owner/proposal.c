/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/owner/proposal.h"

#include "core/i18n.h"
#include "service/audit.h"
#include "service/owner/registered.h"
#include "service/log.h"
#include "service/refusal.h"
#include "service/decide/registration.h"
#include "service/module.h"

/* GET, DELETE /v1/vm/{id}/proposal, POST /v1/vm/{id}/confirm: changes that take two persons. */

gboolean
va_proposal_person (const VaRequest *request, GError **error)
{
  if (request->identity->person[0] != '\0')
    return TRUE;
  return va_refuse (error, VA_PROBLEM_SECOND_PERSON,
                    _("this requires two of the owner's people, and your certificate does not say which one you are: "
                      "get one from “virt-attest ca issue owner %s --person NAME”"),
                    request->identity->name);
}

static JsonObject *
write_proposal_answer (VaService *service, const VaStoredProposal *proposal, GError **error)
{
  g_autoptr(VaRegistration) registration = NULL;
  JsonObject *object;

  if (!va_registration_proposed (service->store, proposal, &registration, error))
    return NULL;
  object = json_object_new ();
  json_object_set_string_member (object, "id", proposal->vm);
  json_object_set_string_member (object, "proposal", proposal->digest);
  json_object_set_string_member (object, "proposed-by", proposal->person);
  json_object_set_int_member (object, "created", proposal->created);
  if (registration != NULL)
    json_object_set_object_member (object, "registration", va_registration_write (registration, FALSE));
  return object;
}

gboolean
va_proposal_make (VaRequest *request, VaResponse *response, VaService *service, VaRegistration *registration,
                  guint64 replaces, GError **error)
{
  g_autoptr(VaStoredProposal) proposal = g_new0 (VaStoredProposal, 1);
  g_autoptr(GError) reason = NULL;

  if (!va_proposal_person (request, error))
    return FALSE;
  proposal->vm = g_strdup (request->parts[0]);
  proposal->owner = g_strdup (request->identity->name);
  proposal->person = g_strdup (request->identity->person);
  proposal->created = va_service_now () / 1000;
  proposal->replaces = replaces;
  va_audit_entry_decide (va_audit_of (request), VA_AUDIT_VERDICT_PROPOSED);
  if (!va_registration_propose (service->store, proposal, registration, va_audit_of (request), &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  response->status = 202;
  response->json = write_proposal_answer (service, proposal, error);
  return response->json != NULL;
}

static VaStoredProposal *
find_proposal (VaService *service, const VaRequest *request, GError **error)
{
  g_autoptr(GError) reason = NULL;
  VaStoredProposal *proposal =
    va_store_get_proposal (service->store, request->identity->name, request->parts[0], &reason);

  if (proposal == NULL)
    va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  return proposal;
}

static gboolean
handle_proposal_get (VaRequest *request, VaResponse *response, gpointer service, GError **error)
{
  g_autoptr(VaStoredProposal) proposal = find_proposal (service, request, error);
  g_autoptr(GError) reason = NULL;

  if (proposal == NULL)
    return FALSE;
  response->status = 200;
  response->json = write_proposal_answer (service, proposal, &reason);
  return response->json != NULL || va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
}

static gboolean
handle_proposal_remove (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(GError) reason = NULL;

  va_audit_entry_set_text (va_audit_of (request), VA_AUDIT_VM, request->parts[0]);
  va_audit_entry_decide (va_audit_of (request), VA_AUDIT_VERDICT_WITHDRAWN);
  if (!va_store_remove_proposal (service->store, request->identity->name, request->parts[0], va_audit_of (request),
                                 &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  response->status = 204;
  return TRUE;
}

/* Who confirms is another than who proposed, and has seen what he confirms. */
static gboolean
check_second (const VaRequest *request, const VaStoredProposal *proposal, GError **error)
{
  g_autoptr(JsonObject) body = va_request_json (request, error);
  VaFields fields = VA_FIELDS_INIT (body, _("confirmation"));
  g_autoptr(GError) reason = NULL;
  const char *digest;

  if (body == NULL)
    return FALSE;
  digest = va_fields_string (&fields, "proposal", VA_REQUIRED, 64);
  if (!va_fields_end (&fields, &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  if (!va_proposal_person (request, error))
    return FALSE;
  if (g_str_equal (request->identity->person, proposal->person))
    return va_refuse (error, VA_PROBLEM_SECOND_PERSON, _("“%s” has proposed this, so another person must confirm it"),
                      proposal->person);
  if (g_strcmp0 (digest, proposal->digest) != 0)
    return va_refuse (error, VA_PROBLEM_NOT_FOUND,
                      _("what you confirm is not what is currently proposed: look at the proposal again with “vm "
                        "proposal”"));
  return TRUE;
}

static gboolean
carry_out_proposal (VaService *service, VaRequest *request, const VaStoredProposal *proposal,
                    VaRegistration *registration, GError **error)
{
  const VaExpected expected = { proposal->replaces, proposal->digest };
  VaAuditEntry *entry = va_audit_of (request);
  gboolean is_new;

  va_audit_entry_set_text (entry, VA_AUDIT_VM, proposal->vm);
  va_audit_entry_set_text (entry, VA_AUDIT_PROPOSAL, proposal->digest);
  va_audit_entry_set_text (entry, VA_AUDIT_PROPOSER, proposal->person);
  va_audit_entry_decide (entry, registration != NULL ? VA_AUDIT_VERDICT_REGISTERED : VA_AUDIT_VERDICT_REMOVED);
  if (registration == NULL)
    return va_store_remove_registration (service->store, proposal->owner, proposal->vm, va_service_now (), &expected,
                                         entry, error);
  va_audit_registration (entry, registration);
  return va_vm_check_usable (service, proposal->owner, registration, error)
         && va_registration_keep (service->store, proposal->owner, proposal->vm, registration, va_service_now (),
                                  &expected, &is_new, entry, error);
}

static gboolean
handle_confirm (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(VaStoredProposal) proposal = find_proposal (service, request, error);
  g_autoptr(VaRegistration) registration = NULL;
  g_autoptr(GError) reason = NULL;

  if (proposal == NULL || !check_second (request, proposal, error))
    return FALSE;
  if (!va_registration_proposed (service->store, proposal, &registration, &reason)
      || !carry_out_proposal (service, request, proposal, registration, &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  if (registration == NULL)
    {
      response->status = 204;
      return TRUE;
    }
  response->status = 200;
  response->json = va_vm_show (service, proposal->owner, proposal->vm, NULL, error);
  return response->json != NULL;
}

const VaServiceModule va_module_proposal = {
  .routes =
    (const VaRoute[]){
      { "GET", "/v1/vm/{}/proposal", VA_BY_OWNER, 0, handle_proposal_get, "proposal-show" },
      { "DELETE", "/v1/vm/{}/proposal", VA_BY_OWNER, 0, handle_proposal_remove, "proposal-withdraw" },
      { "POST", "/v1/vm/{}/confirm", VA_BY_OWNER, 4096, handle_confirm, "proposal-confirm" },
      { NULL },
    },
};
