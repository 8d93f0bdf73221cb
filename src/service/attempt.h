/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/service.h"

/* Refusals of a peer that asked for something which does not exist, or belongs to another peer. */
G_BEGIN_DECLS

/**
 * va_attempt_find: what @request was after when it was refused with @error. It depends on nothing but the request and
 * the answer, so that what is put on record tells the peer nothing about the object.
 * @request: its record has been begun
 * @aimed: (out): borrows from @request
 * Returns: FALSE when no other peer's object can be meant
 */
gboolean va_attempt_find (const VaRequest *request, const GError *error, VaAimed *aimed);
/**
 * va_attempt_write: the record of it for the object's owner. Of the peer it has role and name alone.
 * Returns: (transfer full)
 */
VaAuditEntry *va_attempt_write (const VaRequest *request, const GError *error, const VaAimed *aimed);

G_END_DECLS
