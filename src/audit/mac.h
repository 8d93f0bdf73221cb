/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/chain.h"
#include "core/secret.h"

/*
 * What keeps others than the service from adding to the stored log, or from changing it: the chain itself has no key.
 * The MACs are HMAC-SHA256 under a key of the store's and never leave it; a reader of an export needs signatures only.
 */
G_BEGIN_DECLS

#define VA_AUDIT_KEY_SIZE 32
#define VA_AUDIT_MAC_SIZE 32

/** What of a record is authenticated; its text is, by @digest. */
typedef struct {
  guint64 seq;
  const guint8 *link, *digest; /* VA_AUDIT_LINK_SIZE bytes each */
  const char *owner, *launch;  /* %NULL: none */
} VaAuditRecord;

/** va_audit_record_mac: @key: VA_AUDIT_KEY_SIZE bytes. */
void va_audit_record_mac (VaSecret *key, const VaAuditRecord *record, guint8 mac[VA_AUDIT_MAC_SIZE]);
/**
 * va_audit_anchor_mac: of a place where the stored chain begins.
 * @time: milliseconds since 1970 UTC
 * @text: the signed checkpoint at that place, or %NULL
 */
void va_audit_anchor_mac (VaSecret *key, guint64 seq, const guint8 link[VA_AUDIT_LINK_SIZE], gint64 time,
                          const char *text, guint8 mac[VA_AUDIT_MAC_SIZE]);

G_END_DECLS
