/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/page.h"

#include "service/query.h"
#include "service/refusal.h"

static gboolean
read_page (const VaListKind *kind, const VaRequest *request, VaPage *page, GError **error)
{
  guint64 limit = kind->limit_default;

  if (!kind->read_after (request, "after", &page->after, error)
      || !va_query_number (request, "limit", 1, kind->limit_max, &limit, error))
    return FALSE;
  page->limit = (guint) limit;
  page->bytes = VA_PAGE_BYTES;
  return TRUE;
}

static JsonArray *
write_all (const VaListKind *kind, VaService *service, const GPtrArray *list, GError **error)
{
  g_autoptr(JsonArray) array = json_array_new ();

  for (guint i = 0; i < list->len; i++)
    {
      JsonObject *object = kind->write (service, list->pdata[i], error);

      if (object == NULL)
        return NULL;
      json_array_add_object_element (array, object);
    }
  return g_steal_pointer (&array);
}

gboolean
va_list_answer (const VaListKind *kind, VaService *service, const VaRequest *request, VaPage *page, VaResponse *response,
                GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(GPtrArray) list = NULL;
  JsonArray *array = NULL;
  gboolean more;

  if (!read_page (kind, request, page, error))
    return FALSE;
  list = kind->list (service->store, page, &more, &reason);
  if (list != NULL)
    array = write_all (kind, service, list, &reason);
  if (array == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), kind->not_found);
  response->status = 200;
  response->json = json_object_new ();
  json_object_set_array_member (response->json, kind->name, array);
  if (more)
    json_object_set_string_member (response->json, "next", kind->id (list->pdata[list->len - 1]));
  return TRUE;
}
