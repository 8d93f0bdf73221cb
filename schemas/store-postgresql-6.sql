-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The service's store, PostgreSQL form: from version 5 to 6, as the SQLite form.

-- The audit log.
ALTER TABLE audit ADD COLUMN digest BYTEA;
ALTER TABLE audit ADD COLUMN mac BYTEA;

-- Data keys.

-- Registrations and proposals.

-- Quotas and pruning.
