//! A site that was left without being stopped and fenced, or with data that nobody else holds: what comes before anything
//! else is done there.

use super::build::Builder;
use super::relocate::FIRST_COPY_SECONDS;
use super::{Action, Facts, Finding, FindingCode, Phase};
use crate::model::{LedgerEntry, ReplicationPolicy, ServerId, StepId};
use crate::ports::ServerState;
use std::borrow::Cow;

/// Label of the snapshot that keeps what diverged.
const LABEL: &str = "diverged";

/// What people should know of the standby site before it is touched again, and what keeps it from being fenced.
pub(super) fn findings(facts: &Facts, findings: &mut Vec<Finding>) {
    let site = &facts.target.site;
    for due in facts.record.fences_due.iter().filter(|due| due.site == *site) {
        findings.push(Finding::warning(
            FindingCode::FenceDue,
            format!(
                "{site} was left by {} on {} without being stopped and fenced: its {} server(s) are stopped and '{}' is \
                 fenced before anything else is done there",
                due.operation,
                due.since,
                due.servers.len(),
                due.group
            ),
        ));
        let destroyed = facts.target.array.known().and_then(|a| a.local_group.as_ref()).filter(|g| g.destroyed);
        if let Some(group) = destroyed {
            findings.push(
                Finding::blocker(
                    FindingCode::ArrayGroupNotReady,
                    format!("array group '{}' on {site} is destroyed and cannot be fenced", group.name),
                )
                .remedy(format!("purepgroup recover {}", group.name)),
            );
        }
    }
    findings.extend(facts.record.unsettled_on(site).map(diverged));
}

fn diverged(entry: &LedgerEntry) -> Finding {
    Finding::warning(
        FindingCode::DataDiverged,
        format!(
            "{} ({}): what {} wrote after {} is there only; a snapshot of '{}' there keeps it",
            entry.id, entry.state, entry.site, entry.data_time, entry.group
        ),
    )
}

/// The steps that work off what waits for the standby site. Returns those after which the site may be touched.
pub(super) fn settle(
    builder: &mut Builder,
    facts: &Facts,
    policy: &ReplicationPolicy,
    after: Vec<StepId>,
) -> Vec<StepId> {
    let site = facts.target.site.clone();
    let group = policy.pure_pg_name.clone();
    let data_time = facts.record.unsettled_on(&site).map(|entry| entry.data_time).min();
    let due: Vec<_> = facts.record.fences_due.iter().filter(|due| due.site == site).collect();
    if due.is_empty() && data_time.is_none() {
        return after;
    }
    let mut ready = after;
    if !due.is_empty() {
        let servers: Vec<&ServerId> = due.iter().flat_map(|due| &due.servers).collect();
        ready = fence(builder, facts, policy, &servers, ready);
    }
    if let Some(after) = data_time {
        let title = format!("keep what '{group}' on {site} holds in a snapshot there");
        let (label, site) = (LABEL.to_owned(), site.clone());
        let action = Action::PreserveGroup { site, group, label, after };
        ready = vec![builder.add("old_site/preserve", Phase::Fence, title, &ready, action)];
    }
    let evidence = running(facts);
    let title = format!("write down on both sites that {site} is fenced");
    let action = Action::SettleOldSite { site, evidence };
    vec![builder.add("old_site/settle", Phase::Fence, title, &ready, action)]
}

fn fence(
    builder: &mut Builder,
    facts: &Facts,
    policy: &ReplicationPolicy,
    servers: &[&ServerId],
    after: Vec<StepId>,
) -> Vec<StepId> {
    let site = facts.target.site.clone();
    let stopped = servers.iter().map(|server| {
        let label = label(builder, facts, server);
        let title = format!("stop the server of '{label}' that was left on {site}");
        let action = Action::StopOldServer { site: site.clone(), server: (*server).clone() };
        builder.add(format!("old_site/stop_server/{label}"), Phase::Fence, title, &after, action)
    });
    let stopped: Vec<StepId> = stopped.collect();
    let title = format!("every server that was left on {site} is stopped");
    let mut ready = builder.barrier("old_site/stopped", Phase::Fence, title, stopped);
    if ready.is_empty() {
        ready = after;
    }
    let group = policy.pure_pg_name.clone();
    if facts.record.group.is_in_pod() {
        let title = format!("wait until {site} has the data of '{group}' again");
        let action = Action::AwaitInStep { site: site.clone(), group: group.clone() };
        ready = vec![builder.add("old_site/in_step", Phase::Fence, title, &ready, action)];
        builder.timeout(FIRST_COPY_SECONDS);
    }
    let copies = facts.record.disks().filter_map(|(_, disk)| disk.copies.get(&site));
    let volumes = copies.map(|copy| copy.array_volume_id.clone()).collect();
    let title = format!("fence the volumes of '{group}' that were left on {site}");
    let action = Action::FenceOldGroup { site, group, volumes };
    vec![builder.add("old_site/fence", Phase::Fence, title, &ready, action)]
}

/// A member's name where the server is still one's, else the server's id.
fn label<'a>(builder: &Builder, facts: &'a Facts, server: &'a ServerId) -> Cow<'a, str> {
    let site = &facts.target.site;
    let member = facts.record.members.iter().find(|m| m.server_on(site) == Some(server));
    member.map_or_else(|| server.as_str().into(), |m| builder.label(m))
}

/// Servers that run on the site that was left: it went on after the recovery point.
fn running(facts: &Facts) -> Vec<String> {
    let site = &facts.target.site;
    let servers = facts.target.cloud.known().into_iter().flat_map(|cloud| cloud.servers.values());
    servers
        .filter(|server| server.state == ServerState::Active)
        .map(|server| format!("server '{}' ({}) ran on {site}", server.name, server.id))
        .collect()
}
