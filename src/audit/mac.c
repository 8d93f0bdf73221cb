/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "audit/mac.h"

#include <gnutls/crypto.h>
#include <string.h>

/* Each part stands behind its length, so that none runs into another, and nothing is the same as an empty text. */
static void
add_bytes (gnutls_hmac_hd_t hmac, gconstpointer data, gsize size)
{
  guint64 length = GUINT64_TO_BE (data != NULL ? (guint64) size : G_MAXUINT64);

  gnutls_hmac (hmac, &length, sizeof length);
  if (data != NULL && size > 0)
    gnutls_hmac (hmac, data, size);
}

static void
add_mac_text (gnutls_hmac_hd_t hmac, const char *text)
{
  add_bytes (hmac, text, text != NULL ? strlen (text) : 0);
}

static void
add_number (gnutls_hmac_hd_t hmac, guint64 number)
{
  guint64 bytes = GUINT64_TO_BE (number);

  add_bytes (hmac, &bytes, sizeof bytes);
}

static gnutls_hmac_hd_t
begin_mac (VaSecret *key, const char *what)
{
  gnutls_hmac_hd_t hmac;

  g_assert (va_secret_size (key) == VA_AUDIT_KEY_SIZE);
  if (gnutls_hmac_init (&hmac, GNUTLS_MAC_SHA256, va_secret_data (key), VA_AUDIT_KEY_SIZE) < 0)
    g_error ("HMAC-SHA256 is not available");
  add_mac_text (hmac, what);
  return hmac;
}

void
va_audit_record_mac (VaSecret *key, const VaAuditRecord *record, guint8 mac[VA_AUDIT_MAC_SIZE])
{
  gnutls_hmac_hd_t hmac = begin_mac (key, "virt-attest audit record 1");

  add_number (hmac, record->seq);
  add_bytes (hmac, record->link, VA_AUDIT_LINK_SIZE);
  add_bytes (hmac, record->digest, VA_AUDIT_LINK_SIZE);
  add_mac_text (hmac, record->owner);
  add_mac_text (hmac, record->launch);
  gnutls_hmac_deinit (hmac, mac);
}

void
va_audit_anchor_mac (VaSecret *key, guint64 seq, const guint8 link[VA_AUDIT_LINK_SIZE], gint64 time, const char *text,
                     guint8 mac[VA_AUDIT_MAC_SIZE])
{
  gnutls_hmac_hd_t hmac = begin_mac (key, "virt-attest audit anchor 1");

  add_number (hmac, seq);
  add_bytes (hmac, link, VA_AUDIT_LINK_SIZE);
  add_number (hmac, (guint64) time);
  add_mac_text (hmac, text);
  gnutls_hmac_deinit (hmac, mac);
}
