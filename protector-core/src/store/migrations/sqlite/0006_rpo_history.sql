-- How each group kept its objective: few spans, the newest ones.
CREATE TABLE rpo_history (
    group_id TEXT NOT NULL PRIMARY KEY REFERENCES protection_groups (id) ON DELETE CASCADE,
    spans    TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;

INSERT INTO schema_version (version) VALUES (6);
