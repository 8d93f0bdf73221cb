/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "kek/seal.h"
#include "service/audit.h"
#include "service/page.h"
#include "service/owner/proposal.h"
#include "service/query.h"
#include "service/refusal.h"
#include "service/decide/registration.h"
#include "service/store-room.h"
#include "service/service.h"
#include "service/decide/secret-table.h"

/* POST, GET, DELETE /v1/vm: registrations. */

#define PAGE_LIMIT 100

static gboolean
check_group_names (VaService *service, char *const *hosts, GError **error)
{
  for (guint i = 0; hosts != NULL && hosts[i] != NULL; i++)
    if (hosts[i][0] == '@' && !va_host_groups_know (service->groups, hosts[i] + 1))
      return va_refuse (error, VA_PROBLEM_BAD_REQUEST,
                        _("hosts: the service has no group of hosts “%s”; ask its operator"), hosts[i]);
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

/* What can be known now to make every launch fail is refused now. */
gboolean
va_vm_check_usable (VaService *service, const char *owner, const VaRegistration *registration, GError **error)
{
  g_autoptr(VaLaunchTerms) fixed = va_launch_terms_new ();
  g_autoptr(GArray) areas = NULL;
  g_autoptr(VaSecret) table = NULL;
  g_autoptr(GError) reason = NULL;
  VaSevCert cloud_cert;

  if (registration->not_after != 0 && registration->not_after < va_service_now () / 1000)
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST,
                      _("permit: not-after is a time that is over, so no launch would ever be granted: name a later "
                        "one, or "
                        "leave it out"));
  if (!check_named_groups (service, registration, error))
    return FALSE;
  if (registration->cloud_cert != NULL
      && !va_sev_cert_parse (&cloud_cert, g_bytes_get_data (registration->cloud_cert, NULL),
                             g_bytes_get_size (registration->cloud_cert), &reason))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("cloud-cert: %s"), reason->message);
  if (registration->cloud_cert != NULL && cloud_cert.usage != VA_SEV_USAGE_OCA)
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("cloud-cert: expected an OCA certificate, this one is a %s"),
                      va_sev_usage_name (cloud_cert.usage));
  return va_references_compute (service->references, service->store, owner, registration, fixed, &areas, error)
         && va_secret_table_make (service->store, owner, registration, registration->secrets, areas, &table, error);
}

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

/* The registration's answer as the store has it now. */
JsonObject *
va_vm_show (VaService *service, const char *owner, const char *id, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredRegistration) stored = va_store_get_registration (service->store, owner, id, &reason);
  g_autoptr(VaRegistration) registration = NULL;

  if (stored != NULL)
    registration = va_registration_open (service->store, stored, &reason);
  if (registration != NULL)
    return va_registration_answer (stored, registration, va_service_now ());
  va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
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

/* What was there before, so that one that was replaced by mistake is noticed. */
static JsonObject *
write_replaced_registration (guint64 version, gint64 created)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "version", (gint64) version);
  json_object_set_int_member (object, "created", created);
  return object;
}

gboolean
va_handle_vm_put (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  const char *owner = request->identity->name, *id = request->parts[0];
  g_autoptr(VaRegistration) registration = NULL;
  g_autoptr(GError) reason = NULL;
  VaExpected expected = { 0 };
  JsonObject *entry;
  gboolean is_new, two_persons;
  gint64 created;

  if (!va_uuid_is_canonical (id))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("the registration's id must be a UUID in lower case"));
  if (!va_store_room_for_change (service, request, TRUE, error))
    return FALSE;
  registration = read_registration_body (service, request, error);
  if (registration == NULL)
    return FALSE;
  entry = va_audit_of (request);
  json_object_set_string_member (entry, "vm", id);
  va_audit_registration (entry, registration);
  if (!look_at_present (service, request, &expected.version, &created, &two_persons, error))
    return FALSE;
  if (two_persons || registration->two_persons)
    return va_proposal_make (request, response, service, registration, expected.version, error);
  json_object_set_string_member (entry, "result", "registered");
  if (!va_registration_keep (service->store, owner, id, registration, va_service_now (), &expected, &is_new, entry,
                             &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  response->status = is_new ? 201 : 200;
  response->json = va_vm_show (service, owner, id, error);
  if (response->json != NULL && !is_new)
    json_object_set_object_member (response->json, "replaced", write_replaced_registration (expected.version, created));
  return response->json != NULL;
}

gboolean
va_handle_vm_get (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  if (!va_service_sweep (user_data, error))
    return FALSE;
  response->status = 200;
  response->json = va_vm_show (user_data, request->identity->name, request->parts[0], error);
  return response->json != NULL;
}

static JsonObject *
write_vm (VaService *service, gpointer record, GError **error)
{
  g_autoptr(VaRegistration) registration = va_registration_open (service->store, record, error);

  return registration != NULL ? va_registration_answer (record, registration, va_service_now ()) : NULL;
}

static const char *
id_of_vm (gconstpointer record)
{
  return ((const VaStoredRegistration *) record)->id;
}

gboolean
va_handle_vm_list (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  static const VaListKind kind = { "vms",      "id",          PAGE_LIMIT,
                                   PAGE_LIMIT, va_query_uuid, va_store_list_registrations,
                                   write_vm,   id_of_vm,      VA_PROBLEM_VM_UNKNOWN };
  VaService *service = user_data;
  VaPage page = { .owner = request->identity->name };

  return va_service_sweep (service, error) && va_list_answer (&kind, service, request, &page, response, error);
}

gboolean
va_handle_vm_remove (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  JsonObject *entry = va_audit_of (request);
  g_autoptr(GError) reason = NULL;
  VaExpected expected = { 0 };
  gboolean two_persons;
  gint64 created;

  if (!va_store_room_for_change (service, request, FALSE, error))
    return FALSE;
  json_object_set_string_member (entry, "vm", request->parts[0]);
  if (!look_at_present (service, request, &expected.version, &created, &two_persons, error))
    return FALSE;
  if (two_persons && expected.version != 0)
    return va_proposal_make (request, response, service, NULL, expected.version, error);
  json_object_set_string_member (entry, "result", "removed");
  if (!va_store_remove_registration (service->store, request->identity->name, request->parts[0], va_service_now (),
                                     &expected, entry, &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  response->status = 204;
  return TRUE;
}
