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

-- Registrations and proposals.

-- Quotas and pruning.
