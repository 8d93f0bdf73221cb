-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The service's store, SQLite form: from PRAGMA user_version 5 to 6.

-- The audit log.
ALTER TABLE audit ADD COLUMN digest BLOB; -- SHA-256 of text, so that the chain is read without the texts
-- HMAC-SHA256 over seq, link, owner, launch and digest, under the key "audit" in store_keys. NULL: written before version
-- 6; such a record counts only if its seq is not above that of the newest anchor.
ALTER TABLE audit ADD COLUMN mac BLOB;
-- Where the chain may begin: the records up to seq are held by link, whether they are still there or have been pruned. The
-- upgrade to version 6 writes one at the end of the chain of that time, if there is one; each pruning writes another. The
-- one with the largest seq counts, the others may be removed.
CREATE TABLE audit_anchor (
  seq INTEGER PRIMARY KEY, -- of the last record that it holds
  link BLOB NOT NULL,      -- of that record
  time INTEGER NOT NULL,   -- when it was written, milliseconds since 1970 UTC
  text TEXT,               -- JSON: a signed checkpoint at seq; NULL for the upgrade's
  mac BLOB NOT NULL        -- HMAC-SHA256 over all of it, under the same key
) STRICT;

-- Data keys.
-- Only keys from this id up to the newest one count while this key is the newest; it is wrapped together with the key, so
-- that an older key that is put back is refused. NULL: wrapped before version 6.
ALTER TABLE data_keys ADD COLUMN oldest INTEGER;
ALTER TABLE data_keys ADD COLUMN seals INTEGER NOT NULL DEFAULT 0; -- values sealed under it so far, at most
-- Other keys, by name, under the key-encryption key as data keys are.
CREATE TABLE store_keys (
  name TEXT NOT NULL PRIMARY KEY, -- audit
  sealed BLOB NOT NULL
) STRICT;

-- Registrations and proposals. Ids are each owner's own. The tables that refer to others are renamed and dropped first: to
-- drop the one that is referred to would delete their rows as well.
DROP INDEX registrations_owner;
DROP INDEX registrations_key;
DROP INDEX registration_secrets_secret;
DROP INDEX proposals_key;
ALTER TABLE registration_secrets RENAME TO registration_secrets_5;
ALTER TABLE registrations RENAME TO registrations_5;
ALTER TABLE proposals RENAME TO proposals_5;

CREATE TABLE registrations (
  owner TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL UNIQUE, -- from counters: another one for every registration and replacement
  created INTEGER NOT NULL,
  launches INTEGER NOT NULL DEFAULT 0 CHECK (launches >= 0), -- counted against max-launches of this version
  text TEXT NOT NULL, -- JSON without inline secrets
  sealed BLOB NOT NULL, -- inline secrets; also holds owner, id and text in place
  approved INTEGER NOT NULL DEFAULT 0, -- so many launches of this version, ahead of time
  approved_until INTEGER NOT NULL DEFAULT 0, -- milliseconds
  key_id INTEGER REFERENCES data_keys (id),
  PRIMARY KEY (owner, id)
) STRICT;
INSERT INTO registrations (owner, id, version, created, launches, text, sealed, approved, approved_until, key_id)
  SELECT owner, id, version, created, launches, text, sealed, approved, approved_until, key_id FROM registrations_5;

CREATE TABLE registration_secrets (
  owner TEXT NOT NULL,
  vm TEXT NOT NULL,
  secret TEXT NOT NULL,
  PRIMARY KEY (owner, vm, secret),
  FOREIGN KEY (owner, vm) REFERENCES registrations (owner, id) ON DELETE CASCADE,
  FOREIGN KEY (owner, secret) REFERENCES secrets (owner, name)
) STRICT;
INSERT INTO registration_secrets (owner, vm, secret)
  SELECT registrations_5.owner, vm, secret FROM registration_secrets_5
  JOIN registrations_5 ON registrations_5.id = vm AND registrations_5.owner = registration_secrets_5.owner;

CREATE TABLE proposals (
  owner TEXT NOT NULL,
  vm TEXT NOT NULL,
  person TEXT NOT NULL, -- who proposed it
  created INTEGER NOT NULL,
  replaces INTEGER NOT NULL, -- the version of the registration that it is a change of; 0: there was none
  digest TEXT NOT NULL, -- by which a second person names what they confirm
  text TEXT NOT NULL, -- JSON without inline secrets; empty: the registration is to be removed
  sealed BLOB NOT NULL, -- inline secrets; also holds the other columns in place
  key_id INTEGER REFERENCES data_keys (id),
  PRIMARY KEY (owner, vm)
) STRICT;
INSERT INTO proposals (owner, vm, person, created, replaces, digest, text, sealed, key_id)
  SELECT owner, vm, person, created, replaces, digest, text, sealed, key_id FROM proposals_5;

DROP TABLE proposals_5;
DROP TABLE registration_secrets_5;
DROP TABLE registrations_5;
CREATE INDEX registrations_id ON registrations (id); -- for who names no owner
CREATE INDEX secrets_name ON secrets (name);
CREATE INDEX registrations_key ON registrations (key_id);
CREATE INDEX registration_secrets_secret ON registration_secrets (owner, secret);
CREATE INDEX proposals_key ON proposals (key_id);
CREATE INDEX proposals_vm ON proposals (vm);
DROP INDEX launches_waiting;
CREATE INDEX launches_waiting ON launches (owner, vm, host, domain_uuid) WHERE state = 'waiting';

-- Launches.
-- What the host's SEV firmware answered, as the host says; -1: nothing.
ALTER TABLE launches ADD COLUMN firmware_error INTEGER NOT NULL DEFAULT -1 CHECK (firmware_error BETWEEN -1 AND 255);

-- Quotas and pruning.
