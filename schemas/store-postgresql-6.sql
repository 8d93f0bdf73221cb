-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The service's store, PostgreSQL form: from version 5 to 6, as the SQLite form.

-- The audit log.
ALTER TABLE audit ADD COLUMN digest BYTEA;
ALTER TABLE audit ADD COLUMN mac BYTEA;
CREATE TABLE audit_anchor (
  seq BIGINT PRIMARY KEY,
  link BYTEA NOT NULL,
  time BIGINT NOT NULL,
  text TEXT,
  mac BYTEA NOT NULL
);

-- Data keys.
ALTER TABLE data_keys ADD COLUMN oldest BIGINT;
ALTER TABLE data_keys ADD COLUMN seals BIGINT NOT NULL DEFAULT 0;
CREATE TABLE store_keys (
  name TEXT COLLATE "C" PRIMARY KEY,
  sealed BYTEA NOT NULL
);

-- Registrations and proposals.

-- Quotas and pruning.
