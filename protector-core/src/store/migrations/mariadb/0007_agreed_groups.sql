-- The newest record of a group of which this site has learned that both sites held it: the base of what changed since.
CREATE TABLE IF NOT EXISTS agreed_groups (
    group_id VARCHAR(255) NOT NULL PRIMARY KEY,
    version  BIGINT NOT NULL,
    doc      LONGTEXT NOT NULL,
    FOREIGN KEY (group_id) REFERENCES protection_groups (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
