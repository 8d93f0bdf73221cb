/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "audit/chain.h"

#include <gnutls/crypto.h>
#include <string.h>
#include "core/encoding.h"
#include "core/random.h"

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

void
va_audit_link (const guint8 before[VA_AUDIT_LINK_SIZE], const guint8 digest[VA_AUDIT_LINK_SIZE],
               guint8 link[VA_AUDIT_LINK_SIZE])
{
  guint8 both[2 * VA_AUDIT_LINK_SIZE];

  memcpy (both, before, VA_AUDIT_LINK_SIZE);
  memcpy (both + VA_AUDIT_LINK_SIZE, digest, VA_AUDIT_LINK_SIZE);
  hash_link (both, sizeof both, link);
}

JsonObject *
va_audit_entry (gint64 time, const char *what)
{
  JsonObject *entry = json_object_new ();

  json_object_set_int_member (entry, "time", time);
  json_object_set_string_member (entry, "what", what);
  return entry;
}

static void
copy_member (JsonObject *object, const char *name, JsonNode *node, gpointer copy)
{
  json_object_set_member (copy, name, json_node_copy (node));
}

char *
va_audit_text (JsonObject *entry, guint64 seq)
{
  g_autoptr(JsonObject) record = json_object_new ();
  guint8 salt[VA_AUDIT_SALT_SIZE];
  g_autofree char *hex = NULL;

  va_random_fill (salt, sizeof salt);
  hex = va_hex_encode (salt, sizeof salt);
  json_object_set_int_member (record, "seq", (gint64) seq);
  json_object_foreach_member (entry, copy_member, record);
  json_object_set_string_member (record, "salt", hex);
  return va_json_print (record);
}
