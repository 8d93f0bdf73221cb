/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "core/secret.h"
#include "store/quota.h"

/* Registrations: what may be launched, and how often. */
G_BEGIN_DECLS

typedef struct {
  char *id, *owner;
  char *text; /* JSON of the registration without inline secrets */
  GBytes *sealed;
  guint64 key;               /* data key that it is sealed under */
  gint64 created;            /* seconds */
  guint64 version;           /* differs from that of every other registration, earlier ones of this id too */
  guint64 launches, running; /* counted against max-launches, max-running */
  guint64 approved;          /* launches of this version that the owner has approved ahead of time */
  gint64 approved_until;     /* milliseconds */
} VaStoredRegistration;

/** What a change of a registration is a change of. */
typedef struct {
  guint64 version;      /* of the registration that is there; 0: none is */
  const char *proposal; /* digest of the proposal that is confirmed with it; %NULL: it was not proposed */
} VaExpected;

void va_stored_registration_free (VaStoredRegistration *registration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredRegistration, va_stored_registration_free)

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

/* For the other files of the store. */

/** va_store_registration_find_version: of the owner's registration @id; 0: they have none. */
gboolean va_store_registration_find_version (VaDb *sql, const char *owner, const char *id, guint64 *version,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_registration_set_ambiguous: that several owners have a registration @id, and none was named. */
void va_store_registration_set_ambiguous (const char *id, GError **error);
/**
 * va_store_registration_check_version: Errors: CHANGED unless the owner's registration @id has this version (0: is not
 * there)
 */
gboolean va_store_registration_check_version (VaDb *sql, const char *owner, const char *id, guint64 version,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_registration_check_quota: whether @owner, with what has just been added or replaced, has no more than they
 * may. Errors: QUOTA
 */
gboolean va_store_registration_check_quota (VaDb *sql, const VaQuota *quota, const char *owner, gboolean is_new,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
