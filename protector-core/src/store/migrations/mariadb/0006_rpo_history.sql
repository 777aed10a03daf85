-- How each group kept its objective: few spans, the newest ones.
CREATE TABLE IF NOT EXISTS rpo_history (
    group_id VARCHAR(255) NOT NULL PRIMARY KEY,
    spans    LONGTEXT NOT NULL,
    FOREIGN KEY (group_id) REFERENCES protection_groups (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
