/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/call.h"

/** A list of the service's, which it gives in pages. */
typedef struct {
  const char *path;   /* "/v1/vm", with “?” and a query or without */
  const char *member; /* the array in each answer */
  const char *id;     /* the member of an element that the next page comes after */
  guint most;         /* elements, at most; 0: as many as there are, up to VA_PAGES_MOST */
} VaPages;

#define VA_PAGES_MOST 200000

/**
 * va_pages_ask: the list's first elements, from as many pages as it takes.
 * Returns: (transfer full): an object with the one member pages->member, as if the list had come in one answer; or
 *   %NULL with @error set
 * Errors: those of va_call_ask(); VA_CORE_ERROR_PEER when the pages lead nowhere, or to more than VA_PAGES_MOST
 * elements
 */
JsonObject *va_pages_ask (VaCall *call, const VaPages *pages, GError **error) G_GNUC_WARN_UNUSED_RESULT;
