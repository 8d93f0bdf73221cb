/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "store/sql.h"

/* Records of the audit log, where it begins and where it ends. */
G_BEGIN_DECLS

/** Of a record that va_store_audit_read() reads; the text only where there is nothing else to know its digest from. */
#define VA_AUDIT_LINK_COLUMNS "seq, owner, NULL, link, CASE WHEN digest IS NULL THEN text END, launch, digest, mac"
/**
 * va_store_audit_read: a VaStoredAudit (transfer full). An older record has no MAC; what it is worth depends on the
 * anchor.
 */
gpointer va_store_audit_read (VaDbStatement *row);
/** va_store_audit_check_anchor: the anchor in @row (seq, link, time, text, mac). Errors: AUDIT */
gboolean va_store_audit_check_anchor (VaDbStatement *row, VaSecret *key, VaAuditPlace *anchor, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_refuse_broken: FALSE with @error AUDIT: the record @seq, or one before it, is not as it was written. */
gboolean va_store_refuse_broken (guint64 seq, GError **error);

/**
 * va_store_audit_anchor_end: the anchor of a log that was written before schema version 6: what it has so far is held
 * by its
 * last link. None for an empty log. @now: milliseconds since 1970
 */
gboolean va_store_audit_anchor_end (VaDb *sql, VaSecret *audit_key, gint64 now, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_audit_put_anchor: an anchor at @seq, inside a transaction.
 * @text: the signed checkpoint there, or %NULL
 */
gboolean va_store_audit_put_anchor (VaDb *sql, VaSecret *audit_key, guint64 seq, const guint8 link[VA_AUDIT_LINK_SIZE],
                                    gint64 now, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_store_audit_take_link: a link, or another value of its size, from @row; FALSE, and zeros, where the column has
 * something
 * else.
 */
gboolean va_store_audit_take_link (VaDbStatement *row, int column, guint8 link[VA_AUDIT_LINK_SIZE]);
/**
 * va_store_audit_find_place: 1: the record at @place has its link; 0: it is not there (then @gone is set), or has
 * another one;
 * -1:
 * @error is set.
 */
int va_store_audit_find_place (VaDb *sql, const VaAuditPlace *place, gboolean *gone, GError **error);
/** va_store_audit_read_anchor: the newest one; seq is 0 where there is none. Errors: AUDIT */
gboolean va_store_audit_read_anchor (VaDb *sql, VaAuditPlace *anchor, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_audit_list_links: at most @limit records after @after, of VaStoredAudit, in order, without texts and links
 * before.
 */
GPtrArray *va_store_audit_list_links (VaDbBackend *backend, guint64 after, guint limit, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_audit_find_head: where the log in the database ends, whether or not it ended further on before. Errors:
 * AUDIT
 */
gboolean va_store_audit_find_head (VaDb *sql, VaAuditHead *head, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_audit_read_head: where the next record goes; never before a place where this process has seen the log.
 * Errors: AUDIT
 */
gboolean va_store_audit_read_head (VaDb *sql, VaAuditHead *head, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_audit_write: a record at the audit log's end. @entry: see store.h; %NULL, or without a verdict: none. */
gboolean va_store_audit_write (VaDb *sql, VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_audit_hooks: entries become records, and where the log ends is remembered once that is durable. */
extern const VaDbHooks va_audit_hooks;
/**
 * va_store_audit_remember_head: @head is committed, and is behind none that is remembered; from now on the log reaches
 * there.
 */
void va_store_audit_remember_head (VaDbBackend *backend, const VaAuditHead *head);

G_END_DECLS
