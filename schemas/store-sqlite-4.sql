-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The service's store, SQLite form: from PRAGMA user_version 3 to 4. Sealed values say which data key they are under, so
-- that a data key goes only when nothing is left under it.

ALTER TABLE secrets ADD COLUMN key_id INTEGER REFERENCES data_keys (id);
UPDATE secrets SET key_id = 1;
CREATE INDEX secrets_key ON secrets (key_id);

ALTER TABLE registrations ADD COLUMN key_id INTEGER REFERENCES data_keys (id);
UPDATE registrations SET key_id = 1;
CREATE INDEX registrations_key ON registrations (key_id);

ALTER TABLE proposals ADD COLUMN key_id INTEGER REFERENCES data_keys (id);
UPDATE proposals SET key_id = 1;
CREATE INDEX proposals_key ON proposals (key_id);

ALTER TABLE launches ADD COLUMN key_id INTEGER REFERENCES data_keys (id); -- NULL without sealed_keys
UPDATE launches SET key_id = 1 WHERE sealed_keys IS NOT NULL;
CREATE INDEX launches_key ON launches (key_id) WHERE key_id IS NOT NULL;
