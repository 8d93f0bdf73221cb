/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/service.h"

/* What keeps the store from growing without bound: a rate for changes, and a reserve of its file system for launches.
   */
G_BEGIN_DECLS

/**
 * va_store_room_for_change: whether @request, which adds or changes something that is kept and on record, may go on.
 * @adds: it makes the store larger for good
 * Errors: VA_PROBLEM_TOO_MANY_CHANGES, VA_PROBLEM_STORE_FULL
 */
gboolean va_store_room_for_change (VaService *service, const VaRequest *request, gboolean adds, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
