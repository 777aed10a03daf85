-- The newest record of a group of which this site has learned that both sites held it: the base of what changed since.
CREATE TABLE agreed_groups (
    group_id TEXT PRIMARY KEY REFERENCES protection_groups (id) ON DELETE CASCADE,
    version  INTEGER NOT NULL,
    doc      TEXT NOT NULL -- JSON, without tokens
) STRICT;

INSERT INTO schema_version (version) VALUES (7);
