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
ALTER TABLE registration_secrets DROP CONSTRAINT registration_secrets_vm_fkey;
ALTER TABLE registration_secrets DROP CONSTRAINT registration_secrets_pkey;
ALTER TABLE registrations DROP CONSTRAINT registrations_pkey;
ALTER TABLE proposals DROP CONSTRAINT proposals_pkey;
DROP INDEX registrations_owner;
ALTER TABLE registrations ADD PRIMARY KEY (owner, id);
ALTER TABLE proposals ADD PRIMARY KEY (owner, vm);
ALTER TABLE registration_secrets ADD PRIMARY KEY (owner, vm, secret);
ALTER TABLE registration_secrets ADD FOREIGN KEY (owner, vm) REFERENCES registrations (owner, id) ON DELETE CASCADE;
CREATE INDEX registrations_id ON registrations (id);
CREATE INDEX proposals_vm ON proposals (vm);
CREATE INDEX secrets_name ON secrets (name);
DROP INDEX launches_waiting;
CREATE INDEX launches_waiting ON launches (owner, vm, host, domain_uuid) WHERE state = 'waiting';

-- Launches.
ALTER TABLE launches ADD COLUMN firmware_error BIGINT NOT NULL DEFAULT -1 CHECK (firmware_error BETWEEN -1 AND 255);

-- Quotas and pruning.
