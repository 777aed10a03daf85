-- Who asked whoever executes an operation to stop; gone once it was obeyed or the operation ended.
CREATE TABLE stop_requests (
    operation_id TEXT PRIMARY KEY REFERENCES operations (id),
    request      TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;

INSERT INTO schema_version (version) VALUES (3);
