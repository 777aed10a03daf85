-- Names are unique within a project: whoever may not see a group does not learn that its name is taken.
CREATE TABLE project_groups (
    id              TEXT NOT NULL PRIMARY KEY,
    name            TEXT NOT NULL,
    project_id      TEXT NOT NULL,
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
    UNIQUE (project_id, name),
    UNIQUE (first_site, second_site, pure_pg_name)
) STRICT;

-- a record that cannot be read keeps its row, and is named when it is read
INSERT INTO project_groups SELECT
    id, name, CASE WHEN json_valid(doc) THEN coalesce(json_extract(doc, '$.group.project_id'), '') ELSE '' END,
    version, primary_site, secondary_site, cg_id, first_site, second_site, pure_pg_name, doc, primary_token, secondary_token
FROM protection_groups;
DROP TABLE protection_groups;
ALTER TABLE project_groups RENAME TO protection_groups;
CREATE INDEX protection_groups_by_name ON protection_groups (name, id);

-- Of a group that is gone nobody knows the project any more: such operations are for administrators.
ALTER TABLE operations ADD COLUMN project_id TEXT NOT NULL DEFAULT '';
UPDATE operations SET project_id = coalesce((SELECT g.project_id FROM protection_groups g WHERE g.id = group_id), '');
CREATE INDEX operations_by_project ON operations (project_id, accepted_at, position);

INSERT INTO schema_version (version) VALUES (5);
