//! Remove exactly what one test failover made.

use super::build::Builder;
use super::{Action, ExpectedLoss, Facts, Finding, FindingCode, Phase, Plan, Request};
use crate::model::StepId;
use crate::{Error, Result};

/// Servers, then ports and volumes, then clones. Everything by id, nothing by name.
///
/// # Errors
/// there is no test to clean up → `Precondition`.
pub(super) fn plan(facts: &Facts) -> Result<Plan> {
    let Some(test) = &facts.test else {
        return Err(Error::precondition(format!("'{}' has no test failover to clean up", facts.record.group.name))
            .remedy("openstack protector operation list"));
    };
    let mut findings = Vec::new();
    if let Some(open) = &facts.open_operation {
        findings.push(
            Finding::blocker(FindingCode::OperationOpen, format!("{} {} is open", open.kind, open.id)).remedy(format!(
                "openstack protector operation resume {}, or: openstack protector operation abort {}",
                open.id, open.id
            )),
        );
    }
    let site_facts = if facts.target.site == test.site { &facts.target } else { &facts.source };
    super::checks::answers(site_facts, facts.now, "restore the site of the test, then clean up again", &mut findings);

    let site = || test.site.clone();
    let mut builder = Builder::new(&facts.record);
    let servers: Vec<StepId> = test
        .servers
        .iter()
        .map(|server| {
            let action = Action::DeleteServer { site: site(), server: server.clone() };
            builder.add(
                format!("delete_server/{server}"),
                Phase::Cleanup,
                format!("delete test server {server}"),
                &[],
                action,
            )
        })
        .collect();
    let servers = builder.barrier("servers_gone", Phase::Cleanup, "all test servers are gone", servers);
    let mut released = Vec::new();
    for port in &test.ports {
        let action = Action::DeletePort { site: site(), port: port.clone() };
        builder.add(
            format!("delete_port/{port}"),
            Phase::Cleanup,
            format!("delete test port {port}"),
            &servers,
            action,
        );
    }
    for volume in &test.volumes {
        let action = Action::ReleaseVolume { site: site(), volume: volume.clone() };
        released.push(builder.add(
            format!("release_volume/{volume}"),
            Phase::Cleanup,
            format!("release test volume {volume}"),
            &servers,
            action,
        ));
    }
    if !test.clones.is_empty() {
        let after = if released.is_empty() {
            servers
        } else {
            builder.barrier("volumes_released", Phase::Cleanup, "all test volumes are released", released)
        };
        let action = Action::RemoveClones {
            site: site(),
            test: test.operation.clone(),
            made_by: test.clone_key.clone(),
            volumes: test.clones.clone(),
        };
        builder.add(
            "remove_clones",
            Phase::Cleanup,
            format!("destroy {} clones (recoverable until their timer ends)", test.clones.len()),
            &after,
            action,
        );
    }
    let request = Request::TestCleanup { test: Some(test.operation.clone()) };
    Ok(Plan::seal(facts, &request, builder.finish(), findings, ExpectedLoss::None))
}
