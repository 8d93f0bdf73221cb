-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The service's store, SQLite form: from PRAGMA user_version 4 to 5. A registration's launches are found through two
-- indexes, each with the launches that the other has not: a new launch then has one place less to be written to.

DROP INDEX launches_vm;
DROP INDEX launches_active;
CREATE INDEX launches_active ON launches (owner, vm, created) WHERE state IN ('open', 'validated', 'running');
CREATE INDEX launches_inactive ON launches (owner, vm, created) WHERE state NOT IN ('open', 'validated', 'running');
