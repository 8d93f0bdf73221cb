/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "api/limits.h"
#include "api/registration-secrets.h"
#include "core/i18n.h"
#include "service/audit.h"
#include "service/page.h"
#include "service/query.h"
#include "service/refusal.h"
#include "service/store-room.h"
#include "service/service.h"
#include "service/module.h"

/* PUT, GET, DELETE /v1/secret: secrets by name; their values go in and never come out this way. */

#define PAGE_LIMIT 500

static JsonObject *
write_secret_answer (const VaStoredSecret *secret)
{
  g_autofree char *guid = va_guid_format (secret->guid);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", secret->name);
  json_object_set_string_member (object, "guid", guid);
  json_object_set_int_member (object, "size", (gint64) secret->size);
  json_object_set_int_member (object, "created", secret->created);
  return object;
}

/* What was there before, so that one that was replaced by mistake is noticed. */
static JsonObject *
write_replaced_secret (const VaReplacedSecret *replaced)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "size", (gint64) replaced->size);
  json_object_set_int_member (object, "created", replaced->created);
  return object;
}

/* What the guest could not find by its GUID, or not use, is refused here already. */
static gboolean
check_kind (VaSecret *value, const guint8 guid[VA_GUID_SIZE], GError **error)
{
  g_autoptr(GError) reason = NULL;

  if (va_secret_guid_check (guid, &reason)
      && (!va_secret_guid_is_passphrase (guid)
          || va_passphrase_check (va_secret_data (value), va_secret_size (value), &reason)))
    return TRUE;
  return va_refuse (error, VA_PROBLEM_BAD_REQUEST, "%s", reason->message);
}

static gboolean
read_kind (const VaRequest *request, guint8 guid[VA_GUID_SIZE], GError **error)
{
  const char *type = va_request_query (request, "type"), *text = va_request_query (request, "guid");

  if ((type == NULL) == (text == NULL))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("give either type=luks-passphrase or guid=GUID"));
  if (text != NULL && (!va_uuid_is_canonical (text) || !va_guid_parse (text, guid, NULL)))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("guid: expected a GUID in lower case"));
  if (type != NULL && (!g_str_equal (type, "luks-passphrase") || !va_guid_parse (VA_GUID_LUKS_PASSPHRASE, guid, NULL)))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("type: expected luks-passphrase"));
  return check_kind (request->body, guid, error);
}

static void
note_secret (VaRequest *request, VaAuditVerdict verdict)
{
  VaAuditEntry *entry = va_audit_of (request);

  va_audit_entry_set_text (entry, VA_AUDIT_SECRET, request->parts[0]);
  va_audit_entry_decide (entry, verdict);
}

static gboolean
handle_secret_put (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(VaStoredSecret) secret = g_new0 (VaStoredSecret, 1);
  g_autoptr(GError) reason = NULL;
  VaReplacedSecret replaced;

  if (!va_store_room_for_change (service, request, TRUE, error))
    return FALSE;
  if (!va_secret_name_is_valid (request->parts[0]))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST,
                      _("a secret's name has 1 to %d of A-Z a-z 0-9 . _ - and does not begin with a dot"), VA_NAME_MAX);
  if (va_secret_size (request->body) == 0)
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("the secret is empty"));
  if (!read_kind (request, secret->guid, error))
    return FALSE;
  secret->owner = g_strdup (request->identity->name);
  secret->name = g_strdup (request->parts[0]);
  secret->created = va_service_now () / 1000;
  note_secret (request, VA_AUDIT_VERDICT_STORED);
  if (!va_store_put_secret (service->store, secret, request->body, &replaced, va_audit_of (request), &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  response->status = replaced.is_new ? 201 : 200;
  response->json = write_secret_answer (secret);
  if (!replaced.is_new)
    json_object_set_object_member (response->json, "replaced", write_replaced_secret (&replaced));
  return TRUE;
}

static gboolean
handle_secret_get (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredSecret) secret =
    va_store_get_secret (service->store, request->identity->name, request->parts[0], &reason);

  if (secret == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  response->status = 200;
  response->json = write_secret_answer (secret);
  return TRUE;
}

static JsonObject *
write_listed_secret (VaService *service, gpointer record, GError **error)
{
  (void) service, (void) error;
  return write_secret_answer (record);
}

static const char *
name_of_secret (gconstpointer record)
{
  return ((const VaStoredSecret *) record)->name;
}

static gboolean
handle_secret_list (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  static const VaListKind kind = { "secrets",           "name",         PAGE_LIMIT,
                                   PAGE_LIMIT,          va_query_name,  va_store_list_secrets,
                                   write_listed_secret, name_of_secret, VA_PROBLEM_NOT_FOUND };
  VaService *service = user_data;
  VaPage page = { .owner = request->identity->name };

  return va_list_answer (&kind, service, request, &page, response, error);
}

static gboolean
handle_secret_remove (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(GError) reason = NULL;

  if (!va_store_room_for_change (service, request, FALSE, error))
    return FALSE;
  note_secret (request, VA_AUDIT_VERDICT_REMOVED);
  if (!va_store_remove_secret (service->store, request->identity->name, request->parts[0], va_audit_of (request),
                               &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  response->status = 204;
  return TRUE;
}

const VaServiceModule va_module_secret = {
  .routes =
    (const VaRoute[]){
      { "PUT", "/v1/secret/{}", VA_BY_OWNER, VA_SECRET_TABLE_MAX, handle_secret_put, "secret-put" },
      { "GET", "/v1/secret", VA_BY_OWNER, 0, handle_secret_list, "secret-list", FALSE, VA_PAGE_MEMORY },
      { "GET", "/v1/secret/{}", VA_BY_OWNER, 0, handle_secret_get, "secret-show" },
      { "DELETE", "/v1/secret/{}", VA_BY_OWNER, 0, handle_secret_remove, "secret-remove" },
      { NULL },
    },
};
