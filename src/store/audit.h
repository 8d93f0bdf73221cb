/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "audit/mac.h"
#include "store/backend.h"

/* The audit log, as the store has it. */
G_BEGIN_DECLS

/** What a stored record of the audit log is worth by itself. */
typedef enum {
  VA_AUDIT_BROKEN,  /* others have changed it or put it there */
  VA_AUDIT_CHAINED, /* from before schema version 6: it counts if the chain from it to the anchor holds */
  VA_AUDIT_HELD,    /* as the service has written it */
} VaAuditTrust;

/** What a peer was after that it was refused. */
typedef struct {
  enum { VA_AIMED_REGISTRATION, VA_AIMED_SECRET, VA_AIMED_LAUNCH } kind;
  const char *id;   /* of the registration or launch, or the secret's name */
  const char *peer; /* the owner who asked, whose own it may be as well; "": it was no owner */
} VaAimed;

/** A record of the audit log. */
typedef struct {
  guint64 seq;
  char *owner;                                                 /* %NULL: only operators and auditors may read it */
  char *launch;                                                /* %NULL: it is of none */
  guint8 before[VA_AUDIT_LINK_SIZE], link[VA_AUDIT_LINK_SIZE]; /* the chain before and after it */
  guint8 digest[VA_AUDIT_LINK_SIZE];                           /* of its text */
  char *text;                                                  /* %NULL where only links are read */
  gboolean has_mac;
  guint8 mac[VA_AUDIT_MAC_SIZE];
  VaAuditTrust trust;
} VaStoredAudit;

/** A place where the stored chain begins: records up to seq are held by its link alone, or have been removed. */
typedef struct {
  guint64 seq; /* 0: there is none, the chain begins with record 1 */
  guint8 link[VA_AUDIT_LINK_SIZE];
} VaAuditPlace;

/** The audit log's end. */
typedef struct {
  guint64 seq; /* 0: it is empty */
  guint8 link[VA_AUDIT_LINK_SIZE];
  guint64 signed_seq; /* of the newest checkpoint */
} VaAuditHead;

void va_stored_audit_free (VaStoredAudit *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredAudit, va_stored_audit_free)

/** Which records of the audit log. */
typedef struct {
  const char *owner;  /* only those that they may read; %NULL: all */
  const char *launch; /* only those of this launch; %NULL: all */
  const char *reader; /* others' records come without their text, if their digest is stored; %NULL: all with it */
  guint64 after;      /* with a larger seq */
  guint64 before;     /* with a smaller seq; 0: no bound */
  guint limit;
  gsize bytes;     /* the one with which all texts together are more than this is the last */
  gboolean newest; /* the last ones; else the first. Always in the order of seq. */
} VaAuditQuery;

/** va_store_note: a record of its own, without a change: a refusal. */
gboolean va_store_note (VaStore *store, VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_note_attempt: the same, and another record, @attempt, for the owner of what @aimed names, in one
 * transaction. It is written even if nobody has that, so that the log's length does not tell; it then has no owner.
 * Where several owners have a registration or a secret of one name, it is for the one whose is oldest.
 */
gboolean va_store_note_attempt (VaStore *store, const VaAimed *aimed, VaAuditEntry *attempt, VaAuditEntry *entry,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_list_audit: of VaStoredAudit. Records that others have changed are among them: see their trust.
 * @more: (out): others come after them; with query->newest: before them
 */
GPtrArray *va_store_list_audit (VaStore *store, const VaAuditQuery *query, gboolean *more, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_audit_head: where the log ends. */
gboolean va_store_audit_head (VaStore *store, VaAuditHead *head, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_audit_anchor: where the chain begins that MACs hold: from there on every record must be the service's.
 * Errors: AUDIT when others have changed it
 */
gboolean va_store_audit_anchor (VaStore *store, VaAuditPlace *anchor, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_audit_begin: where the log begins since it was pruned; place->seq 0: it was not.
 * @text: (out) (transfer full) (optional): the signed checkpoint at @place, JSON; %NULL: there is none
 * Errors: AUDIT when others have changed it
 */
gboolean va_store_audit_begin (VaStore *store, VaAuditPlace *place, char **text, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_audit_follow: goes on from @place, not before the anchor, to the log's end, while each record is the next
 * one, fits the chain, and has the store's MAC.
 * @place: (inout): also with an error: how far it went
 * @most: records, then it stops
 * @at_end: (out): whether @place is the end now
 * Errors: AUDIT: where the log is not what the service has written, or shorter than @place
 */
gboolean va_store_audit_follow (VaStore *store, VaAuditPlace *place, guint64 most, gboolean *at_end, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_audit_reaches: whether the chain from @record, of the time before schema version 6, goes on to @end.
 * Errors: AUDIT; FAILED when that takes more than @most records
 */
gboolean va_store_audit_reaches (VaStore *store, const VaStoredAudit *record, const VaAuditPlace *end, guint64 most,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_put_checkpoint: @text: JSON, of the checkpoint at @seq, in place of one that is there. */
gboolean va_store_put_checkpoint (VaStore *store, guint64 seq, const char *text, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_newest_checkpoints: of char *: the last @limit, newest first; nobody has checked them. */
GPtrArray *va_store_newest_checkpoints (VaStore *store, guint limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_list_checkpoints: of char *: those with after < seq <= upto, in order; the newest hundred of them. */
GPtrArray *va_store_list_checkpoints (VaStore *store, guint64 after, guint64 upto, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
