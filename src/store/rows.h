/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "store/sql.h"

/* Rows that several of these files read: their columns, and the record that a row becomes (transfer full). */
G_BEGIN_DECLS

#define VA_LAUNCH_COLUMNS \
  "id, vm, owner, host, domain_uuid, domain_name, state, policy, generation, version, created, expires, fixed," \
  " sealed_keys, sealed_table, timeline, api_major, api_minor, build_id, code, detail, steps, reason," \
  " approved_until, approvals, key_id, firmware_error"

/* As the indexes launches_active and launches_inactive have it. */
#define VA_LAUNCH_ACTIVE "state IN ('open', 'validated', 'running')"
#define VA_LAUNCH_INACTIVE "state NOT IN ('open', 'validated', 'running')"

#define VA_SECRET_COLUMNS "owner, name, guid, size, created, sealed, key_id"

/* Without running, which is counted from the launches, through the index launches_active. */
#define VA_REGISTRATION_ROW "id, owner, text, sealed, created, version, launches, key_id, approved, approved_until"
#define VA_REGISTRATION_COLUMNS \
  VA_REGISTRATION_ROW \
  ", (SELECT count(*) FROM launches WHERE vm = registrations.id AND launches.owner = registrations.owner" \
  "  AND " VA_LAUNCH_ACTIVE ")"

#define VA_PROPOSAL_COLUMNS "vm, owner, person, created, replaces, digest, text, sealed, key_id"

gpointer va_store_secret_read (VaDbStatement *row);
gpointer va_store_registration_read (VaDbStatement *row);
gpointer va_store_proposal_read (VaDbStatement *row);
gpointer va_store_launch_read (VaDbStatement *row);
/** va_store_launch_find: whoever's it is. Errors: NOT_FOUND */
VaStoredLaunch *va_store_launch_find (VaDb *sql, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_registration_find_version: of the owner's registration @id; 0: they have none. */
gboolean va_store_registration_find_version (VaDb *sql, const char *owner, const char *id, guint64 *version,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_launch_give_back: a launch that ends open does not count against the registration's version that it was
 * made under.
 */
gboolean va_store_launch_give_back (VaDb *sql, const VaStoredLaunch *launch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_registration_set_ambiguous: that several owners have a registration @id, and none was named. */
void va_store_registration_set_ambiguous (const char *id, GError **error);
/** Errors: CHANGED unless the owner's registration @id has this version (0: is not there) */
gboolean va_store_registration_check_version (VaDb *sql, const char *owner, const char *id, guint64 version,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Removes the owner's proposal with @digest, which must be there, or whichever there is for %NULL. */
gboolean va_store_proposal_take (VaDb *sql, const char *owner, const char *vm, const char *digest, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** Expires open and waiting launches that are due, inside a transaction that is running. */
gboolean va_store_launch_expire (VaDb *sql, gint64 now, guint *count, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Refuses all waiting launches of the owner's @vm for the reason that its registration was replaced. */
gboolean va_store_launch_outdate (VaDb *sql, const char *owner, const char *vm, gint64 now, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** Refuses all open and waiting launches of the owner's @vm for the reason that its registration went. */
gboolean va_store_launch_orphan (VaDb *sql, const char *owner, const char *vm, gint64 now, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** Whether @owner, with what has just been added or replaced, has no more than they may. Errors: QUOTA */
gboolean va_store_quota_check_images (VaDb *sql, const VaQuota *quota, const char *owner, gboolean is_new,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean va_store_quota_check_secrets (VaDb *sql, const VaQuota *quota, const char *owner, gboolean is_new,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean va_store_quota_check_registrations (VaDb *sql, const VaQuota *quota, const char *owner, gboolean is_new,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What an owner may remove once nothing names it. */
typedef struct {
  const char *users; /* query with owner and name: registrations, and texts that may name it */
  gboolean (*names) (const char *text, const char *name);
  const char *removal; /* with owner and name */
  const char *missing; /* message, before its name; marked with N_() */
} VaNamed;
/** va_store_named_remove: the owner's @name, in a transaction of its own. Errors: NOT_FOUND, IN_USE */
gboolean va_store_named_remove (VaDbBackend *backend, const VaNamed *named, const char *owner, const char *name,
                                VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_set_not_found: NOT_FOUND with @message and @what, where @status is 0. */
void va_store_set_not_found (int status, GError **error, const char *message, const char *what);

G_END_DECLS
