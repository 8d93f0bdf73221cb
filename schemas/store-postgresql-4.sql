-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The service's store, PostgreSQL form, version 4 (versions are those of the SQLite form, which has the comments).

CREATE TABLE store_version (
  only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
  version BIGINT NOT NULL
);
INSERT INTO store_version (version) VALUES (0);

CREATE TABLE data_keys (
  id BIGINT PRIMARY KEY,
  sealed BYTEA NOT NULL
);

CREATE TABLE counters (
  name TEXT COLLATE "C" PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counters VALUES ('version', 0);

CREATE TABLE artifacts (
  owner TEXT COLLATE "C" NOT NULL,
  hash TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  has_table BIGINT NOT NULL,
  secret_base BIGINT NOT NULL,
  secret_size BIGINT NOT NULL,
  hashes_base BIGINT NOT NULL,
  hashes_size BIGINT NOT NULL,
  ap_reset BIGINT NOT NULL,
  created BIGINT NOT NULL,
  image BYTEA NOT NULL,
  PRIMARY KEY (owner, hash)
);

CREATE TABLE secrets (
  owner TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  guid TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  created BIGINT NOT NULL,
  sealed BYTEA NOT NULL,
  key_id BIGINT NOT NULL CONSTRAINT secrets_key_id REFERENCES data_keys (id),
  PRIMARY KEY (owner, name)
);
CREATE INDEX secrets_key ON secrets (key_id);

CREATE TABLE registrations (
  id TEXT COLLATE "C" PRIMARY KEY,
  owner TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL UNIQUE,
  created BIGINT NOT NULL,
  launches BIGINT NOT NULL DEFAULT 0 CHECK (launches >= 0),
  text TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  approved BIGINT NOT NULL DEFAULT 0,
  approved_until BIGINT NOT NULL DEFAULT 0,
  key_id BIGINT NOT NULL CONSTRAINT registrations_key_id REFERENCES data_keys (id)
);
CREATE INDEX registrations_owner ON registrations (owner, id);
CREATE INDEX registrations_key ON registrations (key_id);

CREATE TABLE registration_secrets (
  vm TEXT COLLATE "C" NOT NULL REFERENCES registrations (id) ON DELETE CASCADE,
  owner TEXT COLLATE "C" NOT NULL,
  secret TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (vm, secret),
  FOREIGN KEY (owner, secret) REFERENCES secrets (owner, name)
);
CREATE INDEX registration_secrets_secret ON registration_secrets (owner, secret);

CREATE TABLE proposals (
  vm TEXT COLLATE "C" PRIMARY KEY,
  owner TEXT COLLATE "C" NOT NULL,
  person TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL,
  replaces BIGINT NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  text TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  key_id BIGINT NOT NULL CONSTRAINT proposals_key_id REFERENCES data_keys (id)
);
CREATE INDEX proposals_key ON proposals (key_id);

CREATE TABLE launches (
  id TEXT COLLATE "C" PRIMARY KEY,
  vm TEXT COLLATE "C" NOT NULL,
  owner TEXT COLLATE "C" NOT NULL,
  host TEXT COLLATE "C" NOT NULL,
  domain_uuid TEXT COLLATE "C" NOT NULL,
  domain_name TEXT NOT NULL,
  state TEXT COLLATE "C" NOT NULL
    CHECK (state IN ('waiting', 'open', 'validated', 'running', 'refused', 'failed', 'expired', 'ended')),
  policy BIGINT NOT NULL,
  generation TEXT NOT NULL,
  version BIGINT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  fixed TEXT NOT NULL,
  sealed_keys BYTEA,
  sealed_table BYTEA,
  timeline TEXT NOT NULL,
  api_major BIGINT,
  api_minor BIGINT,
  build_id BIGINT,
  code TEXT,
  detail TEXT,
  steps TEXT,
  reason TEXT,
  approved_until BIGINT NOT NULL DEFAULT 0,
  approvals TEXT,
  key_id BIGINT CONSTRAINT launches_key_id REFERENCES data_keys (id),
  CHECK ((state = 'open') = (sealed_keys IS NOT NULL)),
  CHECK ((sealed_keys IS NULL) = (key_id IS NULL)),
  CHECK (state = 'open' OR sealed_table IS NULL)
);
CREATE INDEX launches_owner ON launches (owner, created);
CREATE INDEX launches_vm ON launches (owner, vm, created);
CREATE INDEX launches_due ON launches (expires) WHERE state IN ('waiting', 'open');
CREATE INDEX launches_active ON launches (vm, owner) WHERE state IN ('open', 'validated', 'running');
CREATE INDEX launches_waiting ON launches (vm, host, domain_uuid) WHERE state = 'waiting';
CREATE INDEX launches_key ON launches (key_id) WHERE key_id IS NOT NULL;

CREATE TABLE hosts (
  name TEXT COLLATE "C" PRIMARY KEY,
  seen BIGINT NOT NULL,
  features TEXT NOT NULL
);

CREATE TABLE audit (
  seq BIGINT PRIMARY KEY,
  owner TEXT COLLATE "C",
  launch TEXT COLLATE "C",
  link BYTEA NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX audit_owner ON audit (owner, seq);
CREATE INDEX audit_launch ON audit (launch, seq) WHERE launch IS NOT NULL;

CREATE TABLE checkpoints (
  seq BIGINT PRIMARY KEY,
  text TEXT NOT NULL
);
