-- Entries lie where their key says, in order: a journal is read from end to end, and there is no second tree to write.
CREATE TABLE clustered_journal (
    operation_id  TEXT NOT NULL REFERENCES operations (id),
    sequence      INTEGER NOT NULL,
    at            TEXT NOT NULL,
    record        TEXT NOT NULL, -- JSON
    previous_hash TEXT NOT NULL,
    hash          TEXT NOT NULL,
    PRIMARY KEY (operation_id, sequence)
) STRICT, WITHOUT ROWID;

INSERT INTO clustered_journal SELECT operation_id, sequence, at, record, previous_hash, hash FROM journal;
DROP TABLE journal;
ALTER TABLE clustered_journal RENAME TO journal;

INSERT INTO schema_version (version) VALUES (4);
