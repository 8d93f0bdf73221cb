-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The service's store, SQLite form: from PRAGMA user_version 5 to 6.

-- The audit log.
ALTER TABLE audit ADD COLUMN digest BLOB; -- SHA-256 of text, so that the chain is read without the texts
ALTER TABLE audit ADD COLUMN mac BLOB; -- over link, under a key of the store's; NULL: written before version 6

-- Data keys.

-- Registrations and proposals.

-- Quotas and pruning.
