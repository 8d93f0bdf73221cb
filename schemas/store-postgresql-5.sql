-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The service's store, PostgreSQL form: from version 4 to 5, as the SQLite form.

DROP INDEX launches_vm;
DROP INDEX launches_active;
CREATE INDEX launches_active ON launches (owner, vm, created) WHERE state IN ('open', 'validated', 'running');
CREATE INDEX launches_inactive ON launches (owner, vm, created) WHERE state NOT IN ('open', 'validated', 'running');
