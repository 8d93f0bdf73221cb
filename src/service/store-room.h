/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/service.h"

/* What keeps the store from growing without bound: a rate for changes, and a reserve of its file system for launches.
   */
G_BEGIN_DECLS

/**
 * va_store_room_free: bytes of the store's file system that the service may still write.
 * Returns: FALSE: that is not known, as of a database elsewhere
 */
gboolean va_store_room_free (const VaService *service, guint64 *bytes);
/** va_store_room_measure: the store's size in bytes and rows, for va_store_room_used(). In a thread that may wait. */
void va_store_room_measure (VaService *service);
/**
 * va_store_room_used: bytes of the store, as they were not long ago.
 * Returns: FALSE: the database does not say
 */
gboolean va_store_room_used (VaService *service, guint64 *bytes);
/** va_store_room_rows: what va_store_room_measure() has counted. Returns: FALSE: nothing yet */
gboolean va_store_room_rows (VaService *service, guint64 rows[VA_STORE_TABLES]);
/**
 * va_store_room_for_change: whether @request, which adds or changes something that is kept and on record, may go on.
 * @adds: it makes the store larger for good
 * Errors: VA_PROBLEM_TOO_MANY_CHANGES, VA_PROBLEM_STORE_FULL
 */
gboolean va_store_room_for_change (VaService *service, const VaRequest *request, gboolean adds, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
