-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The service's store, SQLite form: from PRAGMA user_version 2 to 3. Changes that wait for a second person.

CREATE TABLE proposals (
  vm TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  person TEXT NOT NULL, -- who proposed it
  created INTEGER NOT NULL,
  replaces INTEGER NOT NULL, -- the version of the registration that it is a change of; 0: there was none
  digest TEXT NOT NULL, -- by which a second person names what he confirms
  text TEXT NOT NULL, -- JSON without inline secrets; empty: the registration is to be removed
  sealed BLOB NOT NULL -- inline secrets; also holds the other columns in place
) STRICT;
