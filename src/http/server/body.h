/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"

G_BEGIN_DECLS

/**
 * A request's body while it comes in: a secret, in locked memory; or, for routes whose bodies are large and no secrets,
 * plain memory, so that uploads leave the locked memory to secrets.
 */
typedef struct {
  gboolean is_plain;
  VaSecret *secret; /* its size is the room there is; %NULL: none yet */
  guint8 *plain;
  gsize room, used;
} VaBody;

/** va_body_grow: @room: bytes, more than there is */
void va_body_grow (VaBody *body, gsize room);
/** va_body_add: @size bytes for which there is room. */
void va_body_add (VaBody *body, gconstpointer data, gsize size);
/** va_body_clear: empties and frees it; it stays plain or a secret. */
void va_body_clear (VaBody *body);
/**
 * va_body_take_secret, _plain: all that has come, which @body then no longer has. Returns: (transfer full), never
 * %NULL.
 */
VaSecret *va_body_take_secret (VaBody *body);
/** va_body_take_plain: the same, of a body that is no secret. Returns: (transfer full). */
GBytes *va_body_take_plain (VaBody *body);
/** va_body_put_back: what va_body_take_secret() gave, into @body again. @secret: (transfer full) */
void va_body_put_back (VaBody *body, VaSecret *secret);

G_END_DECLS
