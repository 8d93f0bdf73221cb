/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/launch.h"
#include "store/table.h"

/* Launches as rows, for the files that make, change and end them. */
G_BEGIN_DECLS

/* Fixed when the launch is made. */
#define VA_LAUNCH_FIXED(FIRST, NEXT, R) \
  FIRST (R, id, text, id) \
  NEXT (R, vm, text, vm) \
  NEXT (R, owner, text, owner) \
  NEXT (R, host, text, host) \
  NEXT (R, domain_uuid, text, domain_uuid) \
  NEXT (R, domain_name, text, domain_name) \
  NEXT (R, policy, count, policy) \
  NEXT (R, generation, text, generation) \
  NEXT (R, version, count, version) \
  NEXT (R, created, number, created) \
  NEXT (R, fixed, text, terms)
/* Set then, and changing. */
#define VA_LAUNCH_BEGUN(FIRST, NEXT, R) \
  FIRST (R, state, state, state) \
  NEXT (R, expires, number, expires) \
  NEXT (R, sealed_keys, maybe_bytes, sealed_keys) \
  NEXT (R, sealed_table, maybe_bytes, sealed_table) \
  NEXT (R, timeline, text, timeline) \
  NEXT (R, key_id, key, key)
/* What comes later. */
#define VA_LAUNCH_LATER(FIRST, NEXT, R) \
  FIRST (R, api_major, version_part, api_major) \
  NEXT (R, api_minor, version_part, api_minor) \
  NEXT (R, build_id, version_part, build_id) \
  NEXT (R, code, maybe_text, code) \
  NEXT (R, detail, maybe_text, detail) \
  NEXT (R, steps, maybe_text, steps) \
  NEXT (R, reason, maybe_text, reason) \
  NEXT (R, approved_until, number, approved_until) \
  NEXT (R, approvals, maybe_text, approvals) \
  NEXT (R, firmware_error, firmware_error, firmware_error)
#define VA_LAUNCH_MADE(FIRST, NEXT, R) VA_LAUNCH_FIXED (FIRST, NEXT, R) VA_LAUNCH_BEGUN (NEXT, NEXT, R)
#define VA_LAUNCH_CHANGING(FIRST, NEXT, R) VA_LAUNCH_BEGUN (FIRST, NEXT, R) VA_LAUNCH_LATER (NEXT, NEXT, R)
#define VA_LAUNCH_COLUMNS(FIRST, NEXT, R) VA_LAUNCH_MADE (FIRST, NEXT, R) VA_LAUNCH_LATER (NEXT, NEXT, R)
#define VA_LAUNCH_NAMES VA_STORE_NAMES (VA_LAUNCH_COLUMNS)
enum { VA_LAUNCH_COLUMNS (VA_STORE_AT, VA_STORE_AT, VA_LAUNCH_AT) VA_LAUNCH_LENGTH };

#define VA_LAUNCH_INACTIVE "state NOT IN ('open', 'validated', 'running')"

/** va_store_launch_read: of a row of all columns. Returns: (transfer full): a VaStoredLaunch */
gpointer va_store_launch_read (VaDbStatement *row);
/** va_store_launch_find: whoever's it is. Errors: NOT_FOUND */
VaStoredLaunch *va_store_launch_find (VaDb *sql, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_launch_seal: @keys and @table (or %NULL) under the newest data key, held in place by what is fixed. */
void va_store_launch_seal (VaStore *store, VaStoredLaunch *launch, VaSecret *keys, VaSecret *table);
/**
 * va_store_launch_give_back: a launch that ends open does not count against the registration's version that it was
 * made under.
 */
gboolean va_store_launch_give_back (VaDb *sql, const VaStoredLaunch *launch, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
