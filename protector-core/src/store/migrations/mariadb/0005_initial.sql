-- The schema as SQLite's fifth step leaves it. A server does not undo half a migration, so every statement may be run again.
-- Texts compare byte by byte. What has to be unique fits an index.
CREATE TABLE IF NOT EXISTS sites (
    name VARCHAR(255) NOT NULL PRIMARY KEY,
    doc  LONGTEXT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS protection_groups (
    id              VARCHAR(255) NOT NULL PRIMARY KEY,
    name            VARCHAR(255) NOT NULL,
    project_id      VARCHAR(255) NOT NULL,
    version         BIGINT NOT NULL,
    primary_site    VARCHAR(255) NOT NULL,
    secondary_site  VARCHAR(255) NOT NULL,
    cg_id           VARCHAR(255) NOT NULL UNIQUE,
    first_site      VARCHAR(255) NOT NULL,
    second_site     VARCHAR(255) NOT NULL,
    pure_pg_name    VARCHAR(255),
    doc             LONGTEXT NOT NULL,
    primary_token   TEXT,
    secondary_token TEXT,
    UNIQUE (project_id, name),
    INDEX (name, id),
    UNIQUE (first_site, second_site, pure_pg_name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS cinder_groups (
    site            VARCHAR(255) NOT NULL,
    cinder_group_id VARCHAR(255) NOT NULL,
    group_id        VARCHAR(255) NOT NULL,
    PRIMARY KEY (site, cinder_group_id),
    FOREIGN KEY (group_id) REFERENCES protection_groups (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS members (
    server_id VARCHAR(255) NOT NULL PRIMARY KEY,
    group_id  VARCHAR(255) NOT NULL,
    FOREIGN KEY (group_id) REFERENCES protection_groups (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS volumes (
    site      VARCHAR(255) NOT NULL,
    volume_id VARCHAR(255) NOT NULL,
    group_id  VARCHAR(255) NOT NULL,
    PRIMARY KEY (site, volume_id),
    FOREIGN KEY (group_id) REFERENCES protection_groups (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS operations (
    position    BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id          VARCHAR(255) NOT NULL UNIQUE,
    group_id    VARCHAR(255) NOT NULL,
    group_name  VARCHAR(255) NOT NULL,
    project_id  VARCHAR(255) NOT NULL,
    kind        VARCHAR(64) NOT NULL,
    accepted_at VARCHAR(40) NOT NULL,
    plan        LONGTEXT NOT NULL,
    INDEX (accepted_at, position),
    INDEX (group_id, accepted_at, position),
    INDEX (project_id, accepted_at, position)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS open_operations (
    group_id     VARCHAR(255) NOT NULL PRIMARY KEY,
    operation_id VARCHAR(255) NOT NULL UNIQUE,
    FOREIGN KEY (operation_id) REFERENCES operations (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS journal (
    operation_id  VARCHAR(255) NOT NULL,
    sequence      BIGINT NOT NULL,
    at            VARCHAR(40) NOT NULL,
    record        LONGTEXT NOT NULL,
    previous_hash CHAR(64) NOT NULL,
    hash          CHAR(64) NOT NULL,
    PRIMARY KEY (operation_id, sequence),
    FOREIGN KEY (operation_id) REFERENCES operations (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS leases (
    operation_id VARCHAR(255) NOT NULL PRIMARY KEY,
    generation   BIGINT NOT NULL,
    holder       TEXT,
    expires_at   VARCHAR(40) NOT NULL,
    FOREIGN KEY (operation_id) REFERENCES operations (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS durations (
    action       VARCHAR(64) NOT NULL,
    site         VARCHAR(255) NOT NULL,
    milliseconds TEXT NOT NULL,
    PRIMARY KEY (action, site)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS stop_requests (
    operation_id VARCHAR(255) NOT NULL PRIMARY KEY,
    request      TEXT NOT NULL,
    FOREIGN KEY (operation_id) REFERENCES operations (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Whoever writes counts here first: one after the other, and on a cluster the later one of two is told at its commit.
CREATE TABLE IF NOT EXISTS writer (
    id     TINYINT NOT NULL PRIMARY KEY,
    writes BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT IGNORE INTO writer (id, writes) VALUES (1, 0);

-- The last writes, each by a mark of its own: whoever lost the connection in its commit finds out whether it happened.
CREATE TABLE IF NOT EXISTS write_marks (
    sequence BIGINT NOT NULL PRIMARY KEY,
    mark     CHAR(36) NOT NULL UNIQUE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
