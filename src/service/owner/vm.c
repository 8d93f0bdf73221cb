/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "kek/seal.h"
#include "service/audit.h"
#include "service/page.h"
#include "service/owner/proposal.h"
#include "service/owner/registered.h"
#include "service/query.h"
#include "service/refusal.h"
#include "service/decide/registration.h"
#include "service/store-room.h"
#include "service/service.h"
#include "service/module.h"

/* POST, GET, DELETE /v1/vm: registrations. */

#define PAGE_LIMIT 100
/* 32 inline secrets, which fit into one injection of 16 KiB together */
#define REGISTRATION_BODY_MAX (128 * 1024)

static VaRegistration *
read_registration_body (VaService *service, const VaRequest *request, GError **error)
{
  g_autoptr(JsonObject) body = va_request_json (request, error);
  g_autoptr(VaRegistration) registration = NULL;
  g_autoptr(GError) reason = NULL;

  if (body == NULL)
    return NULL;
  registration = va_registration_read (body, &reason);
  if (registration != NULL && va_vm_check_usable (service, request->identity->name, registration, &reason))
    return g_steal_pointer (&registration);
  va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  return NULL;
}

/* Whether a proposal waits that cannot be opened; then a single person must not put anything in its place. */
static gboolean
look_at_proposal (VaService *service, const VaRequest *request, gboolean *broken, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredProposal) proposal =
    va_store_get_proposal (service->store, request->identity->name, request->parts[0], &reason);
  g_autoptr(VaRegistration) registration = NULL;

  *broken = proposal != NULL && !va_registration_proposed (service->store, proposal, &registration, &reason)
            && g_error_matches (reason, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
  if (*broken || reason == NULL || g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND))
    return TRUE;
  return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
}

/*
 * What is there now: its version, 0 for nothing, when it was registered, and whether it wants two persons. Who knows
 * whether one that cannot be opened (other hands have changed it, or it is under another key) wants them? So it does.
 */
static gboolean
look_at_present (VaService *service, const VaRequest *request, guint64 *version, gint64 *created, gboolean *two_persons,
                 GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredRegistration) stored =
    va_store_get_registration (service->store, request->identity->name, request->parts[0], &reason);
  g_autoptr(VaRegistration) registration = NULL;

  *version = 0;
  *created = 0;
  if (g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND))
    return look_at_proposal (service, request, two_persons, error);
  if (stored != NULL)
    registration = va_registration_open (service->store, stored, &reason);
  if (registration == NULL && !g_error_matches (reason, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  *version = stored->version;
  *created = stored->created;
  *two_persons = registration == NULL || registration->two_persons;
  return TRUE;
}

static gboolean
handle_vm_put (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  const char *owner = request->identity->name, *id = request->parts[0];
  g_autoptr(VaRegistration) registration = NULL;
  g_autoptr(GError) reason = NULL;
  VaExpected expected = { 0 };
  VaAuditEntry *entry;
  VaReplacedRegistration replaced = { 0 };
  gboolean is_new, two_persons;

  if (!va_uuid_is_canonical (id))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("the registration's id must be a UUID in lower case"));
  if (!va_store_room_for_change (service, request, TRUE, error))
    return FALSE;
  registration = read_registration_body (service, request, error);
  if (registration == NULL)
    return FALSE;
  entry = va_audit_of (request);
  va_audit_entry_set_text (entry, VA_AUDIT_VM, id);
  va_audit_registration (entry, registration);
  if (!look_at_present (service, request, &expected.version, &replaced.created, &two_persons, error))
    return FALSE;
  if (two_persons || registration->two_persons)
    return va_proposal_make (request, response, service, registration, expected.version, error);
  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_REGISTERED);
  if (!va_registration_keep (service->store, owner, id, registration, va_service_now (), &expected, &is_new, entry,
                             &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  response->status = is_new ? 201 : 200;
  replaced.version = expected.version; /* shown, so that one that was replaced by mistake is noticed */
  response->json = va_vm_show (service, owner, id, is_new ? NULL : &replaced, error);
  return response->json != NULL;
}

static gboolean
handle_vm_get (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  if (!va_service_sweep (user_data, error))
    return FALSE;
  response->status = 200;
  response->json = va_vm_show (user_data, request->identity->name, request->parts[0], NULL, error);
  return response->json != NULL;
}

static JsonObject *
write_vm (VaService *service, gpointer record, GError **error)
{
  g_autoptr(VaRegistration) registration = va_registration_open (service->store, record, error);

  return registration != NULL ? va_registration_answer (record, registration, va_service_now (), NULL) : NULL;
}

static const char *
id_of_vm (gconstpointer record)
{
  return ((const VaStoredRegistration *) record)->id;
}

static gboolean
handle_vm_list (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  static const VaListKind kind = { "vms",      "id",          PAGE_LIMIT,
                                   PAGE_LIMIT, va_query_uuid, va_store_list_registrations,
                                   write_vm,   id_of_vm,      VA_PROBLEM_VM_UNKNOWN };
  VaService *service = user_data;
  VaPage page = { .owner = request->identity->name };

  return va_service_sweep (service, error) && va_list_answer (&kind, service, request, &page, response, error);
}

static gboolean
handle_vm_remove (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  VaAuditEntry *entry = va_audit_of (request);
  g_autoptr(GError) reason = NULL;
  VaExpected expected = { 0 };
  gboolean two_persons;
  gint64 created;

  if (!va_store_room_for_change (service, request, FALSE, error))
    return FALSE;
  va_audit_entry_set_text (entry, VA_AUDIT_VM, request->parts[0]);
  if (!look_at_present (service, request, &expected.version, &created, &two_persons, error))
    return FALSE;
  if (two_persons && expected.version != 0)
    return va_proposal_make (request, response, service, NULL, expected.version, error);
  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_REMOVED);
  if (!va_store_remove_registration (service->store, request->identity->name, request->parts[0], va_service_now (),
                                     &expected, entry, &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  response->status = 204;
  return TRUE;
}

const VaServiceModule va_module_vm = {
  .routes =
    (const VaRoute[]){
      { "GET", "/v1/vm", VA_BY_OWNER, 0, handle_vm_list, "vm-list", FALSE, VA_PAGE_MEMORY },
      { "POST", "/v1/vm/{}", VA_BY_OWNER, REGISTRATION_BODY_MAX, handle_vm_put, "vm-register" },
      { "GET", "/v1/vm/{}", VA_BY_OWNER, 0, handle_vm_get, "vm-show" },
      { "DELETE", "/v1/vm/{}", VA_BY_OWNER, 0, handle_vm_remove, "vm-remove" },
      { NULL },
    },
};
