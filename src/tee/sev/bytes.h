/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Integers of SEV's formats are little-endian and may lie anywhere. */

static inline guint16
va_get_le16 (const guint8 *p)
{
  return (guint16) (p[0] | p[1] << 8);
}

static inline guint32
va_get_le32 (const guint8 *p)
{
  return (guint32) p[0] | (guint32) p[1] << 8 | (guint32) p[2] << 16 | (guint32) p[3] << 24;
}

static inline void
va_put_le16 (guint8 *p, guint16 value)
{
  p[0] = (guint8) value;
  p[1] = (guint8) (value >> 8);
}

static inline void
va_put_le32 (guint8 *p, guint32 value)
{
  for (guint i = 0; i < 4; i++)
    p[i] = (guint8) (value >> 8 * i);
}

/** va_bytes_reverse: copies @size bytes the other way round; the two must not overlap. */
static inline void
va_bytes_reverse (guint8 *out, const guint8 *in, gsize size)
{
  for (gsize i = 0; i < size; i++)
    out[i] = in[size - 1 - i];
}

static inline gboolean
va_bytes_are_zero (const guint8 *p, gsize size)
{
  guint8 any = 0;

  for (gsize i = 0; i < size; i++)
    any |= p[i];
  return any == 0;
}
