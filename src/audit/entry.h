/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"

/*
 * An entry: what becomes a record of the audit log, in the transaction that makes what it says true. Who decides sets
 * its verdict; an entry without one becomes no record. Its members are written in the order in which they were first
 * set, and one that is set again keeps its place.
 */
G_BEGIN_DECLS

/* Every verdict, and the word of it in a record, as its member "result". */
#define VA_AUDIT_VERDICTS(X) \
  X (APPROVED, "approved") \
  X (CHANGED, "changed") \
  X (DENIED, "denied") \
  X (DONE, "done") \
  X (ENDED, "ended") \
  X (FAILED, "failed") \
  X (GRANTED, "granted") \
  X (PROPOSED, "proposed") \
  X (PRUNED, "pruned") \
  X (REGISTERED, "registered") \
  X (REMOVED, "removed") \
  X (REVOKED, "revoked") \
  X (RUNNING, "running") \
  X (STORED, "stored") \
  X (VALIDATED, "validated") \
  X (WAITING, "waiting") \
  X (WITHDRAWN, "withdrawn")

typedef enum {
  VA_AUDIT_VERDICT_NONE,    /* nothing was decided or changed: no record */
  VA_AUDIT_VERDICT_REFUSED, /* "result" is the refusal's code */
#define VA_AUDIT_VERDICT(name, word) VA_AUDIT_VERDICT_##name,
  VA_AUDIT_VERDICTS (VA_AUDIT_VERDICT)
#undef VA_AUDIT_VERDICT
} VaAuditVerdict;

/* Every other member of a record, and its name there. */
#define VA_AUDIT_MEMBERS(X) \
  X (APPROVALS_TAKEN_BACK, "approvals-taken-back") /* TRUE */ \
  X (BEFORE, "before")                             /* milliseconds since 1970 UTC: what was pruned is older */ \
  X (CALL, "call")                                 /* of an attempt: the refused request's name */ \
  X (CLAIMED_LAUNCH, "claimed-launch-id")          /* what the peer named, whether there is one or not */ \
  X (DETAIL, "detail")                             /* of a verdict, for the owner */ \
  X (DOMAIN, "domain")                             /* object: the host's domain */ \
  X (EVIDENCE, "evidence")                         /* object: what a launch was validated by */ \
  X (FIRMWARE, "firmware")                         /* hash of an image */ \
  X (FIRMWARE_ERROR, "firmware-error")             /* number, the platform's own */ \
  X (GENERATION, "generation")                     /* of the platform's processor */ \
  X (HOST, "host") \
  X (LAUNCH, "launch-id")          /* the record is one of that launch's, and in its receipt */ \
  X (LAUNCHES, "launches")         /* number that was approved */ \
  X (OWNER, "owner")               /* who may read the record */ \
  X (PATH, "path")                 /* of the request */ \
  X (PLATFORM, "platform")         /* object: what the platform gave, by its hashes */ \
  X (POLICY, "policy")             /* number: the guest's */ \
  X (PROPOSAL, "proposal")         /* digest of what was proposed */ \
  X (PROPOSER, "proposed-by")      /* person */ \
  X (REGISTRATION, "registration") /* object */ \
  X (REGISTRATION_HASH, "registration-hash") \
  X (REGISTRATION_SIZE, "registration-size") \
  X (REQUEST, "request")                   /* the request's id */ \
  X (SECRET, "secret")                     /* name of one */ \
  X (SECRETS_LEFT_OUT, "secrets-left-out") /* names */ \
  X (SOURCE, "source")                     /* object: what the host says of who made the domain */ \
  X (TERMS, "fixed")                       /* hash of what a launch will be decided by */ \
  X (UNTIL, "until")                       /* seconds since 1970 UTC: end of an approval */ \
  X (UP_TO, "up-to")                       /* number of the last record that was pruned */ \
  X (VERSION, "version")                   /* of the registration */ \
  X (VM, "vm")                             /* id of the registration */ \
  X (WHY, "why")                           /* of a refusal or an end */

typedef enum {
#define VA_AUDIT_MEMBER(member, name) VA_AUDIT_##member,
  VA_AUDIT_MEMBERS (VA_AUDIT_MEMBER)
#undef VA_AUDIT_MEMBER
    VA_AUDIT_MEMBER_COUNT
} VaAuditMember;

/** Who did it, as the member "who": what is %NULL is not in it. */
typedef struct {
  const char *role;
  const char *name;        /* in the certificate */
  const char *user;        /* of this machine */
  const char *person;      /* in an owner's certificate */
  const char *certificate; /* its hash, in hex */
} VaAuditPeer;

/** VaAuditEntry: of one thread at a time. */
typedef struct _VaAuditEntry VaAuditEntry;

/**
 * va_audit_entry_new: an entry without a verdict.
 * @time: milliseconds since 1970 UTC
 * @what: the decision or change, e.g. "launch"
 * @who: (nullable)
 * Returns: (transfer full)
 */
VaAuditEntry *va_audit_entry_new (gint64 time, const char *what, const VaAuditPeer *who);
void va_audit_entry_free (VaAuditEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaAuditEntry, va_audit_entry_free)

/** va_audit_entry_decide: @verdict: any but _REFUSED; _NONE takes an earlier one back. */
void va_audit_entry_decide (VaAuditEntry *entry, VaAuditVerdict verdict);
/** va_audit_entry_refuse: the verdict is _REFUSED, for the reason @code, e.g. "vm-unknown". @why: a sentence. */
void va_audit_entry_refuse (VaAuditEntry *entry, const char *code, const char *why);
/** va_audit_entry_verdict: what was decided so far. */
VaAuditVerdict va_audit_entry_verdict (const VaAuditEntry *entry);

/** va_audit_entry_set_text: a member of its own; @text is copied. */
void va_audit_entry_set_text (VaAuditEntry *entry, VaAuditMember member, const char *text);
/** va_audit_entry_set_number: a member of its own, as a number. */
void va_audit_entry_set_number (VaAuditEntry *entry, VaAuditMember member, gint64 number);
/** va_audit_entry_set_flag: that it is so. */
void va_audit_entry_set_flag (VaAuditEntry *entry, VaAuditMember member);
/** va_audit_entry_set_hash: the SHA-256 of @size bytes at @data, in hex. */
void va_audit_entry_set_hash (VaAuditEntry *entry, VaAuditMember member, gconstpointer data, gsize size);
/** va_audit_entry_set_names: @names: of char *. */
void va_audit_entry_set_names (VaAuditEntry *entry, VaAuditMember member, const GPtrArray *names);
/** va_audit_entry_set_object: @object: (transfer full). */
void va_audit_entry_set_object (VaAuditEntry *entry, VaAuditMember member, JsonObject *object);
/** va_audit_entry_clear: @member is no longer in it, such as what an earlier try has set. */
void va_audit_entry_clear (VaAuditEntry *entry, VaAuditMember member);
/** va_audit_entry_text: what was set as a text; %NULL: nothing. Borrowed, until @member is set again or cleared. */
const char *va_audit_entry_text (const VaAuditEntry *entry, VaAuditMember member);

/**
 * va_audit_entry_write: the record that @entry becomes as number @seq, with a fresh salt, which is a line of JSON
 * without its end. @entry has a verdict.
 * Returns: (transfer full)
 */
char *va_audit_entry_write (const VaAuditEntry *entry, guint64 seq);

G_END_DECLS
