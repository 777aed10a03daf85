-- Workers that take up operations, by the engine they have. A row goes when nobody renewed it for long.
CREATE TABLE workers (
    engine     TEXT NOT NULL PRIMARY KEY,
    beat       TEXT NOT NULL, -- JSON, the newest one
    started_at TEXT NOT NULL,
    seen_at    TEXT NOT NULL, -- always nine digits of a second, so that text sorts as time
    stopped_at TEXT           -- NULL: it did not end of its own accord
) STRICT, WITHOUT ROWID;

INSERT INTO schema_version (version) VALUES (8);
