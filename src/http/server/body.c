/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/body.h"

#include <string.h>

void
va_body_grow (VaBody *body, gsize room)
{
  VaSecret *larger;

  body->room = room;
  if (body->is_plain)
    {
      body->plain = g_realloc (body->plain, room);
      return;
    }
  larger = va_secret_new (room);
  if (body->used > 0)
    memcpy (va_secret_data (larger), va_secret_data (body->secret), body->used);
  va_secret_free (body->secret);
  body->secret = larger;
}

void
va_body_add (VaBody *body, gconstpointer data, gsize size)
{
  guint8 *start = body->is_plain ? body->plain : va_secret_data (body->secret);

  memcpy (start + body->used, data, size);
  body->used += size;
}

void
va_body_clear (VaBody *body)
{
  g_clear_pointer (&body->secret, va_secret_free);
  g_clear_pointer (&body->plain, g_free);
  body->room = body->used = 0;
}

VaSecret *
va_body_take_secret (VaBody *body)
{
  VaSecret *secret = body->secret != NULL ? g_steal_pointer (&body->secret) : va_secret_new (0);

  va_secret_truncate (secret, body->used);
  va_body_clear (body);
  return secret;
}

GBytes *
va_body_take_plain (VaBody *body)
{
  GBytes *bytes = g_bytes_new_take (g_steal_pointer (&body->plain), body->used);

  va_body_clear (body);
  return bytes;
}

void
va_body_put_back (VaBody *body, VaSecret *secret)
{
  va_body_clear (body);
  body->secret = secret;
  body->room = body->used = va_secret_size (secret);
}
