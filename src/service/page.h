/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/service.h"

/*
 * A page of a list: the request's “after” and “limit”, an array of objects, and “next”, which is there when there is
 * more and is what to put into “after” then. All lists are made here, so that none is larger than a page.
 */
G_BEGIN_DECLS

#define VA_PAGE_BYTES (512 * 1024)         /* of the store's texts; the last one may go beyond it */
#define VA_PAGE_MEMORY (4 * VA_PAGE_BYTES) /* rows, their JSON, and that as a text, at the same time */

/** One kind of list. */
typedef struct {
  const char *name; /* of the array */
  const char *key;  /* the member of each of its objects that says which one it is */
  guint limit_default, limit_max;
  /* one of va_query_uuid(), _hash() and _name() */
  gboolean (*read_after) (const VaRequest *request, const char *name, const char **out, GError **error);
  GPtrArray *(*list) (VaStore *store, const VaPage *page, gboolean *more, GError **error);
  JsonObject *(*write) (VaService *service, gpointer record, GError **error); /* (transfer full) */
  const char *(*id) (gconstpointer record); /* what “after” says of it; borrowed */
  VaProblemCode not_found;
} VaListKind;

/**
 * va_list_answer: the page of @kind that @request asks for. One that cannot be opened (other hands have changed it, or
 * its key is not there) stands in it with its key and "unreadable": true alone, so that it does not keep the others
 * from anybody.
 * @page: what else selects it
 * Errors: VA_PROBLEM_BAD_REQUEST, those of the store
 */
gboolean va_list_answer (const VaListKind *kind, VaService *service, const VaRequest *request, VaPage *page,
                         VaResponse *response, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
