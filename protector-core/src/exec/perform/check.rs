//! Looking whether what was started came up, and at the end once more.

use super::super::run::Run;
use super::super::{Record, decide};
use super::{cloud, metadata};
use crate::model::{BootCheck, CinderGroupId, ServerId, SiteName};
use crate::plan::{Action, StepOutput};
use crate::ports::{Cx, Outcome, ProbeCommand, ProbedServer, Server, ServerState};
use crate::{Error, ErrorKind, Result};
use std::{collections::HashMap, time::Duration};

/// How long one look at a port waits for an answer.
const ONE_LOOK: Duration = Duration::from_secs(5);
/// How often the lease is looked after while a program runs.
const WHILE_IT_RUNS: Duration = Duration::from_secs(5);

pub(super) async fn check_server(
    run: &Run,
    cx: &Cx,
    site: &SiteName,
    member: &ServerId,
    check: &BootCheck,
) -> Result<StepOutput> {
    let server = probed(run, cx, site, member).await?;
    match check {
        BootCheck::Tcp { port, .. } => {
            let probe = &run.endpoints.probe;
            let look = || async { probe.tcp(&server, *port, ONE_LOOK).await.map(Outcome::Done) };
            run.settle(cx, look).await.map(|()| StepOutput::Nothing)
        }
        BootCheck::Command { program, arguments, timeout_seconds, .. } => {
            let command = ProbeCommand { program: program.clone(), arguments: arguments.clone() };
            let wait = Duration::from_secs(u64::from(*timeout_seconds));
            Ok(StepOutput::Checked { lines: run_program(run, cx, &server, &command, wait).await? })
        }
    }
}

/// Runs it, and keeps the lease meanwhile. Whoever gives up lets go of the program, which ends it.
async fn run_program(
    run: &Run,
    cx: &Cx,
    server: &ProbedServer,
    command: &ProbeCommand,
    wait: Duration,
) -> Result<Vec<String>> {
    let mut work = run.endpoints.probe.command(server, command, wait);
    loop {
        tokio::select! {
            biased;
            ended = &mut work => return ended,
            () = run.endpoints.clock.sleep(WHILE_IT_RUNS) => {}
        }
        if cx.cancel.is_requested() {
            return Err(Error::new(ErrorKind::Cancelled, format!("'{}' was cancelled", cx.op_key)));
        }
        run.keep_lease().await?;
    }
}

async fn probed(run: &Run, cx: &Cx, site: &SiteName, member: &ServerId) -> Result<ProbedServer> {
    let id = cloud::server_of(run, member)
        .ok_or_else(|| Error::internal(format!("no server was made for member {member}")))?;
    let cloud = run.endpoints.cloud(site)?;
    let found = run.observe(cx, || cloud.server(&id)).await?;
    let found = found.ok_or_else(|| Error::precondition(format!("server {id} on {site} is gone")))?;
    Ok(ProbedServer {
        site: site.clone(),
        id,
        name: found.name,
        addresses: found.nics.into_iter().flat_map(|nic| nic.fixed_ips).collect(),
        operation: run.operation.id.clone(),
    })
}

/// Whoever goes on with a planned move makes sure that nobody wrote behind its back.
///
/// # Errors
/// a server that an earlier attempt stopped does not stand still → `Precondition`: the start is restored.
pub(super) async fn still_stopped(run: &Run, cx: &Cx) -> Result<()> {
    let stopped = decide::stopped_before(&run.plan, &run.state());
    for (site, server) in stopped {
        let cloud = run.endpoints.cloud(site)?;
        let found = run.observe(cx, || cloud.server(server)).await?;
        if let Some(found) = found.filter(|found| found.state != ServerState::Shutoff) {
            return Err(Error::precondition(format!(
                "server '{}' ({server}) on {site} was stopped by an earlier attempt and is {:?} now: what it writes is \
                 not in the recovery point",
                found.name, found.state
            ))
            .remedy("find out who started it; then plan the move anew, which takes along what it has written"));
        }
    }
    Ok(())
}

/// Every member that was verified, at one look at the cloud. Who does not run as it should any more has not arrived, unless
/// the other site was told otherwise already.
pub(super) async fn confirm(run: &Run, cx: &Cx, site: &SiteName, group: Option<&CinderGroupId>) -> Result<Vec<Record>> {
    if metadata::end_is_told(run, cx).await? {
        return Ok(Vec::new());
    }
    let cloud = run.endpoints.cloud(site)?;
    let servers = run.observe(cx, || cloud.servers()).await?;
    let servers: HashMap<ServerId, Server> = servers.into_iter().map(|s| (s.id.clone(), s)).collect();
    let (record, missing) = (run.record().await?, run.missing_members());
    let mut lost = Vec::new();
    for step in &run.plan.steps {
        let Action::VerifyServer { member, .. } = &step.action else { continue };
        if missing.contains(member) {
            continue;
        }
        let member = cloud::member_in(&record, member)?;
        let id = cloud::server_of(run, &member.id)
            .ok_or_else(|| Error::internal(format!("no server was made for '{}'", member.name)))?;
        let server = servers.get(&id);
        if let Err(e) = cloud::shortcoming(run, member, &id, server).and_then(|()| in_group(server, group)) {
            lost.push(Record::MemberFailed {
                step: step.id.clone(),
                member: member.id.clone(),
                code: e.kind().code().to_owned(),
                message: e.context(&step.title).to_string(),
                output: StepOutput::Nothing,
            });
        }
    }
    Ok(lost)
}

fn in_group(server: Option<&Server>, group: Option<&CinderGroupId>) -> Result<()> {
    let Some(group) = group else { return Ok(()) };
    let stray = server.into_iter().flat_map(|s| &s.volumes).find(|v| v.volume.group.as_ref() != Some(group));
    match stray {
        None => Ok(()),
        Some(stray) => Err(Error::precondition(format!(
            "volume '{}' ({}) is not in Cinder group {group}",
            stray.volume.name, stray.volume.id
        ))),
    }
}
