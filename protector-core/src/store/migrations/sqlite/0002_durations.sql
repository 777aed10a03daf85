INSERT INTO schema_version (version) VALUES (2);

-- How long steps took, for forecasts. One row per kind and site, so that what is kept is bounded where it is written.
CREATE TABLE durations (
    action       TEXT NOT NULL,
    site         TEXT NOT NULL, -- empty: the metadata of both sites
    milliseconds TEXT NOT NULL, -- JSON array, newest last
    PRIMARY KEY (action, site)
) STRICT, WITHOUT ROWID;
