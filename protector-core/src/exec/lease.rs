//! The right to execute: one executor per operation, and a dead one does not block.

use crate::model::OperationId;
use crate::ports::{Clock, Lease, LeaseHolder, Store};
use crate::{Error, Result};
use jiff::{SignedDuration, Timestamp};
use std::{fs, time::Duration};

/// How long a lease lasts without renewal.
pub const LEASE_TIME: Duration = Duration::from_secs(60);

/// Who this process is. `engine` tells two engines of one process apart.
pub fn this_process(engine: String) -> LeaseHolder {
    let process = std::process::id();
    LeaseHolder {
        host: host_name(),
        process,
        process_start: process_start(process).unwrap_or(0),
        process_namespace: process_namespace(),
        engine,
    }
}

/// Takes the lease, from nobody, from ourselves, from an expired holder, or from a process of this host that is gone.
/// Returns also who had it and was judged dead.
///
/// # Errors
/// a living executor holds it → `Conflict` naming it, until when, and what to do.
pub async fn take(
    store: &dyn Store,
    clock: &dyn Clock,
    id: &OperationId,
    holder: &LeaseHolder,
) -> Result<(Lease, Option<LeaseHolder>)> {
    let now = clock.now();
    let current = store.lease(id).await?;
    if let Some(lease) = held_by_another(current.as_ref(), holder, now, is_gone) {
        return Err(is_held(id, lease));
    }
    let taken = store.acquire_lease(id, holder, expiry(now), current.as_ref().map(|l| l.generation)).await?;
    Ok((taken, current.map(|l| l.holder).filter(|former| former != holder)))
}

/// The lease that keeps `holder` out: that of somebody else who may still be at work. `is_gone`: whether a process is certainly
/// not there any more.
pub fn held_by_another<'a>(
    current: Option<&'a Lease>,
    holder: &LeaseHolder,
    now: Timestamp,
    is_gone: impl Fn(&LeaseHolder) -> bool,
) -> Option<&'a Lease> {
    current.filter(|lease| lease.holder != *holder && lease.expires_at > now && !is_gone(&lease.holder))
}

/// Whether a lease is renewed before the next call: a third of it has passed. Nobody may take it before it has passed wholly,
/// so that the time in between needs no look.
pub fn is_to_renew(expires_at: Timestamp, now: Timestamp) -> bool {
    let left = Duration::try_from(expires_at.duration_since(now)).unwrap_or(Duration::ZERO);
    left <= LEASE_TIME * 2 / 3
}

fn is_held(id: &OperationId, lease: &Lease) -> Error {
    let (host, process, until) = (&lease.holder.host, lease.holder.process, lease.expires_at);
    Error::conflict(format!("{id} is being executed by process {process} on {host} until {until}")).remedy(format!(
        "stop it: openstack protector operation cancel {id}; or end process {process} on {host}, then: openstack protector \
         operation takeover {id} (on another host than {host} after {until}); or resume later"
    ))
}

/// When a lease taken or renewed at `now` ends.
pub fn expiry(now: Timestamp) -> Timestamp {
    SignedDuration::try_from(LEASE_TIME).ok().and_then(|d| now.checked_add(d).ok()).unwrap_or(Timestamp::MAX)
}

/// Whether the holder may still be at work.
pub fn is_alive(lease: &Lease, now: Timestamp) -> bool {
    lease.expires_at > now && !is_gone(&lease.holder)
}

/// `true` only if it is certain: the process was among those that this one sees, and is not there any more.
fn is_gone(holder: &LeaseHolder) -> bool {
    let is_known = holder.process_start != 0 && !holder.process_namespace.is_empty();
    let is_near = holder.host == host_name() && holder.process_namespace == process_namespace();
    // where processes of others are hidden, the first one is
    if !is_known || !is_near || process_start(1).is_none() {
        return false;
    }
    process_start(holder.process) != Some(holder.process_start)
}

/// Empty unless all of it is known.
fn process_namespace() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    let namespace = fs::read_link("/proc/self/ns/pid").ok();
    boot.zip(namespace).map_or_else(String::new, |(boot, space)| format!("{} {}", boot.trim(), space.display()))
}

fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned()).unwrap_or_default()
}

/// Start time of a process in clock ticks since boot: field 22 of `/proc/<pid>/stat`. `None`: no such process.
fn process_start(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // the second field is the command in parentheses and may hold spaces; field 3 follows the last parenthesis
    let (state, rest) = stat.rsplit_once(')')?.1.trim_start().split_once(' ')?;
    if state == "Z" {
        return None;
    }
    rest.split_whitespace().nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_would_be_seen_is_ever_gone() {
        let own = this_process("engine".to_owned());
        let dead = LeaseHolder { process_start: own.process_start + 1, ..own.clone() };
        let cases: [(&str, LeaseHolder, bool); 6] = [
            ("this one", own, false),
            ("its id with another start", dead.clone(), true),
            ("on another host", LeaseHolder { host: "elsewhere".to_owned(), ..dead.clone() }, false),
            (
                "in another container",
                LeaseHolder { process_namespace: "boot pid:[1]".to_owned(), ..dead.clone() },
                false,
            ),
            ("written by an older release", LeaseHolder { process_namespace: String::new(), ..dead.clone() }, false),
            ("with an unknown start", LeaseHolder { process_start: 0, ..dead }, false),
        ];
        for (name, holder, expected) in cases {
            assert_eq!(is_gone(&holder), expected, "{name}");
        }
    }
}
