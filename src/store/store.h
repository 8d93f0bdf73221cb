/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "store/backend.h"
#include "store/error.h"
#include "kek/kek.h"
#include "store/record.h"

/*
 * Registrations, secrets, firmware, launches and hosts, durable when a call returns TRUE. Every call may come from
 * several threads. All errors are of VA_STORE_ERROR; NOT_FOUND does not tell a missing object from another owner's.
 *
 * @entry, wherever there is one: what becomes a record of the audit log in the same transaction, if that succeeds. It
 * has a verdict, or the transaction gives it one, and "owner" and "launch" where they are known. With the verdict
 * VA_AUDIT_VERDICT_NONE (a change that changed nothing), or %NULL: no record.
 */
G_BEGIN_DECLS

typedef struct _VaStore VaStore;

/**
 * va_store_open: the store at @place: the path of an SQLite database, made, with its folder, when it is not there (the
 * folder must be closed to others (0700) and the file too (0600)); or the URL of a PostgreSQL database, whose tables
 * are made when there are none. Several processes may have the same store open.
 * @kek: the key-encryption key; must outlive the store. The first data key is made at the first opening.
 * Errors: also VA_CORE_ERROR, VA_KEK_ERROR; VA_SEAL_ERROR_BROKEN when it is not the key that the store was made with,
 *   or when keys that the store must have are missing or were replaced
 */
VaStore *va_store_open (const char *place, VaStoreWhich which, VaKek *kek, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_look: whether @kek opens the data keys of the store at @place, if there is one: what va_store_open() would
 * stumble over. The store is read only; nothing is made, brought up to date, or left beside it.
 * @warning: (out) (transfer full): what should be known all the same, such as that the database does not answer; or
 * %NULL
 * Errors: VA_STORE_ERROR: it is no store, or one of a newer program; VA_SEAL_ERROR_BROKEN, VA_KEK_ERROR as
 * va_store_open()
 */
gboolean va_store_look (const char *place, VaKek *kek, char **warning, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_is_url: whether @place is the URL of a database. */
gboolean va_store_is_url (const char *place);
void va_store_close (VaStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStore, va_store_close)
/** va_store_set_quota: what owners may have from now on; at first VA_QUOTA_NONE. Call it before the store is used. */
void va_store_set_quota (VaStore *store, const VaQuota *quota);
/** va_store_statistics: since it was opened. */
void va_store_statistics (VaStore *store, VaStoreStatistics *out);
/**
 * va_store_rekey_begin: makes a new data key, which seals what is new from now on; unless an earlier rekeying has not
 * come to its end, which is then gone on with.
 * @entry: for a record of the audit log, if a key is made
 */
gboolean va_store_rekey_begin (VaStore *store, VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_rekey_step: seals again what is under older keys, at most @limit values in one transaction; when there is
 * nothing left, removes the older keys.
 * @count: (out): how many; 0: it is done
 */
gboolean va_store_rekey_step (VaStore *store, guint limit, guint *count, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_count_seals: how many values were sealed under the newest data key, at the most: each process counts some
 * tens of thousands ahead. What this process has counted or read once stays, whatever the database says later.
 */
gboolean va_store_count_seals (VaStore *store, guint64 *seals, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_rewrap: the data keys, wrapped by @kek from now on and no more by the key that the store was opened with.
 * The store goes on with the data keys that it knows; who opens it later needs @kek.
 * Errors: also VA_KEK_ERROR; CHANGED when somebody made a data key meanwhile
 */
gboolean va_store_rewrap (VaStore *store, VaKek *kek, VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** How much there was to copy. */
typedef struct {
  guint64 registrations, secrets, launches, records; /* records: of the audit log */
} VaStoreCopied;
/**
 * va_store_backup: everything in the store at @place, as it is at one moment, into the new file @path (0600), which
 * comes to be when it is whole. What is sealed stays sealed. The store may be in use. What a restore would refuse of
 * the store's content is refused here, too, while it can still be mended.
 * Errors: VA_STORE_ERROR, VA_CORE_ERROR (@path is there already, or cannot be written)
 */
gboolean va_store_backup (const char *place, const char *path, VaStoreCopied *copied, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_restore: a backup into the store at @place, which must be empty or not there; all of it or nothing. The
 * backup is checked first: that there is room for it, that it is whole, that @kek opens its data keys, that its audit
 * log's chain holds and goes as far as it was signed, that each image has its hash.
 * @reserve: bytes that stay free on the file systems of the store and of the temporary copy
 */
gboolean va_store_restore (const char *path, const char *place, guint64 reserve, VaKek *kek, VaStoreCopied *copied,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_check_url: whether the database of a PostgreSQL @url can be meant; nobody is asked. Errors: FAILED */
gboolean va_store_check_url (const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_check_keys: takes up the data keys that the store has been given meanwhile, and tells whether what is
 * sealed under the newest one can be opened. A key that has opened before is opened again if its row is another one
 * than then: a service that still works with what it has in memory may be one that cannot start again.
 * Errors: SEAL, or VA_KEK_ERROR: the key-encryption key does not open it
 */
gboolean va_store_check_keys (VaStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_ping: whether the database answers. */
gboolean va_store_ping (VaStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_store_put_artifact: @image: artifact->firmware.size bytes whose SHA-256 is artifact->hash.
 * @is_new: (out): FALSE when this owner has it already
 * Errors: QUOTA
 */
gboolean va_store_put_artifact (VaStore *store, const VaStoredArtifact *artifact, gconstpointer image, gboolean *is_new,
                                VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Errors: NOT_FOUND */
VaStoredArtifact *va_store_get_artifact (VaStore *store, const char *owner, const char *hash, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
GBytes *va_store_get_image (VaStore *store, const char *owner, const char *hash, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_remove_artifact: Errors: NOT_FOUND; IN_USE: a registration or a proposal names it */
gboolean va_store_remove_artifact (VaStore *store, const char *owner, const char *hash, VaAuditEntry *entry,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * Lists are (transfer full), of records that the array frees, sorted by name unless said otherwise. No more is read
 * than
 * @page wants, but for a few rows; no connection to the database is held any more when a list is returned.
 * @more: (out): whether there are others after them
 */
/** va_store_list_artifacts: sorted by hash. */
GPtrArray *va_store_list_artifacts (VaStore *store, const VaPage *page, gboolean *more, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_store_put_secret: new or in place of one of that name; seals @value and sets secret->size.
 * @replaced: (out): what was there before
 */
gboolean va_store_put_secret (VaStore *store, VaStoredSecret *secret, VaSecret *value, VaReplacedSecret *replaced,
                              VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Errors: NOT_FOUND */
VaStoredSecret *va_store_get_secret (VaStore *store, const char *owner, const char *name, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
GPtrArray *va_store_list_secrets (VaStore *store, const VaPage *page, gboolean *more, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_open_secret: the value of @secret; no access to the database. Errors: SEAL */
VaSecret *va_store_open_secret (VaStore *store, const VaStoredSecret *secret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Errors: NOT_FOUND, IN_USE */
gboolean va_store_remove_secret (VaStore *store, const char *owner, const char *name, VaAuditEntry *entry,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_store_put_registration: new, or in place of the owner's own of that id, with launches counted from 0 again.
 * Seals @inline_secrets in a way that also holds id, owner and text together.
 * @secrets, @hashes: names and hashes that must be there and, for secrets, cannot be removed from now on; %NULL: none
 * @expected: what it replaces; %NULL: whatever is there
 * Errors: CHANGED, SECRET_MISSING, ARTIFACT_MISSING
 */
gboolean va_store_put_registration (VaStore *store, VaStoredRegistration *registration, VaSecret *inline_secrets,
                                    const char *const *secrets, const char *const *hashes, const VaExpected *expected,
                                    gboolean *is_new, VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_get_registration: Errors: NOT_FOUND */
VaStoredRegistration *va_store_get_registration (VaStore *store, const char *owner, const char *id, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_find_registration: the same without counting what runs (running stays 0), which costs more the more does.
 * @owner: %NULL: whose it is that only one owner has
 * Errors: NOT_FOUND; AMBIGUOUS: @owner is %NULL, and several owners have one of this id
 */
VaStoredRegistration *va_store_find_registration (VaStore *store, const char *owner, const char *id, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_list_registrations: sorted by id. */
GPtrArray *va_store_list_registrations (VaStore *store, const VaPage *page, gboolean *more, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_open_registration: checks that text is what was sealed, gives inline secrets. Errors: SEAL */
VaSecret *va_store_open_registration (VaStore *store, const VaStoredRegistration *registration, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_remove_registration: also refuses its open launches, whose keys go. @expected: as above. Errors: NOT_FOUND,
 * CHANGED
 */
gboolean va_store_remove_registration (VaStore *store, const char *owner, const char *id, gint64 now,
                                       const VaExpected *expected, VaAuditEntry *entry, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_store_put_proposal: in place of an earlier one for the same registration. Seals @inline_secrets in a way that
 * holds everything else in place, and sets proposal->digest.
 * Errors: CHANGED
 */
gboolean va_store_put_proposal (VaStore *store, VaStoredProposal *proposal, VaSecret *inline_secrets,
                                VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Errors: NOT_FOUND */
VaStoredProposal *va_store_get_proposal (VaStore *store, const char *owner, const char *vm, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_open_proposal: checks that it is what was sealed, gives inline secrets. Errors: SEAL */
VaSecret *va_store_open_proposal (VaStore *store, const VaStoredProposal *proposal, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** Errors: NOT_FOUND */
gboolean va_store_remove_proposal (VaStore *store, const char *owner, const char *vm, VaAuditEntry *entry,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_store_create_launch: counts it against @permit and makes it, in one transaction, after expiring what is due at
 * launch->created. Seals @keys and @table in a way that also holds every fixed column in place.
 *
 * If it has to be confirmed by an owner and is not, it is kept as one that waits, without keys: then launch->state is
 * WAITING afterwards, and it was not counted. One that was approved goes on from there, if launch->id is its id.
 * @keys: TIK and TEK
 * @table: the secret table, or %NULL
 * Errors: CHANGED (launch->version is no longer the registration's, or launch->id is not that of the one that waits),
 *   AMBIGUOUS, PERMIT, RUNNING, WAITING
 */
gboolean va_store_create_launch (VaStore *store, VaStoredLaunch *launch, VaSecret *keys, VaSecret *table,
                                 const VaPermit *permit, VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_find_waiting: the launch that waits with the same vm, version, host, domain_uuid and policy as @like.
 * Errors: NOT_FOUND
 */
VaStoredLaunch *va_store_find_waiting (VaStore *store, const VaStoredLaunch *like, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** Errors: NOT_FOUND */
VaStoredLaunch *va_store_get_launch (VaStore *store, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_measure_bytes: of the whole database; in SQLite without its log, and without pages that are free. Quick. */
gboolean va_store_measure_bytes (VaStore *store, guint64 *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_count_rows: of each table that grows. Takes the longer the more there are: for a thread that may wait. */
gboolean va_store_count_rows (VaStore *store, guint64 rows[VA_STORE_TABLES], GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_table_name: of the table that @i, below VA_STORE_TABLES, stands for. */
const char *va_store_table_name (guint i);
/** va_store_count_launches: of everybody. @waiting: for a confirmation. @active: open, validated or running. */
gboolean va_store_count_launches (VaStore *store, guint64 *waiting, guint64 *active, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_list_launches: newest first. A page->after that is not one of the owner's launches ends the list. */
GPtrArray *va_store_list_launches (VaStore *store, const VaPage *page, gboolean *more, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_open_keys, _table: of an open launch; no access to the database. Errors: SEAL */
VaSecret *va_store_open_keys (VaStore *store, const VaStoredLaunch *launch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
VaSecret *va_store_open_table (VaStore *store, const VaStoredLaunch *launch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_change_launch: one transaction around @change, which sees the launch and alters its changing members; nobody
 * else changes it meanwhile. @change must not call the store but for va_store_open_keys() and _table(). A launch that
 * leaves "open" loses its keys and table, and gives its count back unless it goes to "validated".
 * Errors: NOT_FOUND, or what @change gives, with nothing changed
 */
gboolean va_store_change_launch (VaStore *store, const char *id, VaLaunchChange change, gpointer user_data,
                                 VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_expire_launches: open launches whose time is over become expired. @count: (out) (optional): how many. */
gboolean va_store_expire_launches (VaStore *store, gint64 now, guint *count, GError **error) G_GNUC_WARN_UNUSED_RESULT;

gboolean va_store_put_host (VaStore *store, const VaStoredHost *host, VaAuditEntry *entry, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
GPtrArray *va_store_list_hosts (VaStore *store, const VaPage *page, gboolean *more, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** Errors: NOT_FOUND */
VaStoredHost *va_store_get_host (VaStore *store, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

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
 * va_store_prune_plan: what a pruning would remove: launches made before prune->before that have ended, and records of
 * the audit log up to the last checkpoint that was made before that.
 */
gboolean va_store_prune_plan (VaStore *store, VaPrune *prune, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_prune_begin: the log begins behind prune->seq from now on. Errors: AUDIT: that place is not what is signed
 */
gboolean va_store_prune_begin (VaStore *store, VaPrune *prune, VaAuditEntry *entry, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_prune_step: removes at most @limit rows, in one transaction. @count: (out): how many; 0: it is done */
gboolean va_store_prune_step (VaStore *store, VaPrune *prune, guint limit, guint *count, GError **error)
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
