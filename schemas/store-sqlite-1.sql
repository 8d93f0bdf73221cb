-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The service's store, SQLite form, PRAGMA user_version 1. Times of launches are milliseconds since 1970, others seconds.
-- "sealed" columns hold AES-256-GCM values (src/kek/seal.h) that open in their own row only.

CREATE TABLE data_keys (
  id INTEGER PRIMARY KEY,
  sealed BLOB NOT NULL -- under the key-encryption key
) STRICT;

CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;
INSERT INTO counters VALUES ('version', 0);

CREATE TABLE artifacts (
  owner TEXT NOT NULL,
  hash TEXT NOT NULL,
  size INTEGER NOT NULL,
  has_table INTEGER NOT NULL,
  secret_base INTEGER NOT NULL,
  secret_size INTEGER NOT NULL,
  hashes_base INTEGER NOT NULL,
  hashes_size INTEGER NOT NULL,
  ap_reset INTEGER NOT NULL,
  created INTEGER NOT NULL,
  image BLOB NOT NULL, -- last, so that the other columns are read without it
  PRIMARY KEY (owner, hash)
) STRICT;

CREATE TABLE secrets (
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  guid TEXT NOT NULL,
  size INTEGER NOT NULL,
  created INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (owner, name)
) STRICT;

CREATE TABLE registrations (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  version INTEGER NOT NULL UNIQUE, -- from counters: another one for every registration and replacement
  created INTEGER NOT NULL,
  launches INTEGER NOT NULL DEFAULT 0 CHECK (launches >= 0), -- counted against max-launches of this version
  text TEXT NOT NULL, -- JSON without inline secrets
  sealed BLOB NOT NULL -- inline secrets; also holds text in place
) STRICT;
CREATE INDEX registrations_owner ON registrations (owner, id);

CREATE TABLE registration_secrets (
  vm TEXT NOT NULL REFERENCES registrations (id) ON DELETE CASCADE,
  owner TEXT NOT NULL,
  secret TEXT NOT NULL,
  PRIMARY KEY (vm, secret),
  FOREIGN KEY (owner, secret) REFERENCES secrets (owner, name)
) STRICT;
CREATE INDEX registration_secrets_secret ON registration_secrets (owner, secret);

CREATE TABLE launches (
  id TEXT PRIMARY KEY,
  vm TEXT NOT NULL,
  owner TEXT NOT NULL,
  host TEXT NOT NULL,
  domain_uuid TEXT NOT NULL,
  domain_name TEXT NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('open', 'validated', 'running', 'refused', 'failed', 'expired', 'ended')),
  policy INTEGER NOT NULL,
  generation TEXT NOT NULL,
  version INTEGER NOT NULL, -- of the registration that it was made under
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  fixed TEXT NOT NULL, -- JSON: what validate decides by
  sealed_keys BLOB, -- TIK and TEK; also hold the fixed columns in place
  sealed_table BLOB,
  timeline TEXT NOT NULL, -- JSON
  api_major INTEGER,
  api_minor INTEGER,
  build_id INTEGER,
  code TEXT,
  detail TEXT,
  steps TEXT, -- JSON
  reason TEXT,
  CHECK ((state = 'open') = (sealed_keys IS NOT NULL)),
  CHECK (state = 'open' OR sealed_table IS NULL)
) STRICT;
CREATE INDEX launches_owner ON launches (owner, created);
CREATE INDEX launches_vm ON launches (owner, vm, created);
CREATE INDEX launches_open ON launches (expires) WHERE state = 'open';
CREATE INDEX launches_active ON launches (vm, owner) WHERE state IN ('open', 'validated', 'running');

CREATE TABLE hosts (
  name TEXT PRIMARY KEY,
  seen INTEGER NOT NULL,
  features TEXT NOT NULL -- JSON
) STRICT;
