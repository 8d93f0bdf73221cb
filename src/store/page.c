/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/page.h"

#include <string.h>

typedef struct {
  const VaPageKind *kind;
  gconstpointer asked;
  guint limit;
  gsize bytes;
  GPtrArray *list;
  gsize read;     /* bytes of the list */
  gboolean ended; /* there are no more rows */
  gboolean more;
} PageReading;

static gboolean
is_full (const PageReading *reading)
{
  return reading->list->len >= reading->limit || reading->read > reading->bytes;
}

/* One that does not fit is seen, so that the page can tell that there are more, but is not read. */
static gboolean
take_rows (VaDbStatement *rows, PageReading *reading, guint wanted, GError **error)
{
  guint count = 0;
  int status = 1;

  while (!reading->more && (status = va_db_row (rows, error)) > 0)
    {
      count++;
      reading->more = is_full (reading);
      if (!reading->more)
        {
          g_ptr_array_add (reading->list, reading->kind->read (rows));
          reading->read += reading->kind->size (reading->list->pdata[reading->list->len - 1]);
        }
    }
  reading->ended = status == 0 && count < wanted;
  return status >= 0;
}

/* PostgreSQL sends all that it is asked for, whether it is wanted in the end or not, so little is asked for at once. */
static gboolean
read_rows (VaDb *sql, PageReading *reading, GError **error)
{
  const GPtrArray *list = reading->list;
  guint wanted = is_full (reading) ? 1 : MIN (VA_PAGE_ROWS_AHEAD, reading->limit - list->len + 1);
  g_autoptr(VaDbStatement) rows =
    reading->kind->query (sql, reading->asked, list->len > 0 ? list->pdata[list->len - 1] : NULL, wanted, error);

  return rows != NULL && take_rows (rows, reading, wanted, error);
}

GPtrArray *
va_store_page_read (VaDb *sql, const VaPageKind *kind, gconstpointer asked, guint limit, gsize bytes, gboolean *more,
                    GError **error)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func (kind->free);
  PageReading reading = { .kind = kind, .asked = asked, .limit = limit, .bytes = bytes, .list = list };

  *more = FALSE;
  if (sql == NULL)
    return NULL;
  while (!reading.ended && !reading.more)
    if (!read_rows (sql, &reading, error))
      return NULL;
  *more = reading.more;
  return g_steal_pointer (&list);
}

gsize
va_store_text_size (const char *text)
{
  return text != NULL ? strlen (text) : 0;
}

const char *
va_store_text_after (const char *last, const char *after)
{
  if (last != NULL)
    return last;
  return after != NULL ? after : "";
}
