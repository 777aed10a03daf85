-- One simulated world: two arrays, the link between them, and a cloud over each.
--
-- Columns that end in _ms hold milliseconds since 1970. A destroyed_ms that is set means: destroyed, waiting for
-- eradication, name still taken. Whatever follows from the clock alone (progress, boot, visibility) is computed, not stored.

-- Not part of the world that is simulated, so not part of its dump.
CREATE TABLE bookkeeping (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    now_ms INTEGER,                         -- the present of a virtual clock
    identifiers INTEGER NOT NULL,           -- ids given out under a virtual clock
    mutations INTEGER NOT NULL
) STRICT;
INSERT INTO bookkeeping VALUES (1, NULL, 0, 0);

CREATE TABLE settings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    transfer_millis INTEGER NOT NULL,
    boot_millis INTEGER NOT NULL,
    replica_delay_millis INTEGER NOT NULL,
    link_connected INTEGER NOT NULL
) STRICT;
INSERT INTO settings VALUES (1, 1500, 500, 0, 1);

-- Arrays ------------------------------------------------------------------------------------------------------------

CREATE TABLE arrays (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    version TEXT NOT NULL
) STRICT;

CREATE TABLE volumes (
    id TEXT PRIMARY KEY,
    array_id TEXT NOT NULL REFERENCES arrays (id),
    name TEXT NOT NULL,
    provisioned INTEGER NOT NULL,           -- bytes
    content INTEGER NOT NULL,               -- writes it holds
    fenced INTEGER NOT NULL DEFAULT 0,      -- host writes are refused
    created_ms INTEGER NOT NULL,
    destroyed_ms INTEGER,
    clone_key TEXT,                         -- the op key that it was cloned under
    clone_group_id TEXT,                    -- and from which group, recovery point and source volume
    clone_point TEXT,
    clone_source TEXT,
    UNIQUE (array_id, name)
) STRICT;
CREATE INDEX volumes_by_clone_key ON volumes (array_id, clone_key) WHERE clone_key IS NOT NULL;
CREATE INDEX volumes_destroyed ON volumes (destroyed_ms) WHERE destroyed_ms IS NOT NULL;

-- A group of this array, or the image of a group that another array replicates here.
CREATE TABLE protection_groups (
    id TEXT PRIMARY KEY,
    array_id TEXT NOT NULL REFERENCES arrays (id),
    name TEXT NOT NULL,                     -- as this array shows it: `<source array>:<name>` for an image
    owner TEXT,                             -- the protection group whose mark it carries
    epoch INTEGER NOT NULL,                 -- highest seen
    created_ms INTEGER NOT NULL,
    destroyed_ms INTEGER,
    -- schedule of replicated snapshots; not on an image
    interval_ms INTEGER,
    next_due_ms INTEGER,                    -- NULL: the schedule is off
    scheduled_count INTEGER NOT NULL DEFAULT 0,
    -- only on an image
    source_group_id TEXT,
    allowed INTEGER NOT NULL DEFAULT 0,     -- this array lets the source replicate to it
    visible_ms INTEGER NOT NULL,
    UNIQUE (array_id, name)
) STRICT;
CREATE INDEX protection_groups_due ON protection_groups (next_due_ms) WHERE next_due_ms IS NOT NULL;
CREATE INDEX protection_groups_destroyed ON protection_groups (destroyed_ms) WHERE destroyed_ms IS NOT NULL;
CREATE INDEX protection_groups_source ON protection_groups (source_group_id) WHERE source_group_id IS NOT NULL;

CREATE TABLE protection_group_volumes (
    group_id TEXT NOT NULL REFERENCES protection_groups (id) ON DELETE CASCADE,
    volume_id TEXT NOT NULL REFERENCES volumes (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, volume_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX protection_group_volumes_by_volume ON protection_group_volumes (volume_id);

-- A snapshot of a group, or on an image the replica of one.
CREATE TABLE snapshots (
    id TEXT PRIMARY KEY,
    group_id TEXT NOT NULL REFERENCES protection_groups (id) ON DELETE CASCADE,
    suffix TEXT NOT NULL,
    scheduled INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,            -- the instant of the data
    destroyed_ms INTEGER,
    UNIQUE (group_id, suffix)
) STRICT;
CREATE INDEX snapshots_destroyed ON snapshots (destroyed_ms) WHERE destroyed_ms IS NOT NULL;

CREATE TABLE snapshot_volumes (
    snapshot_id TEXT NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    volume_name TEXT NOT NULL,              -- on the source, at that instant
    provisioned INTEGER NOT NULL,
    content INTEGER NOT NULL,
    PRIMARY KEY (snapshot_id, volume_name)
) STRICT, WITHOUT ROWID;

-- How a replica came to its array: progressed_millis by the time running_since_ms, and growing with the clock from then.
CREATE TABLE transfers (
    snapshot_id TEXT PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
    duration_millis INTEGER NOT NULL,
    progressed_millis INTEGER NOT NULL,
    started_ms INTEGER,                     -- NULL: could not start yet, the target has not heard of it
    running_since_ms INTEGER                -- NULL: interrupted
) STRICT;

-- Clouds ------------------------------------------------------------------------------------------------------------

CREATE TABLE sites (
    name TEXT PRIMARY KEY,
    array_id TEXT NOT NULL UNIQUE REFERENCES arrays (id),
    auth_url TEXT NOT NULL,
    backend TEXT NOT NULL,                  -- `host@backend` of its one backend, which is also its volume_backend_name
    available INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE volume_types (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites (name),
    name TEXT NOT NULL,
    extra_specs TEXT NOT NULL,              -- JSON object
    UNIQUE (site, name)
) STRICT;

CREATE TABLE cinder_groups (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites (name),
    name TEXT NOT NULL,
    volume_type TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    UNIQUE (site, name)
) STRICT;

CREATE TABLE cinder_volumes (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites (name),
    name TEXT NOT NULL,
    size_gib INTEGER NOT NULL,
    volume_type TEXT NOT NULL,
    bootable INTEGER NOT NULL,
    group_id TEXT REFERENCES cinder_groups (id),
    array_volume_id TEXT UNIQUE REFERENCES volumes (id) ON DELETE SET NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX cinder_volumes_by_site ON cinder_volumes (site);
CREATE INDEX cinder_volumes_by_group ON cinder_volumes (group_id) WHERE group_id IS NOT NULL;

CREATE TABLE flavors (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites (name),
    name TEXT NOT NULL,
    vcpus INTEGER NOT NULL,
    ram_mib INTEGER NOT NULL,
    disk_gib INTEGER NOT NULL,
    UNIQUE (site, name)
) STRICT;

CREATE TABLE key_pairs (
    site TEXT NOT NULL REFERENCES sites (name),
    name TEXT NOT NULL,
    PRIMARY KEY (site, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE security_groups (
    site TEXT NOT NULL REFERENCES sites (name),
    name TEXT NOT NULL,
    PRIMARY KEY (site, name)
) STRICT, WITHOUT ROWID;

-- Limits; NULL: not limited.
CREATE TABLE quotas (
    site TEXT PRIMARY KEY REFERENCES sites (name),
    servers INTEGER,
    vcpus INTEGER,
    ram_mib INTEGER,
    volumes INTEGER,
    volume_gib INTEGER
) STRICT;

CREATE TABLE networks (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites (name),
    name TEXT NOT NULL,
    UNIQUE (site, name)
) STRICT;

CREATE TABLE subnets (
    network_id TEXT NOT NULL REFERENCES networks (id),
    cidr TEXT NOT NULL,
    next_host INTEGER NOT NULL,             -- the search for a free address begins at this one of its hosts
    UNIQUE (network_id, cidr)
) STRICT;

CREATE TABLE servers (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites (name),
    name TEXT NOT NULL,
    flavor TEXT NOT NULL,
    key_name TEXT,
    availability_zone TEXT,
    metadata TEXT NOT NULL,                 -- JSON object
    op_key TEXT,
    running INTEGER NOT NULL,               -- the state it is in from settled_ms on; until then it is changing
    settled_ms INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    UNIQUE (site, op_key)
) STRICT;

CREATE TABLE attachments (
    volume_id TEXT PRIMARY KEY REFERENCES cinder_volumes (id),
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    boot INTEGER NOT NULL,
    delete_on_termination INTEGER NOT NULL,
    UNIQUE (server_id, device)
) STRICT;

CREATE TABLE ports (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites (name),
    name TEXT NOT NULL,
    network_id TEXT NOT NULL REFERENCES networks (id),
    mac_address TEXT NOT NULL,
    security_groups TEXT NOT NULL,          -- JSON array
    server_id TEXT REFERENCES servers (id) ON DELETE SET NULL,
    position INTEGER NOT NULL DEFAULT 0     -- among the interfaces of its server
) STRICT;
CREATE INDEX ports_by_name ON ports (site, name);
CREATE INDEX ports_by_server ON ports (server_id, position) WHERE server_id IS NOT NULL;

CREATE TABLE port_addresses (
    network_id TEXT NOT NULL REFERENCES networks (id),
    address TEXT NOT NULL,
    port_id TEXT NOT NULL REFERENCES ports (id) ON DELETE CASCADE,
    PRIMARY KEY (network_id, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX port_addresses_by_port ON port_addresses (port_id);

-- Replication ---------------------------------------------------------------------------------------------------------

-- Which group is replicated to which image. `flows`: data can move right now.
CREATE VIEW replication_paths AS
SELECT source.id AS source_group_id,
       source.array_id AS source_array_id,
       image.id AS image_group_id,
       image.array_id AS target_array_id,
       image.visible_ms AS visible_ms,
       image.allowed AND image.destroyed_ms IS NULL AS allowed,
       source.destroyed_ms IS NULL AND image.destroyed_ms IS NULL AND image.allowed
           AND source_site.available AND target_site.available AND settings.link_connected AS flows
FROM protection_groups AS image
JOIN protection_groups AS source ON source.id = image.source_group_id
JOIN sites AS source_site ON source_site.array_id = source.array_id
JOIN sites AS target_site ON target_site.array_id = image.array_id
JOIN settings;
