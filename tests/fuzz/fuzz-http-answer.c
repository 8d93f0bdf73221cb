/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "fuzz.h"
#include "http/client-head.h"

/* What a server answers, as the client takes it apart: whatever is taken is within its bounds. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_memdup2 (data, size);
  const char *why = NULL;
  VaClientHead head;
  guint64 chunk;

  if (size == 0)
    return 0;
  if (va_client_head_parse (text, size, &head, &why))
    {
      g_assert_cmpuint (head.status, >=, 100);
      g_assert_cmpuint (head.status, <, 600);
      g_assert_false (head.chunked && head.has_length);
      g_assert_null (memchr (text, '\0', size));
    }
  else
    g_assert_nonnull (why);
  if (va_client_chunk_size (text, size, &chunk))
    g_assert_cmpuint (chunk, <=, G_MAXUINT32);
  return 0;
}
