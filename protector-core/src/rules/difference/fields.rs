//! A record as fields with a name and a value, in words.

use crate::model::{
    Disk, DiskCopy, GroupRecord, LedgerEntry, Mappings, Member, Nic, ReplicationPolicy, RetainedCopy, ServerCapture,
};
use std::collections::BTreeMap;
use std::fmt::Display;

/// Fields by name; they remember their order.
#[derive(Debug, Default)]
pub(super) struct Fields {
    order: Vec<String>,
    values: BTreeMap<String, String>,
}

impl Fields {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    /// Two of one name become one field with both values.
    fn add(&mut self, name: impl Into<String>, value: impl Display) {
        let name = name.into();
        match self.values.get_mut(&name) {
            Some(known) => *known = format!("{known}; {value}"),
            None => {
                self.order.push(name.clone());
                self.values.insert(name, value.to_string());
            }
        }
    }

    fn add_some(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }
}

/// Everything but versions, times of changes and secrets.
pub(super) fn fields(record: &GroupRecord) -> Fields {
    let mut all = Fields::default();
    group(&mut all, record);
    if let Some(given) = &record.policy {
        policy(&mut all, given);
    }
    for one in &record.members {
        member(&mut all, one);
    }
    for copy in &record.retained {
        let RetainedCopy { site, disk, volume_id, array_volume, operation, .. } = copy;
        all.add(
            format!("retained volume {volume_id} on {site}"),
            format!("'{array_volume}' of disk {disk}, left by {operation}"),
        );
    }
    aftermath(&mut all, record);
    all
}

fn group(all: &mut Fields, record: &GroupRecord) {
    let group = &record.group;
    all.add("name", format!("'{}'", group.name));
    all.add_some("description", group.description.as_ref().map(|text| format!("'{text}'")));
    all.add("project", &group.project_id);
    all.add("replication type", group.replication_type);
    all.add("primary site", &group.primary_site);
    all.add("secondary site", &group.secondary_site);
    all.add("current primary", &group.current_primary_site);
    all.add("epoch of the roles", group.epoch);
    all.add("protection", group.protection);
    if group.partial {
        all.add("partial", "some members have not arrived");
    }
    let open = group.operation.as_ref();
    all.add_some("open operation", open.map(|open| format!("{} {} of {}", open.kind, open.id, open.site)));
    all.add("priority", group.priority);
    all.add("volume type", format!("{} / {}", group.volume_type, group.consistency_group.secondary_volume_type));
    let cg = &group.consistency_group;
    all.add(
        "consistency group",
        format!(
            "{}, {}, Cinder groups {} and {} ({})",
            cg.id, cg.status, cg.primary_cg_id, cg.secondary_cg_id, cg.backend_name
        ),
    );
    mappings(all, "", &group.mappings);
}

fn mappings(all: &mut Fields, of: &str, mappings: &Mappings) {
    // taken apart, so that a kind that is added is not forgotten here
    let Mappings { networks, flavors, security_groups } = mappings;
    for (kind, names) in [("network", networks), ("flavor", flavors), ("security group", security_groups)] {
        for (from, to) in names {
            all.add(format!("{of}{kind} mapping of '{from}'"), format!("'{to}'"));
        }
    }
}

fn policy(all: &mut Fields, policy: &ReplicationPolicy) {
    all.add("policy: array group", format!("'{}'", policy.pure_pg_name));
    all.add("policy: replication interval", format!("{} s", policy.replication_interval));
    all.add("policy: recovery point objective", format!("{} min", policy.rpo_minutes));
    all.add("policy: status", policy.status);
    all.add_some("policy: array of the primary site", policy.primary_fa_url.as_ref());
    all.add_some("policy: array of the secondary site", policy.secondary_fa_url.as_ref());
}

fn member(all: &mut Fields, member: &Member) {
    let name = format!("member '{}' ({})", member.name, member.id);
    all.add(name.clone(), format!("{}, tier {}", member.status, member.tier));
    let start = &member.start;
    if *start != Default::default() {
        let mut parts = Vec::new();
        parts.extend((!start.depends_on.is_empty()).then(|| format!("after {}", list(&start.depends_on))));
        parts.extend(start.required.then(|| "required".to_owned()));
        parts.extend(start.start_timeout_seconds.map(|seconds| format!("within {seconds} s")));
        // Debug shows every argument of a check
        parts.extend(start.boot_check.as_ref().map(|check| format!("checked by {check:?}")));
        all.add(format!("{name}: start"), parts.join(", "));
    }
    for (site, server) in &member.servers {
        all.add(format!("{name}: server on {site}"), server);
    }
    for disk in &member.disks {
        volumes(all, &name, disk);
    }
    for (site, capture) in &member.captures {
        all.add(format!("{name}: looks on {site}"), looks(capture));
    }
}

fn volumes(all: &mut Fields, member: &str, disk: &Disk) {
    let Disk { id, name, size_gib, device, boot, copies } = disk;
    let boots = if *boot { ", boots" } else { "" };
    all.add(format!("{member}: volume '{name}' ({id})"), format!("{size_gib} GiB, {device}{boots}"));
    for (site, copy) in copies {
        let DiskCopy { volume_id, array_volume, array_volume_id, .. } = copy;
        let value = format!("{volume_id} ('{array_volume}', {array_volume_id})");
        all.add(format!("{member}: volume '{name}' ({id}) on {site}"), value);
    }
}

fn looks(capture: &ServerCapture) -> String {
    let nic = |nic: &Nic| {
        let mac = nic.mac_address.as_deref().unwrap_or("no MAC address");
        format!("{} {mac} {}", nic.network, list(&nic.fixed_ips))
    };
    let mut parts = vec![format!("flavor {}", capture.flavor)];
    parts.extend(capture.nics.iter().map(nic));
    parts.extend(capture.key_name.as_ref().map(|key| format!("key {key}")));
    parts.extend(capture.availability_zone.as_ref().map(|zone| format!("zone {zone}")));
    parts.push(format!("security groups {}", list(&capture.security_groups)));
    // values of metadata are the tenant's, and may be secret
    parts.extend((!capture.metadata.is_empty()).then(|| format!("metadata {}", list(capture.metadata.keys()))));
    parts.push(format!("read {}", capture.captured_at));
    parts.join(", ")
}

/// What unplanned and unfinished operations left behind.
fn aftermath(all: &mut Fields, record: &GroupRecord) {
    for due in &record.fences_due {
        let value =
            format!("servers {} to stop, '{}' to fence, left by {}", list(&due.servers), due.group, due.operation);
        all.add(format!("fence due on {}", due.site), value);
    }
    for entry in &record.ledger {
        all.add(format!("divergence {} on {}", entry.id, entry.site), ledger_entry(entry));
    }
    if let Some(unfinished) = &record.unfinished {
        all.add("unfinished", &unfinished.operation);
        mappings(all, "unfinished: ", &unfinished.mappings);
        for clone in &unfinished.clones {
            all.add(format!("unfinished: clone of disk {}", clone.disk), format!("'{}'", clone.array_volume));
        }
    }
    if let Some(mark) = &record.divergence {
        let value = format!("{} has not heard of {} since {}", mark.absent_site, mark.operation, mark.since);
        all.add("mark of divergence", value);
    }
}

fn ledger_entry(entry: &LedgerEntry) -> String {
    let volumes: Vec<&str> = entry.volumes.iter().map(|volume| volume.array_volume.as_str()).collect();
    let mut parts = vec![format!("{}, volumes {}", entry.state, list(&volumes))];
    parts.extend(entry.snapshot.as_ref().map(|snapshot| format!("kept in '{snapshot}'")));
    parts.extend(entry.evidence.clone());
    parts.extend(entry.discarded.as_ref().map(|given| format!("given up by {}: {}", given.by, given.reason)));
    parts.join("; ")
}

fn list<T: Display>(all: impl IntoIterator<Item = T>) -> String {
    let all: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(" ") }
}
