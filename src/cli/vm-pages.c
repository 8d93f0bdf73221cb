/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "vm-pages.h"

#include "answer.h"
#include "core/error.h"
#include "core/guid.h"
#include "core/i18n.h"

static void
add_page (JsonArray *all, JsonArray *page)
{
  for (guint i = 0; i < va_answer_length (page); i++)
    json_array_add_element (all, json_array_dup_element (page, i));
}

/* Each page must lead further than the one before, or a broken service would be asked for ever. */
static gboolean
check_next (const char *after, const char *next, JsonArray *page, GError **error)
{
  if (next != NULL && va_uuid_is_canonical (next) && g_strcmp0 (next, after) > 0 && va_answer_length (page) > 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
               _("the service gave a broken answer: behind the registration “%s” its list goes on behind “%s”"),
               after != NULL ? after : "", next != NULL ? next : "");
  return FALSE;
}

/* @after: (inout): the id behind which the page begins, then that of the next one; %NULL: of the first one, or none */
static gboolean
read_page (VaCall *call, JsonArray *all, char **after, GError **error)
{
  g_autofree char *path = *after != NULL ? g_strconcat ("/v1/vm?after=", *after, NULL) : g_strdup ("/v1/vm");
  g_autoptr(JsonObject) answer = NULL;
  JsonArray *page;
  const char *next;

  if (!va_call_ask (call, "GET", path, NULL, &answer, error))
    return FALSE;
  page = va_answer_array (answer, "vms");
  next = va_answer_text (answer, "next");
  if (json_object_has_member (answer, "next") && !check_next (*after, next, page, error))
    return FALSE;
  add_page (all, page);
  g_free (*after);
  *after = g_strdup (next);
  return TRUE;
}

JsonArray *
va_vm_ask_all (VaCall *call, GError **error)
{
  g_autoptr(JsonArray) all = json_array_new ();
  g_autofree char *after = NULL;

  do
    if (!read_page (call, all, &after, error))
      return NULL;
  while (after != NULL);
  return g_steal_pointer (&all);
}
