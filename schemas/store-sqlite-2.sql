-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The service's store, SQLite form: from PRAGMA user_version 1 to 2. The audit log, and launches that wait.

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, -- 1, 2, 3 …: the place in the chain
  owner TEXT, -- who may read it besides operators and auditors; NULL: nobody
  launch TEXT,
  link BLOB NOT NULL, -- src/audit/chain.h
  text TEXT NOT NULL -- JSON, never changed
) STRICT;
CREATE INDEX audit_owner ON audit (owner, seq);
CREATE INDEX audit_launch ON audit (launch, seq) WHERE launch IS NOT NULL;

CREATE TABLE checkpoints (
  seq INTEGER PRIMARY KEY, -- of the last record that it covers
  text TEXT NOT NULL -- JSON: src/audit/checkpoint.h
) STRICT;

-- "waiting": for an owner's confirmation, without keys and with nothing fixed but who wants to start what.
ALTER TABLE launches RENAME TO launches_1;
CREATE TABLE launches (
  id TEXT PRIMARY KEY,
  vm TEXT NOT NULL,
  owner TEXT NOT NULL,
  host TEXT NOT NULL,
  domain_uuid TEXT NOT NULL,
  domain_name TEXT NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('waiting', 'open', 'validated', 'running', 'refused', 'failed', 'expired', 'ended')),
  policy INTEGER NOT NULL,
  generation TEXT NOT NULL,
  version INTEGER NOT NULL, -- of the registration that it was made under
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  fixed TEXT NOT NULL, -- JSON: what validate decides by; empty while waiting
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
  approved_until INTEGER NOT NULL DEFAULT 0, -- while waiting; 0: not approved
  approvals TEXT, -- JSON: who approved it, for how many launches, until when
  CHECK ((state = 'open') = (sealed_keys IS NOT NULL)),
  CHECK (state = 'open' OR sealed_table IS NULL)
) STRICT;
INSERT INTO launches (id, vm, owner, host, domain_uuid, domain_name, state, policy, generation, version, created,
  expires, fixed, sealed_keys, sealed_table, timeline, api_major, api_minor, build_id, code, detail, steps, reason)
  SELECT id, vm, owner, host, domain_uuid, domain_name, state, policy, generation, version, created, expires, fixed,
  sealed_keys, sealed_table, timeline, api_major, api_minor, build_id, code, detail, steps, reason FROM launches_1;
DROP TABLE launches_1;
CREATE INDEX launches_owner ON launches (owner, created);
CREATE INDEX launches_vm ON launches (owner, vm, created);
CREATE INDEX launches_due ON launches (expires) WHERE state IN ('waiting', 'open');
CREATE INDEX launches_active ON launches (vm, owner) WHERE state IN ('open', 'validated', 'running');
CREATE INDEX launches_waiting ON launches (vm, host, domain_uuid) WHERE state = 'waiting';

-- Launches that an owner has approved ahead of time, of this version of the registration.
ALTER TABLE registrations ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE registrations ADD COLUMN approved_until INTEGER NOT NULL DEFAULT 0;
