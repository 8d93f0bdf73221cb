/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "audit/chain.h"

#include <gnutls/crypto.h>
#include <string.h>
#include "core/encoding.h"

static void
hash_link (gconstpointer data, gsize size, guint8 out[VA_AUDIT_LINK_SIZE])
{
  if (gnutls_hash_fast (GNUTLS_DIG_SHA256, data, size, out) < 0)
    g_error ("SHA-256 is not available");
}

void
va_audit_digest (const char *text, guint8 digest[VA_AUDIT_LINK_SIZE])
{
  hash_link (text, strlen (text), digest);
}

char *
va_audit_hash (gconstpointer data, gsize size)
{
  guint8 hash[VA_AUDIT_LINK_SIZE];

  hash_link (data, size, hash);
  return va_hex_encode (hash, sizeof hash);
}

void
va_audit_link (const guint8 before[VA_AUDIT_LINK_SIZE], const guint8 digest[VA_AUDIT_LINK_SIZE],
               guint8 link[VA_AUDIT_LINK_SIZE])
{
  guint8 both[2 * VA_AUDIT_LINK_SIZE];

  memcpy (both, before, VA_AUDIT_LINK_SIZE);
  memcpy (both + VA_AUDIT_LINK_SIZE, digest, VA_AUDIT_LINK_SIZE);
  hash_link (both, sizeof both, link);
}
