/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

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
  VA_REGISTRATION_ROW ", (SELECT count(*) FROM launches WHERE vm = registrations.id AND launches.owner = registrations.owner" \
  "  AND " VA_LAUNCH_ACTIVE ")"

#define VA_PROPOSAL_COLUMNS "vm, owner, person, created, replaces, digest, text, sealed, key_id"

gpointer va_sql_read_secret (VaStatement *row);
gpointer va_sql_read_registration (VaStatement *row);
gpointer va_sql_read_proposal (VaStatement *row);
gpointer va_sql_read_launch (VaStatement *row);
/** va_sql_give_back: a launch that ends open does not count against the registration's version that it was made under. */
gboolean va_sql_give_back (VaSql *sql, const VaStoredLaunch *launch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_sql_set_ambiguous: that several owners have a registration @id, and none was named. */
void va_sql_set_ambiguous (const char *id, GError **error);
/** Whether @owner, with what has just been added or replaced, has no more than they may. Errors: QUOTA */
gboolean va_sql_check_images (VaSql *sql, const VaQuota *quota, const char *owner, gboolean is_new, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
gboolean va_sql_check_secrets (VaSql *sql, const VaQuota *quota, const char *owner, gboolean is_new, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
gboolean va_sql_check_registrations (VaSql *sql, const VaQuota *quota, const char *owner, gboolean is_new, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
