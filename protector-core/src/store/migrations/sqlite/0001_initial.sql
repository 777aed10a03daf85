-- A table whose rows may be large is a rowid table: without, SQLite reads whole rows to compare their keys.

-- One row per migration that was applied.
CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT;
INSERT INTO schema_version (version) VALUES (1);

CREATE TABLE sites (
    name TEXT PRIMARY KEY,
    doc  TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;

-- The record is the JSON in doc. Every other column repeats a part of it, so that SQLite can keep it unique or find it;
-- the tokens alone are nowhere but here, encrypted.
CREATE TABLE protection_groups (
    id              TEXT NOT NULL PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    version         INTEGER NOT NULL,
    primary_site    TEXT NOT NULL,
    secondary_site  TEXT NOT NULL,
    cg_id           TEXT NOT NULL UNIQUE,
    -- the two sites in alphabetical order: an array group is one, whichever site it was created from
    first_site      TEXT NOT NULL,
    second_site     TEXT NOT NULL,
    pure_pg_name    TEXT, -- NULL: no policy yet
    doc             TEXT NOT NULL,
    primary_token   TEXT,
    secondary_token TEXT,
    UNIQUE (first_site, second_site, pure_pg_name)
) STRICT;

-- The three tables below are derived from the record and rewritten with it.
CREATE TABLE cinder_groups (
    site            TEXT NOT NULL,
    cinder_group_id TEXT NOT NULL,
    group_id        TEXT NOT NULL REFERENCES protection_groups (id) ON DELETE CASCADE,
    PRIMARY KEY (site, cinder_group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cinder_groups_by_group ON cinder_groups (group_id);

CREATE TABLE members (
    server_id TEXT PRIMARY KEY,
    group_id  TEXT NOT NULL REFERENCES protection_groups (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_group ON members (group_id);

-- Disks in use and copies that are retained, on every site.
CREATE TABLE volumes (
    site      TEXT NOT NULL,
    volume_id TEXT NOT NULL,
    group_id  TEXT NOT NULL REFERENCES protection_groups (id) ON DELETE CASCADE,
    PRIMARY KEY (site, volume_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX volumes_by_group ON volumes (group_id);

-- Operations outlive their group, so nothing here refers to protection_groups.
CREATE TABLE operations (
    position    INTEGER PRIMARY KEY, -- order of acceptance
    id          TEXT NOT NULL UNIQUE,
    group_id    TEXT NOT NULL,
    group_name  TEXT NOT NULL,
    kind        TEXT NOT NULL,
    accepted_at TEXT NOT NULL, -- always nine digits of a second, so that text sorts as time
    plan        TEXT NOT NULL  -- JSON
) STRICT;
CREATE INDEX operations_by_time ON operations (accepted_at, position);
CREATE INDEX operations_by_group ON operations (group_id, accepted_at, position);

CREATE TABLE open_operations (
    group_id     TEXT PRIMARY KEY,
    operation_id TEXT NOT NULL UNIQUE REFERENCES operations (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
    operation_id  TEXT NOT NULL REFERENCES operations (id),
    sequence      INTEGER NOT NULL,
    at            TEXT NOT NULL,
    record        TEXT NOT NULL, -- JSON
    previous_hash TEXT NOT NULL,
    hash          TEXT NOT NULL,
    PRIMARY KEY (operation_id, sequence)
) STRICT;

-- holder NULL: given back. The row stays, because the generation must never start again.
CREATE TABLE leases (
    operation_id TEXT PRIMARY KEY REFERENCES operations (id),
    generation   INTEGER NOT NULL,
    holder       TEXT, -- JSON
    expires_at   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
