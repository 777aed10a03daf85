-- One simulated world: arrays, the links between them, and clouds over them.
--
-- Columns that end in _ms hold milliseconds since 1970. A destroyed_ms that is set means: destroyed, waiting for
-- eradication, name still taken. Whatever follows from the clock alone (progress, boot, visibility) is computed, not stored.
-- Names that administrators give on an array are the same in upper and lower case.

-- Not part of the world that is simulated, so not part of its dump.
CREATE TABLE bookkeeping (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    now_ms INTEGER,                         -- the present of a virtual clock
    identifiers INTEGER NOT NULL,           -- ids given out under a virtual clock
    mutations INTEGER NOT NULL
) STRICT;
INSERT INTO bookkeeping VALUES (1, NULL, 0, 0);

-- How many serial numbers each array has given out; left out of the dump like the count of ids.
CREATE TABLE serials (
    array_id TEXT PRIMARY KEY,
    given INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    transfer_millis INTEGER NOT NULL,
    boot_millis INTEGER NOT NULL,
    replica_delay_millis INTEGER NOT NULL
) STRICT;
INSERT INTO settings VALUES (1, 1500, 500, 0);

-- Arrays ------------------------------------------------------------------------------------------------------------

CREATE TABLE arrays (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    version TEXT NOT NULL,                  -- of Purity
    available INTEGER NOT NULL DEFAULT 1,
    mediator_reachable INTEGER NOT NULL DEFAULT 1,          -- it can ask the mediators of its pods
    -- how long a destroyed object can be recovered and keeps its name, and whether it may be eradicated sooner
    eradication_millis INTEGER NOT NULL DEFAULT 86400000,
    manual_eradication TEXT NOT NULL DEFAULT 'all-enabled'
) STRICT;

-- Two arrays that know each other. A 'sync' connection carries asynchronous replication as well.
CREATE TABLE array_connections (
    id TEXT PRIMARY KEY,
    one_id TEXT NOT NULL REFERENCES arrays (id),
    other_id TEXT NOT NULL REFERENCES arrays (id),
    kind TEXT NOT NULL CHECK (kind IN ('async', 'sync')),
    connected INTEGER NOT NULL DEFAULT 1,
    -- what an administrator set at either end, as REST shows it: JSON objects
    one_attributes TEXT NOT NULL DEFAULT '{}',
    other_attributes TEXT NOT NULL DEFAULT '{}',
    UNIQUE (one_id, other_id)
) STRICT;

-- A pod is on each of its arrays, one or two. What is in it has one of these as its array_id, and the pod's name in its
-- own. A name with a point in it is one that only arrays give: `<pod>.undo-demote`, `<pod>.restretch`.
CREATE TABLE pods (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE,
    created_ms INTEGER NOT NULL,
    destroyed_ms INTEGER,
    quota INTEGER,                          -- bytes
    source TEXT,                            -- the pod that it was copied from, by name
    mediator TEXT NOT NULL DEFAULT 'purestorage',
    promotion TEXT NOT NULL DEFAULT 'promoted' CHECK (promotion IN ('promoted', 'demoted')),  -- as requested
    promotion_ms INTEGER NOT NULL DEFAULT 0,                -- from when on it is so
    failover_preferences TEXT NOT NULL DEFAULT '[]'         -- JSON array of array names
) STRICT;
CREATE INDEX pods_by_name ON pods (name);

CREATE TABLE pod_arrays (
    pod_id TEXT NOT NULL REFERENCES pods (id) ON DELETE CASCADE,
    array_id TEXT NOT NULL REFERENCES arrays (id),
    frozen_ms INTEGER,                      -- its data are of then, 0: it never had any; NULL: it has every write
    resync_since_ms INTEGER,                -- being brought up to date from then on; NULL: that cannot go on now
    resync_millis INTEGER NOT NULL DEFAULT 0,               -- how long that takes
    suspended_until_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (pod_id, array_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX pod_arrays_by_array ON pod_arrays (array_id, pod_id);

-- What a volume held when the data of its pod were frozen on an array.
CREATE TABLE pod_frozen_volumes (
    pod_id TEXT NOT NULL,
    array_id TEXT NOT NULL,
    volume_id TEXT NOT NULL REFERENCES volumes (id) ON DELETE CASCADE,
    provisioned INTEGER NOT NULL,
    content INTEGER NOT NULL,
    PRIMARY KEY (pod_id, array_id, volume_id),
    FOREIGN KEY (pod_id, array_id) REFERENCES pod_arrays (pod_id, array_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX pod_frozen_volumes_by_volume ON pod_frozen_volumes (volume_id);

-- Continuous replication from one pod to another. In step with its source, once it has flowed for catch_up_millis:
-- then its recovery point is the present.
CREATE TABLE pod_replica_links (
    id TEXT PRIMARY KEY,
    source_pod_id TEXT NOT NULL REFERENCES pods (id) ON DELETE CASCADE,
    target_pod_id TEXT NOT NULL REFERENCES pods (id) ON DELETE CASCADE,
    paused INTEGER NOT NULL DEFAULT 0,
    idle INTEGER NOT NULL DEFAULT 0,        -- the source was demoted without waiting
    recovery_point_ms INTEGER,              -- while it is not in step; NULL: the target has no complete data yet
    flows_since_ms INTEGER,                 -- NULL: it does not flow
    catch_up_millis INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    UNIQUE (source_pod_id, target_pod_id)
) STRICT;
CREATE INDEX pod_replica_links_by_target ON pod_replica_links (target_pod_id);

CREATE TABLE volume_groups (
    id TEXT PRIMARY KEY,
    array_id TEXT NOT NULL REFERENCES arrays (id),
    name TEXT NOT NULL COLLATE NOCASE,      -- `group` or `pod::group`
    pod_id TEXT REFERENCES pods (id) ON DELETE CASCADE,
    destroyed_ms INTEGER,
    bandwidth_limit INTEGER,                -- bytes a second
    iops_limit INTEGER,
    priority_operator TEXT NOT NULL DEFAULT '+',
    priority_value INTEGER NOT NULL DEFAULT 0,
    UNIQUE (array_id, name)
) STRICT;
CREATE INDEX volume_groups_by_name ON volume_groups (name);

CREATE TABLE volumes (
    id TEXT PRIMARY KEY,
    array_id TEXT NOT NULL REFERENCES arrays (id),
    name TEXT NOT NULL COLLATE NOCASE,      -- `v`, `pod::v` or `volume group/v`
    serial INTEGER NOT NULL,                -- number of it on the array that made it
    serial_array_id TEXT,                   -- which one that was; NULL: array_id
    pod_id TEXT REFERENCES pods (id) ON DELETE CASCADE,
    volume_group_id TEXT REFERENCES volume_groups (id),
    -- the volume whose data it was copied from, also if by way of a snapshot; `<source array>:<volume>` if replicated
    source TEXT,
    source_id TEXT,
    provisioned INTEGER NOT NULL,           -- bytes
    content INTEGER NOT NULL,               -- writes it holds
    demoted INTEGER NOT NULL DEFAULT 0,     -- an administrator stopped host writes
    bandwidth_limit INTEGER,                -- bytes a second
    iops_limit INTEGER,
    priority_operator TEXT NOT NULL DEFAULT '+',
    priority_value INTEGER NOT NULL DEFAULT 0,
    snapshot_count INTEGER NOT NULL DEFAULT 0,              -- numbers given to its snapshots
    created_ms INTEGER NOT NULL,
    destroyed_ms INTEGER,
    clone_key TEXT,                         -- the op key that it was cloned under
    clone_group_id TEXT,                    -- and from which group, recovery point and source volume
    clone_point TEXT,
    clone_source TEXT,
    UNIQUE (array_id, name)
) STRICT;
CREATE INDEX volumes_by_name ON volumes (name);
CREATE INDEX volumes_by_volume_group ON volumes (volume_group_id) WHERE volume_group_id IS NOT NULL;
CREATE INDEX volumes_by_clone_key ON volumes (array_id, clone_key) WHERE clone_key IS NOT NULL;
CREATE INDEX volumes_by_pod ON volumes (pod_id, name) WHERE pod_id IS NOT NULL;
CREATE INDEX volumes_destroyed ON volumes (destroyed_ms) WHERE destroyed_ms IS NOT NULL;

-- Volumes to which an array refuses the writes of its hosts. Each array of a stretched pod for itself.
CREATE TABLE fences (
    array_id TEXT NOT NULL REFERENCES arrays (id),
    volume_id TEXT NOT NULL REFERENCES volumes (id) ON DELETE CASCADE,
    PRIMARY KEY (volume_id, array_id)
) STRICT, WITHOUT ROWID;

-- A group of this array, or the image of a group that another array replicates here.
CREATE TABLE protection_groups (
    id TEXT PRIMARY KEY,
    array_id TEXT NOT NULL REFERENCES arrays (id),
    name TEXT NOT NULL,                     -- as this array shows it: `<source array>:<name>` for an image
    pod_id TEXT REFERENCES pods (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    destroyed_ms INTEGER,
    retention_locked INTEGER NOT NULL DEFAULT 0,
    -- schedule of replicated snapshots; not on an image
    interval_ms INTEGER,                    -- NULL: never set
    next_due_ms INTEGER,                    -- NULL: the schedule is off
    scheduled_count INTEGER NOT NULL DEFAULT 0,
    -- an administrator manages it: scheduled snapshots are numbered, and go as `schedules` says
    administered INTEGER NOT NULL DEFAULT 0,
    -- JSON of what an administrator set beside the two columns above; on an image only its retention counts
    schedules TEXT NOT NULL DEFAULT '{}',
    snapshot_due_ms INTEGER,                -- next local snapshot; NULL: that schedule is off
    retention_due_ms INTEGER,               -- when the next snapshot may have to go; NULL: none
    -- only on an image
    source_group_id TEXT,
    allowed INTEGER NOT NULL DEFAULT 0,     -- this array lets the source replicate to it
    detached INTEGER NOT NULL DEFAULT 0,    -- no target of its source any more
    visible_ms INTEGER NOT NULL,
    UNIQUE (array_id, name)
) STRICT;
CREATE INDEX protection_groups_by_pod ON protection_groups (pod_id, name) WHERE pod_id IS NOT NULL;
CREATE INDEX protection_groups_due ON protection_groups (next_due_ms) WHERE next_due_ms IS NOT NULL;
CREATE INDEX protection_groups_snapshot_due ON protection_groups (snapshot_due_ms) WHERE snapshot_due_ms IS NOT NULL;
CREATE INDEX protection_groups_retention_due ON protection_groups (retention_due_ms) WHERE retention_due_ms IS NOT NULL;
CREATE INDEX protection_groups_destroyed ON protection_groups (destroyed_ms) WHERE destroyed_ms IS NOT NULL;
CREATE INDEX protection_groups_source ON protection_groups (source_group_id) WHERE source_group_id IS NOT NULL;

-- The mark of a group on an array that shows it. Each array of a stretched pod has its own.
CREATE TABLE group_marks (
    group_id TEXT NOT NULL REFERENCES protection_groups (id) ON DELETE CASCADE,
    array_id TEXT NOT NULL REFERENCES arrays (id),
    owner TEXT,                             -- the protection group that it belongs to
    epoch INTEGER NOT NULL,                 -- highest seen
    PRIMARY KEY (group_id, array_id)
) STRICT, WITHOUT ROWID;

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
    scheduled INTEGER NOT NULL,             -- goes by retention
    created_ms INTEGER NOT NULL,            -- the instant of the data
    destroyed_ms INTEGER,
    eradicate_ms INTEGER,                   -- made for replication only, and gone at this instant
    UNIQUE (group_id, suffix)
) STRICT;
CREATE INDEX snapshots_eradicate ON snapshots (eradicate_ms) WHERE eradicate_ms IS NOT NULL;
CREATE INDEX snapshots_destroyed ON snapshots (destroyed_ms) WHERE destroyed_ms IS NOT NULL;

-- A snapshot of one volume alone.
CREATE TABLE volume_snapshots (
    id TEXT PRIMARY KEY,
    array_id TEXT NOT NULL REFERENCES arrays (id),
    volume_id TEXT NOT NULL REFERENCES volumes (id) ON DELETE CASCADE,
    name TEXT NOT NULL COLLATE NOCASE,      -- `<volume>.<suffix>`
    suffix TEXT NOT NULL COLLATE NOCASE,
    serial INTEGER NOT NULL,                -- as of volumes
    serial_array_id TEXT,
    provisioned INTEGER NOT NULL,
    content INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    destroyed_ms INTEGER,
    UNIQUE (array_id, name)
) STRICT;
CREATE INDEX volume_snapshots_by_name ON volume_snapshots (name);
CREATE INDEX volume_snapshots_by_volume ON volume_snapshots (volume_id);
CREATE INDEX volume_snapshots_destroyed ON volume_snapshots (destroyed_ms) WHERE destroyed_ms IS NOT NULL;

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

-- The groups that a new volume joins unless its maker declines: on the array itself, or in one of its pods.
CREATE TABLE default_protections (
    array_id TEXT NOT NULL REFERENCES arrays (id),
    pod_id TEXT REFERENCES pods (id) ON DELETE CASCADE,
    group_id TEXT NOT NULL REFERENCES protection_groups (id) ON DELETE CASCADE,
    UNIQUE (array_id, pod_id, group_id)
) STRICT;

-- Whatever may carry a tag; resource is the REST collection, such as 'volumes'. A volume in the snapshot of a group has
-- `<snapshot id>/<volume name>` as its id here.
CREATE TABLE tags (
    array_id TEXT NOT NULL REFERENCES arrays (id),
    resource TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    copyable INTEGER NOT NULL,
    PRIMARY KEY (array_id, resource, resource_id, namespace, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_resource ON tags (resource, resource_id);

CREATE TABLE host_groups (
    id TEXT PRIMARY KEY,
    array_id TEXT NOT NULL REFERENCES arrays (id),
    name TEXT NOT NULL COLLATE NOCASE,
    UNIQUE (array_id, name)
) STRICT;

CREATE TABLE hosts (
    id TEXT PRIMARY KEY,
    array_id TEXT NOT NULL REFERENCES arrays (id),
    name TEXT NOT NULL COLLATE NOCASE,
    host_group_id TEXT REFERENCES host_groups (id),
    personality TEXT,
    iqns TEXT NOT NULL DEFAULT '[]',        -- JSON arrays
    nqns TEXT NOT NULL DEFAULT '[]',
    wwns TEXT NOT NULL DEFAULT '[]',
    preferred_arrays TEXT NOT NULL DEFAULT '[]',            -- JSON array of array names
    vlan TEXT,
    chap_host_user TEXT,                    -- CHAP passwords are not kept
    chap_target_user TEXT,
    UNIQUE (array_id, name)
) STRICT;
CREATE INDEX hosts_by_host_group ON hosts (host_group_id) WHERE host_group_id IS NOT NULL;

-- A volume that a host, or each host of a group, can write to.
CREATE TABLE connections (
    array_id TEXT NOT NULL REFERENCES arrays (id),
    volume_id TEXT NOT NULL REFERENCES volumes (id) ON DELETE CASCADE,
    host_id TEXT REFERENCES hosts (id) ON DELETE CASCADE,
    host_group_id TEXT REFERENCES host_groups (id) ON DELETE CASCADE,
    lun INTEGER NOT NULL,
    CHECK ((host_id IS NULL) <> (host_group_id IS NULL)),
    UNIQUE (array_id, volume_id, host_id, host_group_id)
) STRICT;
CREATE INDEX connections_by_volume ON connections (volume_id);
CREATE INDEX connections_by_host ON connections (host_id) WHERE host_id IS NOT NULL;
CREATE INDEX connections_by_host_group ON connections (host_group_id) WHERE host_group_id IS NOT NULL;

-- Tags go with what carries them.
CREATE TRIGGER volume_tags AFTER DELETE ON volumes BEGIN
    DELETE FROM tags WHERE resource = 'volumes' AND resource_id = OLD.id;
END;
CREATE TRIGGER volume_snapshot_tags AFTER DELETE ON volume_snapshots BEGIN
    DELETE FROM tags WHERE resource = 'volume-snapshots' AND resource_id = OLD.id;
END;
CREATE TRIGGER snapshot_tags AFTER DELETE ON snapshots BEGIN
    DELETE FROM tags WHERE resource = 'protection-group-snapshots' AND resource_id = OLD.id;
    -- '0' comes right after '/'
    DELETE FROM tags WHERE resource = 'volume-snapshots' AND resource_id > OLD.id || '/' AND resource_id < OLD.id || '0';
END;
CREATE TRIGGER protection_group_tags AFTER DELETE ON protection_groups BEGIN
    DELETE FROM tags WHERE resource = 'protection-groups' AND resource_id = OLD.id;
END;
CREATE TRIGGER pod_tags AFTER DELETE ON pods BEGIN
    DELETE FROM tags WHERE resource = 'pods' AND resource_id = OLD.id;
END;
CREATE TRIGGER host_tags AFTER DELETE ON hosts BEGIN
    DELETE FROM tags WHERE resource = 'hosts' AND resource_id = OLD.id;
END;
CREATE TRIGGER host_group_tags AFTER DELETE ON host_groups BEGIN
    DELETE FROM tags WHERE resource = 'host-groups' AND resource_id = OLD.id;
END;

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
    project TEXT,                           -- NULL: the cloud does not tell
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

-- What goes wrong because a test wants it to: see mishaps.rs.
CREATE TABLE mishaps (
    site TEXT NOT NULL REFERENCES sites (name),
    kind TEXT NOT NULL CHECK (kind IN ('boot', 'check', 'import')),
    name TEXT NOT NULL,                     -- of the server or volume
    PRIMARY KEY (site, kind, name)
) STRICT, WITHOUT ROWID;

-- Replication ---------------------------------------------------------------------------------------------------------

-- Each connection, from both of its ends. `works`: data can move right now.
CREATE VIEW links AS
SELECT c.id AS connection_id, c.kind AS kind, c.connected AS connected, here.id AS array_id, there.id AS peer_id,
       c.connected AND here.available AND there.available AS works
FROM array_connections AS c
JOIN arrays AS here ON here.id IN (c.one_id, c.other_id)
JOIN arrays AS there ON there.id IN (c.one_id, c.other_id) AND there.id <> here.id;

-- Which volume is seen on which array: those in a pod on each array of the pod.
CREATE VIEW volumes_on AS
SELECT array_id AS on_array_id, id AS volume_id FROM volumes WHERE pod_id IS NULL
UNION ALL
SELECT pod_arrays.array_id, volumes.id FROM pod_arrays JOIN volumes ON volumes.pod_id = pod_arrays.pod_id;

-- The same for protection groups.
CREATE VIEW protection_groups_on AS
SELECT array_id AS on_array_id, id AS group_id FROM protection_groups WHERE pod_id IS NULL
UNION ALL
SELECT pod_arrays.array_id, protection_groups.id
FROM pod_arrays JOIN protection_groups ON protection_groups.pod_id = pod_arrays.pod_id;

-- Which group is replicated to which image. `flows`: data can move right now. A group in a pod is replicated by any array
-- of the pod.
CREATE VIEW replication_paths AS
SELECT source.id AS source_group_id,
       source.array_id AS source_array_id,
       image.id AS image_group_id,
       image.array_id AS target_array_id,
       image.visible_ms AS visible_ms,
       image.allowed AND image.destroyed_ms IS NULL AS allowed,
       source.destroyed_ms IS NULL AND image.destroyed_ms IS NULL AND image.allowed
           AND EXISTS (SELECT 1 FROM links WHERE links.peer_id = image.array_id AND links.works
                           AND (links.array_id = source.array_id
                                OR links.array_id IN (SELECT pod_arrays.array_id FROM pod_arrays
                                                      WHERE pod_arrays.pod_id = source.pod_id AND frozen_ms IS NULL)))
           AS flows
FROM protection_groups AS image
JOIN protection_groups AS source ON source.id = image.source_group_id
WHERE NOT image.detached;
