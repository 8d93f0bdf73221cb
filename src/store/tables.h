/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The list of all tables: what others refer to comes first, for copies. Another table is one more line here. */
#define VA_STORE_TABLE_LIST(X) \
  X (store_keys) \
  X (data_keys) \
  X (counters) \
  X (artifacts) \
  X (secrets) \
  X (registrations) \
  X (registration_secrets) \
  X (proposals) \
  X (launches) \
  X (hosts) \
  X (audit_anchor) \
  X (audit) \
  X (checkpoints)

#define VA_STORE_ADD_ONE(name) +1
enum { VA_STORE_TABLES = 0 VA_STORE_TABLE_LIST (VA_STORE_ADD_ONE) };
