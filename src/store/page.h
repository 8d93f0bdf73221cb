/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/sql.h"

/* Every list is read here: no further than its page wants, in number and in bytes. */
G_BEGIN_DECLS

/** How the rows of one list are asked for, and what they become. */
typedef struct {
  /* At most @limit rows: those that come after @last, which is %NULL for the first ones of the page. */
  VaDbStatement *(*query) (VaDb *sql, gconstpointer asked, gconstpointer last, gint64 limit, GError **error);
  gpointer (*read) (VaDbStatement *row);
  gsize (*size) (gconstpointer record); /* bytes that it counts for */
  GDestroyNotify free;
} VaPageKind;

/**
 * va_store_page_read: rows through kind->read, until there are @limit of them, or until the one with which they are
 * more than
 * @bytes. No more than VA_PAGE_ROWS_AHEAD rows beyond that are read.
 * @asked: for kind->query
 * @more: (out): whether there are others after them
 * Returns: (transfer full): of records that the array frees
 */
GPtrArray *va_store_page_read (VaDb *sql, const VaPageKind *kind, gconstpointer asked, guint limit, gsize bytes,
                               gboolean *more, GError **error) G_GNUC_WARN_UNUSED_RESULT;
#define VA_PAGE_ROWS_AHEAD 10

/** va_store_text_size: of a text that may be %NULL. */
gsize va_store_text_size (const char *text);
/** va_store_text_after: what every text of the list sorts after; @after may be %NULL. */
const char *va_store_text_after (const char *last, const char *after);

G_END_DECLS
