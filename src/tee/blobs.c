/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/blobs.h"

#define BLOBS_MAX 8

typedef struct {
  const char *name;
  GBytes *bytes;
} Blob;

struct _VaBlobs {
  guint count;
  Blob blob[BLOBS_MAX];
};

VaBlobs *
va_blobs_new (void)
{
  return g_new0 (VaBlobs, 1);
}

void
va_blobs_add (VaBlobs *blobs, const char *name, GBytes *bytes)
{
  g_assert (blobs->count < BLOBS_MAX && va_blobs_get (blobs, name) == NULL);
  blobs->blob[blobs->count++] = (Blob){ name, bytes };
}

void
va_blobs_add_copy (VaBlobs *blobs, const char *name, gconstpointer data, gsize size)
{
  va_blobs_add (blobs, name, g_bytes_new (data, size));
}

GBytes *
va_blobs_get (const VaBlobs *blobs, const char *name)
{
  for (guint i = 0; i < blobs->count; i++)
    if (g_str_equal (blobs->blob[i].name, name))
      return blobs->blob[i].bytes;
  return NULL;
}

const guint8 *
va_blobs_get_sized (const VaBlobs *blobs, const char *name, gsize size)
{
  GBytes *bytes = va_blobs_get (blobs, name);

  return bytes != NULL && g_bytes_get_size (bytes) == size ? g_bytes_get_data (bytes, NULL) : NULL;
}

void
va_blobs_free (VaBlobs *blobs)
{
  if (blobs == NULL)
    return;
  for (guint i = 0; i < blobs->count; i++)
    g_bytes_unref (blobs->blob[i].bytes);
  g_free (blobs);
}
