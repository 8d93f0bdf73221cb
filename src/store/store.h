/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "kek/kek.h"
#include "store/artifact.h"
#include "store/audit.h"
#include "store/host.h"
#include "store/launch.h"
#include "store/proposal.h"
#include "store/prune.h"
#include "store/quota.h"
#include "store/registration.h"
#include "store/secret.h"
#include "store/tables.h"

/*
 * Registrations, secrets, firmware, launches and hosts, durable when a call returns TRUE. Every call may come from
 * several threads. All errors are of VA_STORE_ERROR; NOT_FOUND does not tell a missing object from another owner's.
 *
 * @entry, wherever there is one: what becomes a record of the audit log in the same transaction, if that succeeds. It
 * has a verdict, or the transaction gives it one, and "owner" and "launch" where they are known. With the verdict
 * VA_AUDIT_VERDICT_NONE (a change that changed nothing), or %NULL: no record.
 */
G_BEGIN_DECLS

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
/** va_store_close: waits for what is being written. */
void va_store_close (VaStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStore, va_store_close)
/** What the store has done since it was opened. */
typedef VaDbStatistics VaStoreStatistics;

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
/** va_store_measure_bytes: of the whole database; in SQLite without its log, and without pages that are free. Quick. */
gboolean va_store_measure_bytes (VaStore *store, guint64 *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_table_name: of the table that @i, below VA_STORE_TABLES, stands for; %NULL: it does not grow. */
const char *va_store_table_name (guint i);
/**
 * va_store_count_rows: of each table that grows, otherwise 0. Takes the longer the more there are: for a thread that
 * may wait.
 */
gboolean va_store_count_rows (VaStore *store, guint64 rows[VA_STORE_TABLES], GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_ping: whether the database answers. */
gboolean va_store_ping (VaStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
