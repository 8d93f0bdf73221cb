/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/pages.h"

#include <string.h>
#include "cli/answer.h"
#include "core/error.h"
#include "core/i18n.h"

/* What has been read so far. */
typedef struct {
  const VaPages *pages;
  guint most;
  JsonArray *all;
  GHashTable *seen;  /* of each “next”, so that a broken service is not asked for ever */
  const char *after; /* borrowed from @seen; %NULL: the first page is next */
  gboolean ended;
} AnswerReading;

static void
add_answer_page (AnswerReading *reading, JsonArray *page)
{
  for (guint i = 0; i < va_answer_length (page) && json_array_get_length (reading->all) < reading->most; i++)
    json_array_add_element (reading->all, json_array_dup_element (page, i));
}

/* Each page must lead on from its own end to one that was not asked for before. */
static gboolean
check_next (AnswerReading *reading, const char *next, JsonArray *page, GError **error)
{
  guint length = va_answer_length (page);
  JsonObject *last = length > 0 ? va_answer_element (page, length - 1) : NULL;
  const char *id = last != NULL ? va_answer_text (last, reading->pages->id) : NULL;

  if (next != NULL && id != NULL && g_str_equal (next, id) && g_hash_table_add (reading->seen, g_strdup (next)))
    {
      reading->after = g_hash_table_lookup (reading->seen, next);
      return TRUE;
    }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
               _("the service sent an invalid answer: the page after “%s” claims to continue after “%s”"),
               reading->after != NULL ? reading->after : "", next != NULL ? next : "");
  return FALSE;
}

static char *
make_page_path (const AnswerReading *reading)
{
  const char *path = reading->pages->path;
  g_autofree char *escaped = NULL;

  if (reading->after == NULL)
    return g_strdup (path);
  escaped = g_uri_escape_string (reading->after, NULL, FALSE);
  return g_strconcat (path, strchr (path, '?') != NULL ? "&" : "?", "after=", escaped, NULL);
}

static gboolean
read_answer_page (VaCall *call, AnswerReading *reading, GError **error)
{
  g_autofree char *path = make_page_path (reading);
  g_autoptr(JsonObject) answer = NULL;
  JsonArray *page;

  if (!va_call_ask (call, "GET", path, NULL, &answer, error))
    return FALSE;
  page = va_answer_array (answer, reading->pages->member);
  reading->ended = !json_object_has_member (answer, "next");
  if (!reading->ended && !check_next (reading, va_answer_text (answer, "next"), page, error))
    return FALSE;
  add_answer_page (reading, page);
  if (json_array_get_length (reading->all) < reading->most)
    return TRUE;
  if (reading->pages->most == 0 && !reading->ended)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("the service's list has more than %u elements"),
                   reading->most);
      return FALSE;
    }
  reading->ended = TRUE;
  return TRUE;
}

JsonObject *
va_pages_ask (VaCall *call, const VaPages *pages, GError **error)
{
  g_autoptr(JsonArray) all = json_array_new ();
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  AnswerReading reading = {
    .pages = pages, .most = pages->most != 0 ? pages->most : VA_PAGES_MOST, .all = all, .seen = seen
  };
  JsonObject *object;

  while (!reading.ended)
    if (!read_answer_page (call, &reading, error))
      return NULL;
  object = json_object_new ();
  json_object_set_array_member (object, pages->member, g_steal_pointer (&all));
  return object;
}
