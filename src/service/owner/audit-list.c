/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include "core/encoding.h"
#include "core/i18n.h"
#include "service/audit.h"
#include "service/page.h"
#include "service/query.h"
#include "service/refusal.h"
#include "service/module.h"

/* GET /v1/audit, POST /v1/audit/checkpoint, GET /v1/launch/{launch-id}/receipt: the audit log. */

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 500
#define RECEIPT_MAX 32
#define READERS (VA_BY_OWNER | VA_BY_OPERATOR | VA_BY_AUDITOR)

/* Whose records @request may read: an owner his own, operators and auditors all. */
static const char *
reader_of (const VaRequest *request)
{
  return request->identity->role == VA_ROLE_OWNER ? request->identity->name : NULL;
}

static gboolean
read_query (const VaRequest *request, VaAuditQuery *query, gboolean *chain, GError **error)
{
  const char *order = va_request_query (request, "order");
  guint64 limit = LIMIT_DEFAULT;

  if (!va_query_number (request, "after", 0, G_MAXINT64, &query->after, error)
      || !va_query_number (request, "before", 1, G_MAXINT64, &query->before, error)
      || !va_query_number (request, "limit", 0, LIMIT_MAX, &limit, error))
    return FALSE;
  if (order != NULL && !g_str_equal (order, "newest") && !g_str_equal (order, "chain"))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("order: expected newest or chain"));
  query->limit = (guint) limit;
  query->bytes = VA_PAGE_BYTES;
  *chain = order != NULL && g_str_equal (order, "chain");
  if (*chain && query->before != 0)
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("before: it requires order=newest"));
  query->newest = !*chain;
  query->reader = reader_of (request);
  query->owner = *chain ? NULL : reader_of (request);
  return TRUE;
}

static JsonObject *
write_record (const VaRequest *request, const VaStoredAudit *record)
{
  const char *reader = reader_of (request);
  JsonObject *object = json_object_new ();
  g_autofree char *hex = NULL;

  if (record->text != NULL && (reader == NULL || g_strcmp0 (record->owner, reader) == 0))
    {
      json_object_set_string_member (object, "text", record->text);
      return object;
    }
  hex = va_hex_encode (record->digest, sizeof record->digest);
  json_object_set_string_member (object, "digest", hex);
  return object;
}

/* An owner is shown as his nothing that others have put there. Operators and auditors get a log that others have
   changed as it is: that is what they look for. */
static gboolean
check_shown (const VaRequest *request, const GPtrArray *list, GError **error)
{
  const char *reader = reader_of (request);

  for (guint i = 0; reader != NULL && i < list->len; i++)
    {
      const VaStoredAudit *record = list->pdata[i];

      if (record->trust != VA_AUDIT_BROKEN || g_strcmp0 (record->owner, reader) != 0)
        continue;
      g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT,
                   _("the audit log's record %" PRIu64 " was changed in the database"), record->seq);
      return FALSE;
    }
  return TRUE;
}

/* Those of the page's records, so that a reader of the whole chain gets each of them once. */
static JsonArray *
write_checkpoints (VaService *service, guint64 after, guint64 upto, GError **error)
{
  g_autoptr(GPtrArray) list = va_store_list_checkpoints (service->store, after, upto, error);
  g_autoptr(JsonArray) array = json_array_new ();

  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      JsonObject *object = va_stored_json (list->pdata[i], "checkpoints of the audit log", NULL);

      if (object == NULL)
        {
          g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT,
                       _("a checkpoint of the audit log after record %" PRIu64 " was changed in the database"), after);
          return NULL;
        }
      json_array_add_object_element (array, object);
    }
  return list != NULL ? g_steal_pointer (&array) : NULL;
}

static JsonArray *
write_audit_records (const VaRequest *request, const GPtrArray *list)
{
  JsonArray *records = json_array_new ();

  for (guint i = 0; i < list->len; i++)
    json_array_add_object_element (records, write_record (request, list->pdata[i]));
  return records;
}

/* What goes into “after” for what comes after the page; or, for the newest ones, into “before” for what came before
   it. */
static gint64
next_of (const VaAuditQuery *query, const GPtrArray *list)
{
  const VaStoredAudit *edge = list->pdata[query->newest ? 0 : list->len - 1];

  return (gint64) edge->seq;
}

/* Where the log was pruned, the chain begins behind a signed place. */
static gboolean
find_begin (VaService *service, VaAuditQuery *query, JsonObject **anchor, GError **error)
{
  VaAuditPlace begin;
  g_autofree char *text = NULL;

  if (!va_store_audit_begin (service->store, &begin, &text, error))
    return FALSE;
  if (query->after >= begin.seq)
    return TRUE;
  query->after = begin.seq;
  *anchor = va_json_parse (text, strlen (text), error);
  return *anchor != NULL;
}

static gboolean
handle_audit_list (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  VaAuditQuery query = { NULL };
  g_autoptr(GError) reason = NULL;
  g_autoptr(GPtrArray) list = NULL;
  g_autoptr(JsonObject) anchor = NULL;
  JsonArray *checkpoints = NULL;
  gboolean chain = FALSE, more = FALSE;

  if (!read_query (request, &query, &chain, error))
    return FALSE;
  if (!chain || find_begin (service, &query, &anchor, &reason))
    list = va_store_list_audit (service->store, &query, &more, &reason);
  if (list != NULL && chain && list->len > 0)
    checkpoints =
      write_checkpoints (service, query.after, ((const VaStoredAudit *) list->pdata[list->len - 1])->seq, &reason);
  if (reason != NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  if (!check_shown (request, list, &reason))
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  response->status = 200;
  response->json = json_object_new ();
  if (anchor != NULL)
    json_object_set_object_member (response->json, "anchor", g_steal_pointer (&anchor));
  json_object_set_array_member (response->json, "records", write_audit_records (request, list));
  if (checkpoints != NULL)
    json_object_set_array_member (response->json, "checkpoints", checkpoints);
  if (more && list->len > 0)
    json_object_set_int_member (response->json, "next", next_of (&query, list));
  return TRUE;
}

static gboolean
handle_checkpoint (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaCheckpoint) checkpoint = va_audit_sign (user_data, &reason);

  if (checkpoint == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_NOT_FOUND);
  response->status = 200;
  response->json = va_checkpoint_write (checkpoint);
  return TRUE;
}

static JsonObject *
write_receipt_record (VaService *service, const VaStoredAudit *record, GError **error)
{
  g_autoptr(VaCheckpoint) checkpoint =
    va_signer_sign (service->signer, record->seq, record->link, va_service_now (), error);
  g_autofree char *before = va_hex_encode (record->before, VA_AUDIT_LINK_SIZE);
  JsonObject *object;

  if (checkpoint == NULL)
    return NULL;
  object = json_object_new ();
  json_object_set_string_member (object, "before", before);
  json_object_set_string_member (object, "text", record->text);
  json_object_set_object_member (object, "checkpoint", va_checkpoint_write (checkpoint));
  return object;
}

static JsonArray *
write_receipt (VaService *service, const GPtrArray *list, GError **error)
{
  g_autoptr(JsonArray) records = json_array_new ();

  for (guint i = 0; i < list->len; i++)
    {
      JsonObject *record = va_audit_trail_check (service->trail, list->pdata[i], error)
                             ? write_receipt_record (service, list->pdata[i], error)
                             : NULL;

      if (record == NULL)
        return NULL;
      json_array_add_object_element (records, record);
    }
  return g_steal_pointer (&records);
}

static gboolean
handle_receipt (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  const char *id = request->parts[0];
  VaAuditQuery query = { .owner = request->identity->name, .launch = id, .limit = RECEIPT_MAX, .bytes = VA_PAGE_BYTES };
  gboolean more;
  VaAuditPlace end;
  g_autoptr(GError) reason = NULL;
  g_autoptr(GPtrArray) list = va_store_list_audit (service->store, &query, &more, &reason);
  g_autoptr(JsonArray) records = NULL;

  if (list != NULL && list->len == 0)
    return va_refuse (error, VA_PROBLEM_LAUNCH_UNKNOWN, _("you have no launch %s"), id);
  if (list != NULL && va_audit_trail_follow (service->trail, VA_AUDIT_FOLLOWED_MOST, &end, &reason))
    records = write_receipt (service, list, &reason);
  if (records == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_LAUNCH_UNKNOWN);
  response->status = 200;
  response->json = json_object_new ();
  json_object_set_string_member (response->json, "launch-id", id);
  json_object_set_array_member (response->json, "records", g_steal_pointer (&records));
  return TRUE;
}

const VaServiceModule va_module_audit_list = {
  .routes =
    (const VaRoute[]){
      { "GET", "/v1/launch/{}/receipt", VA_BY_OWNER, 0, handle_receipt, "receipt", FALSE, VA_PAGE_MEMORY },
      { "GET", "/v1/audit", READERS, 0, handle_audit_list, "audit-list", FALSE, VA_PAGE_MEMORY },
      { "POST", "/v1/audit/checkpoint", READERS, 0, handle_checkpoint, "checkpoint" },
      { NULL },
    },
};
