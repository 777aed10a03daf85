-- Workers that take up operations, by the engine they have. A row goes when nobody renewed it for long.
CREATE TABLE IF NOT EXISTS workers (
    engine     VARCHAR(255) NOT NULL PRIMARY KEY,
    beat       TEXT NOT NULL,
    started_at VARCHAR(40) NOT NULL,
    seen_at    VARCHAR(40) NOT NULL,
    stopped_at VARCHAR(40)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
