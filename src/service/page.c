/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/page.h"

#include "kek/seal.h"
#include "service/log.h"
#include "service/query.h"
#include "service/refusal.h"
#include "store/error.h"
#include "kek/kek.h"

static gboolean
read_page_query (const VaListKind *kind, const VaRequest *request, VaPage *page, GError **error)
{
  guint64 limit = kind->limit_default;

  if (!kind->read_after (request, "after", &page->after, error)
      || !va_query_number (request, "limit", 1, kind->limit_max, &limit, error))
    return FALSE;
  page->limit = (guint) limit;
  page->bytes = VA_PAGE_BYTES;
  return TRUE;
}

/* What is wrong with this one alone, and not with the database that it comes from. */
static gboolean
is_unreadable (const GError *reason)
{
  return g_error_matches (reason, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN) || reason->domain == VA_KEK_ERROR;
}

static JsonObject *
write_unreadable (const VaListKind *kind, gconstpointer record)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, kind->key, kind->id (record));
  json_object_set_boolean_member (object, "unreadable", TRUE);
  return object;
}

/* The first of a page is in the log in full; many of them would fill it each time that somebody asks. */
static void
log_unreadable (const VaListKind *kind, guint count, const char *first)
{
  if (count == 1)
    va_log (VA_LOG_ERROR, "one of the %s cannot be opened: %s", kind->name, first);
  else if (count > 1)
    va_log (VA_LOG_ERROR, "%u of the %s cannot be opened, the first one: %s", count, kind->name, first);
}

static JsonArray *
write_page_records (const VaListKind *kind, VaService *service, const GPtrArray *list, GError **error)
{
  g_autoptr(JsonArray) array = json_array_new ();
  g_autofree char *first = NULL;
  guint unreadable = 0;

  for (guint i = 0; i < list->len; i++)
    {
      g_autoptr(GError) reason = NULL;
      JsonObject *object = kind->write (service, list->pdata[i], &reason);

      if (object == NULL && !is_unreadable (reason))
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return NULL;
        }
      if (object == NULL && unreadable++ == 0)
        first = g_strdup (reason->message);
      json_array_add_object_element (array, object != NULL ? object : write_unreadable (kind, list->pdata[i]));
    }
  log_unreadable (kind, unreadable, first);
  return g_steal_pointer (&array);
}

gboolean
va_list_answer (const VaListKind *kind, VaService *service, const VaRequest *request, VaPage *page,
                VaResponse *response, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(GPtrArray) list = NULL;
  JsonArray *array = NULL;
  gboolean more;

  if (!read_page_query (kind, request, page, error))
    return FALSE;
  list = kind->list (service->store, page, &more, &reason);
  if (list != NULL)
    array = write_page_records (kind, service, list, &reason);
  if (array == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), kind->not_found);
  response->status = 200;
  response->json = json_object_new ();
  json_object_set_array_member (response->json, kind->name, array);
  if (more)
    json_object_set_string_member (response->json, "next", kind->id (list->pdata[list->len - 1]));
  return TRUE;
}
