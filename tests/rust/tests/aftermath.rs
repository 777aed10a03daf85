//! What comes after a failover: the site that was left is fenced, what it held is kept, the workload is protected again.

#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "helpers of tests may panic as tests do")]

use protector_core::engine::{DivergenceDiscard, Engine, Event, OperationView, Progress, Request};
use protector_core::exec::Record;
use protector_core::model::{
    GroupRecord, GroupStatus, LedgerEntry, LedgerState, Mappings, OperationStatus, Protection, SiteName,
};
use protector_core::plan::StepOutput;
use protector_core::ports::{Cancel, CloneRequest, Cloud as _, Cx, FenceState, ServerState, StorageDriver as _};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, failover, operate, server_id, unplanned};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

fn failback() -> Request {
    Request::Failback { mappings: Mappings::default() }
}

fn reprotect() -> Request {
    Request::Reprotect {}
}

fn site_a() -> SiteName {
    "site-a".into()
}

/// What happened on site-a while nobody could reach it.
struct Left {
    stage: Stage,
    /// The engine of site-b, where the workload runs now.
    away: Engine,
    /// What each disk held on site-a when it came back.
    held: BTreeMap<String, u64>,
    old_server: String,
}

/// site-a was lost with 9 writes that are nowhere else, site-b took over, and site-a is back: its server runs on.
async fn left() -> Result<Left> {
    let stage = Stage::replicated().await?;
    let old_server = server_id(&stage.deployment, "site-a", "web-server-1").await?;
    stage.write("site-a", 9).await?;
    let held = stage.contents(&stage.engine).await?;
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    let moved = operate(&away, &unplanned(true)).await?;
    assert_eq!(moved.status, OperationStatus::Completed, "{moved:#?}");
    stage.set_site("site-a", true)?;
    Ok(Left { stage, away, held, old_server })
}

impl Left {
    async fn record(&self) -> Result<GroupRecord> {
        self.stage.record(&self.away).await
    }

    async fn entry(&self) -> Result<LedgerEntry> {
        Ok(self.record().await?.ledger.first().cloned().expect("the failover wrote an entry"))
    }

    /// Whether site-a takes writes to what it was left with.
    async fn old_side_takes_writes(&self) -> Result<bool> {
        let entry = self.entry().await?;
        let world = self.stage.deployment.world();
        Ok(entry.volumes.iter().any(|volume| world.write(&site_a(), &volume.volume_id, 0).is_ok()))
    }

    async fn old_server_is(&self, state: ServerState) -> Result<bool> {
        let cloud = self.stage.deployment.world().cloud(&site_a())?;
        Ok(cloud.server(&self.old_server.as_str().into()).await?.is_some_and(|server| server.state == state))
    }

    async fn completes(&self, request: &Request) -> Result<OperationView> {
        let done = operate(&self.away, request).await?;
        assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
        Ok(done)
    }

    async fn write(&self, count: u64) -> Result<()> {
        let site = SiteName::from("site-b");
        let record = self.record().await?;
        record
            .disks()
            .try_for_each(|(_, d)| self.stage.deployment.world().write(&site, &d.copies[&site].volume_id, count))
    }
}

/// What the finished steps of an operation left behind, by step.
async fn outputs(engine: &Engine, operation: &str) -> Result<BTreeMap<String, StepOutput>> {
    let mut outputs = BTreeMap::new();
    for entry in engine.endpoints().store.journal(&operation.into(), 0).await? {
        if let Record::StepDone { step, output } = serde_json::from_value(entry.record)? {
            outputs.insert(step.to_string(), output);
        }
    }
    Ok(outputs)
}

/// I-08: what was seen, when, and from which array.
async fn check_evidence(stage: &Stage, output: &StepOutput, site: &str) -> Result<()> {
    let StepOutput::Fenced { site: at_site, group, state, array_id, array, at } = output else {
        return Err(Error::internal(format!("no evidence: {output:?}")));
    };
    let info = stage.deployment.world().storage_driver(&site.into())?.info().await?;
    assert_eq!((at_site.as_str(), *state, array_id, array), (site, FenceState::Fenced, &info.id, &info.name));
    assert_eq!(*group, stage.record(&stage.engine).await?.policy.expect("a policy").pure_pg_name);
    assert!(*at <= info.endpoint_time && info.endpoint_time.duration_since(*at).as_secs() < 3600);
    Ok(())
}

/// I-08: in planned and unplanned failovers, and where a site that was left is fenced later.
#[tokio::test]
async fn a_fence_leaves_its_evidence_in_the_journal() -> Result<()> {
    for request in [failover(), unplanned(true)] {
        let stage = Stage::replicated().await?;
        let done = operate(&stage.engine, &request).await?;
        check_evidence(&stage, &outputs(&stage.engine, done.id.as_str()).await?["fence_source"], "site-a").await?;
    }
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let done = left.completes(&reprotect()).await?;
    let outputs = outputs(&left.away, done.id.as_str()).await?;
    check_evidence(&left.stage, &outputs["old_site/fence"], "site-a").await?;
    let StepOutput::Preserved { snapshot, .. } = &outputs["old_site/preserve"] else {
        return Err(Error::internal("no snapshot"));
    };
    assert_eq!(Some(snapshot), left.entry().await?.snapshot.as_ref());
    Ok(())
}

/// What the snapshot of a ledger entry holds, by name of the disk: cloned, as somebody would who wants it back.
async fn preserved(stage: &Stage, record: &GroupRecord, entry: &LedgerEntry) -> Result<BTreeMap<String, u64>> {
    let array = stage.deployment.world().storage_driver(&entry.site)?;
    let point = entry.snapshot.clone().ok_or_else(|| Error::not_found("the entry has no snapshot"))?;
    let volumes =
        entry.volumes.iter().map(|v| (v.array_volume.clone(), format!("rescue-{}", v.array_volume_id).into()));
    let (deadline, cancel) = (jiff::Timestamp::MAX, Cancel::default());
    let cx = Cx { op_key: "rescue".into(), epoch: record.group.epoch, deadline, cancel };
    let driver: &dyn protector_core::ports::StorageDriver = &array;
    let request = CloneRequest { point, volumes: volumes.collect() };
    let clones =
        protector_core::exec::settle(&*stage.engine.endpoints().clock, &cx, || driver.clone_volumes(&cx, &request));
    let clones = clones.await?;
    let name = driver.info().await?.name;
    let content = |volume: &protector_core::model::LedgerVolume| {
        let disk = record.disks().find(|(_, disk)| disk.id == volume.disk).expect("a disk of the group").1;
        let clone = clones.iter().find(|c| c.source == volume.array_volume).expect("each volume was cloned");
        Ok((disk.name.clone(), stage.deployment.world().content(&name, &clone.id)?))
    };
    entry.volumes.iter().map(content).collect()
}

/// I-02: the mark is there before the first clone is made, and both sides take writes only while it says suspected.
#[tokio::test]
async fn the_ledger_suspects_the_old_side_before_the_pivot() -> Result<()> {
    for answers in [false, true] {
        let stage = Stage::replicated().await?;
        stage.set_site("site-a", answers)?;
        let away = stage.other()?;
        let operation = away.accept(&away.plan(GROUP, &unplanned(true)).await?).await?.id.to_string();
        let before = stage.record(&away).await?;
        assert_eq!(before.ledger[0].state, LedgerState::Suspected);
        assert!(before.group.is_home(), "nothing has moved yet");
        let done = away.run(&operation, &Cancel::default(), &Progress::none()).await?;
        assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");

        let record = stage.record(&away).await?;
        assert_eq!((record.ledger.len(), record.ledger[0].state), (1, LedgerState::Suspected));
        let entry = &record.ledger[0];
        assert_eq!((&entry.site, entry.operation.as_str()), (&site_a(), operation.as_str()));
        assert_eq!(entry.volumes.len(), record.disks().count());
        // a source that answered was stopped and fenced; one that did not waits for it
        assert_eq!(record.fences_due.is_empty(), answers, "{:?}", record.fences_due);
        stage.set_site("site-a", true)?;
        let writable = stage.deployment.world().write(&site_a(), &entry.volumes[0].volume_id, 0).is_ok();
        assert_eq!(writable, !answers);
    }
    Ok(())
}

/// A source that answers when planning and not when it matters is a source that was not fenced.
#[tokio::test]
async fn best_effort_steps_that_are_skipped_leave_a_fence_due() -> Result<()> {
    for lost_at in ["announce", "stop_server/web-server-1"] {
        let stage = Stage::replicated().await?;
        let (away, world) = (stage.other()?, stage.deployment.world().clone());
        let operation = away.accept(&away.plan(GROUP, &unplanned(true)).await?).await?.id.to_string();
        let listener = Progress::new(move |event: &Event| {
            if event.step.as_deref() == Some(lost_at) && event.state == "done" {
                world.set_site_available(&"site-a".into(), false).expect("the site is there");
            }
        });
        let done = away.run(&operation, &Cancel::default(), &listener).await?;
        assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
        let record = stage.record(&away).await?;
        assert_eq!(record.fences_due.len(), 1, "{lost_at}");
        let due = &record.fences_due[0];
        assert_eq!((&due.site, due.servers.len(), due.operation.as_str()), (&site_a(), 1, operation.as_str()));
        assert_eq!(due.group, record.ledger[0].group);
    }
    Ok(())
}

#[tokio::test]
async fn what_waits_is_shown_with_the_way_out() -> Result<()> {
    let left = left().await?;
    let group = left.away.protection_group_show(GROUP).await?;
    assert_eq!(group.fences_due.len(), 1);
    assert_eq!(group.fences_due[0].servers, [left.old_server.clone()]);
    assert_eq!((group.ledger.len(), group.ledger[0].state), (1, LedgerState::Suspected));
    assert_eq!(
        group.next,
        ["protection-group sync", "reprotect", "failback"].map(|verb| format!("openstack protector {verb} {GROUP}"))
    );
    let health = left.away.health().await?.remove(0);
    assert!(!health.failover_ready);
    let said = health.reasons.iter().any(|r| r.contains("site-a was left by") && r.contains("protector reprotect"));
    assert!(said, "{:?}", health.reasons);
    assert!(health.ledger[0].contains("suspected"), "{:?}", health.ledger);

    // metadata first; the site that answers again shows that it ran on
    left.stage.blocks(&left.away, &reprotect(), &["site-a has not heard of", "protection-group sync"]).await?;
    left.away.sync_metadata(GROUP).await?;
    let entry = left.entry().await?;
    assert_eq!(entry.state, LedgerState::Confirmed);
    assert!(entry.evidence.as_deref().is_some_and(|e| e.contains(&left.old_server)), "{entry:?}");
    assert_eq!(left.away.divergence_list(GROUP).await?[0].state, LedgerState::Confirmed);
    // and nothing else touches it before it is fenced
    for request in [Request::Sync {}, Request::TestFailover { mappings: Mappings::default(), retain_primary: true }] {
        left.stage.blocks(&left.away, &request, &["waits since", "openstack protector reprotect"]).await?;
    }
    Ok(())
}

/// I-15, I-10: nothing that was acknowledged on site-b is lost, and what site-a held is in the snapshot, its last writes too.
#[tokio::test]
async fn the_way_home_fences_the_old_side_and_keeps_what_it_held() -> Result<()> {
    let left = left().await?;
    assert!(left.old_server_is(ServerState::Active).await? && left.old_side_takes_writes().await?);
    // the old server writes on, while the new one does
    let entry = left.entry().await?;
    for volume in &entry.volumes {
        left.stage.deployment.world().write(&site_a(), &volume.volume_id, 2)?;
    }
    left.away.sync_metadata(GROUP).await?;
    left.write(4).await?;
    let written = left.stage.contents(&left.away).await?;

    left.completes(&failback()).await?;
    assert_eq!(left.stage.contents(&left.away).await?, written, "I-10");
    let record = left.record().await?;
    assert_eq!((record.group.is_home(), record.group.protection), (true, Protection::Protected));
    assert!(record.fences_due.is_empty());
    let entry = left.entry().await?;
    assert_eq!(entry.state, LedgerState::Preserved);
    let held: BTreeMap<_, _> = left.held.iter().map(|(disk, count)| (disk.clone(), count + 2)).collect();
    assert_eq!(preserved(&left.stage, &record, &entry).await?, held, "I-15");
    assert!(!left.old_side_takes_writes().await?);
    left.stage.write("site-a", 1).await?;

    // what the entry names is retained, and a commit leaves it alone until somebody gives it up
    let named: Vec<_> = entry.volumes.iter().map(|v| v.array_volume_id.clone()).collect();
    assert!(record.retained.iter().all(|copy| named.contains(&copy.array_volume_id)), "{:?}", record.retained);
    left.stage.blocks(&left.away, &Request::Commit {}, &["kept by the ledger"]).await
}

/// I-18: there and back without a write ends where it began.
#[tokio::test]
async fn an_unplanned_cycle_without_a_write_ends_where_it_began() -> Result<()> {
    let stage = Stage::replicated().await?;
    let (before, contents) = (stage.record(&stage.engine).await?, stage.contents(&stage.engine).await?);
    stage.set_site("site-a", false)?;
    let away = stage.other()?;
    assert_eq!(operate(&away, &unplanned(true)).await?.status, OperationStatus::Completed);
    stage.set_site("site-a", true)?;
    away.sync_metadata(GROUP).await?;
    assert_eq!(operate(&away, &reprotect()).await?.status, OperationStatus::Completed);
    assert_eq!(operate(&away, &failback()).await?.status, OperationStatus::Completed);
    assert_eq!(stage.contents(&stage.engine).await?, contents);
    let after = stage.record(&stage.engine).await?;
    assert_eq!(after, stage.record(&away).await?);
    let shape = |r: &GroupRecord| {
        let disks: Vec<_> = r.disks().map(|(m, d)| (m.id.clone(), m.tier, d.id.clone(), d.device.clone())).collect();
        let group = &r.group;
        (group.is_home(), group.protection, group.mappings.clone(), r.policy.clone(), disks, r.fences_due.clone())
    };
    assert_eq!(shape(&before), shape(&after));
    stage.write("site-a", 1).await
}

#[tokio::test]
async fn a_reprotect_protects_where_the_workload_runs_and_moves_nothing() -> Result<()> {
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let before = left.record().await?;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let operation = left.away.accept(&left.away.plan(GROUP, &reprotect()).await?).await?.id.to_string();
    let listener = {
        let seen = seen.clone();
        Progress::new(move |event: &Event| {
            if event.state == "done" {
                seen.lock().expect("nobody panicked").extend(event.step.clone());
            }
        })
    };
    let done = left.away.run(&operation, &Cancel::default(), &listener).await?;
    assert_eq!((done.status, done.operation_type.as_str()), (OperationStatus::Completed, "reprotect"), "{done:#?}");
    let first: Vec<_> = seen.lock().expect("nobody panicked").iter().take(5).cloned().collect();
    let expected =
        ["announce", "old_site/stop_server/web-server-1", "old_site/fence", "old_site/preserve", "old_site/settle"];
    assert_eq!(first, expected);

    let record = left.record().await?;
    assert_eq!(record, left.stage.record(&left.stage.engine).await?);
    assert_eq!((record.group.protection, record.group.operation.is_none()), (Protection::Protected, true));
    assert_eq!(record.group.epoch, before.group.epoch);
    assert_eq!(record.group.current_primary_site, before.group.current_primary_site);
    assert_eq!(record.members, before.members);
    assert!(record.fences_due.is_empty() && record.ledger[0].state == LedgerState::Preserved);
    assert!(left.old_server_is(ServerState::Shutoff).await? && !left.old_side_takes_writes().await?);
    assert_eq!(preserved(&left.stage, &record, &record.ledger[0]).await?, left.held, "I-15");

    // a second one is refused with the evidence, and the way home loses nothing
    left.stage.blocks(&left.away, &reprotect(), &["already protected from site-b to site-a", "-reprotect"]).await?;
    let group = left.away.protection_group_show(GROUP).await?;
    assert_eq!(
        (group.status, group.next[0].as_str()),
        (GroupStatus::FailedOver, "openstack protector failback drill-web-app")
    );
    left.write(3).await?;
    let written = left.stage.contents(&left.away).await?;
    left.completes(&failback()).await?;
    assert_eq!(left.stage.contents(&left.away).await?, written);
    Ok(())
}

/// A first copy that does not arrive leaves the operation open; the fence and the snapshot stay.
#[tokio::test]
async fn a_reprotect_that_fails_is_made_again() -> Result<()> {
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let operation = left.away.accept(&left.away.plan(GROUP, &reprotect()).await?).await?.id.to_string();
    left.stage.deployment.world().set_link_connected(false)?;
    let failed = left.away.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(failed.status, OperationStatus::Failed, "{failed:#?}");
    assert_eq!(failed.next, [format!("openstack protector operation resume {operation}")]);
    let record = left.record().await?;
    assert_eq!(record.group.operation.as_ref().map(|o| o.id.as_str()), Some(operation.as_str()));
    assert!(record.fences_due.is_empty() && record.ledger[0].state == LedgerState::Preserved);
    assert_eq!(left.away.protection_group_show(GROUP).await?.status, GroupStatus::FailedOver);

    left.stage.deployment.world().set_link_connected(true)?;
    let done = left.away.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    assert_eq!(left.record().await?.group.protection, Protection::Protected);
    Ok(())
}

/// A failback that is rolled back leaves the site fenced that two servers must not share; the workload runs on.
#[tokio::test]
async fn a_failback_that_rolls_back_keeps_the_old_side_fenced() -> Result<()> {
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let operation = left.away.accept(&left.away.plan(GROUP, &failback()).await?).await?.id.to_string();
    left.stage.deployment.world().set_link_connected(false)?;
    let ended = left.away.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(ended.status, OperationStatus::RolledBack, "{ended:#?}");
    let record = left.record().await?;
    assert!(record.fences_due.is_empty() && record.ledger[0].state == LedgerState::Preserved);
    assert_eq!((record.group.protection, record.group.is_home()), (Protection::Unprotected, false));
    assert!(left.old_server_is(ServerState::Shutoff).await? && !left.old_side_takes_writes().await?);
    left.write(1).await?;
    assert_eq!(record, left.stage.record(&left.stage.engine).await?);
    left.stage.deployment.world().set_link_connected(true)?;
    left.completes(&failback()).await.map(drop)
}

/// The site is lost again while it should hear that it is fenced: the rollback tells it later, and only then lets go.
#[tokio::test]
async fn a_site_that_is_lost_again_hears_of_its_fence_later() -> Result<()> {
    let left = left().await?;
    left.away.sync_metadata(GROUP).await?;
    let operation = left.away.accept(&left.away.plan(GROUP, &failback()).await?).await?.id.to_string();
    let world = left.stage.deployment.world().clone();
    let listener = Progress::new(move |event: &Event| {
        if event.step.as_deref() == Some("old_site/settle") && event.state == "started" {
            world.set_site_available(&"site-a".into(), false).expect("the site is there");
        }
    });
    let failed = left.away.run(&operation, &Cancel::default(), &listener).await?;
    assert_eq!(failed.status, OperationStatus::Failed, "{failed:#?}");
    assert_eq!(left.record().await?.fences_due.len(), 1, "nobody was told, so it still waits");
    left.stage.set_site("site-a", true)?;
    let ended = left.away.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(ended.status, OperationStatus::RolledBack, "{ended:#?}");
    let record = left.record().await?;
    assert!(record.fences_due.is_empty() && record.ledger[0].state == LedgerState::Preserved);
    assert_eq!(record, left.stage.record(&left.stage.engine).await?);
    left.completes(&failback()).await.map(drop)
}

/// A failover that never reached its pivot has left nothing.
#[tokio::test]
async fn a_rollback_withdraws_the_suspicion() -> Result<()> {
    let stage = Stage::replicated().await?;
    let operation = stage.accepted(&unplanned(true)).await?;
    stage.set_site("site-b", false)?;
    let failed = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(failed.status, OperationStatus::Failed, "{failed:#?}");
    stage.set_site("site-b", true)?;
    let ended = stage.engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(ended.status, OperationStatus::RolledBack, "{ended:#?}");
    let record = stage.record(&stage.engine).await?;
    assert!(record.ledger.is_empty() && record.fences_due.is_empty(), "{record:#?}");
    // incident 25: un-fenced, and it replicates
    stage.write("site-a", 1).await?;
    stage.completes(&Request::Sync {}).await
}

#[tokio::test]
async fn a_divergence_is_given_up_by_name_and_for_a_reason_only() -> Result<()> {
    let left = left().await?;
    let id = left.entry().await?.id.to_string();
    let discard = |entry: &str, reason: &str| DivergenceDiscard {
        entry: entry.to_owned(),
        reason: reason.to_owned(),
        by: Some("carol".to_owned()),
    };
    let (stage, away) = (&left.stage, &left.away);
    let request = discard(&id, " ");
    stage.refuses(away.divergence_discard(GROUP, &request), ErrorKind::InvalidRequest, &["--reason"]).await?;
    let request = discard(&id, "not needed");
    stage.refuses(away.divergence_discard(GROUP, &request), ErrorKind::Conflict, &["protection-group sync"]).await?;
    away.sync_metadata(GROUP).await?;
    let refused = away.divergence_discard(GROUP, &request);
    stage.refuses(refused, ErrorKind::Precondition, &["waits to be stopped and fenced", "protector reprotect"]).await?;
    left.completes(&reprotect()).await?;
    let other = discard("diverged-00000000", "not needed");
    stage.refuses(away.divergence_discard(GROUP, &other), ErrorKind::NotFound, &["divergence list", &id]).await?;

    let snapshot = left.entry().await?.snapshot;
    let gone = away.divergence_discard(GROUP, &request).await?;
    assert_eq!((gone.state, gone.snapshot), (LedgerState::Discarded, snapshot.map(|s| s.to_string())));
    let said = gone.discarded.expect("who, when and why");
    assert!(said.contains("carol") && said.ends_with(": not needed"), "{said}");
    assert_eq!(stage.record(&stage.engine).await?, left.record().await?);
    assert!(away.protection_group_show(GROUP).await?.ledger.is_empty());
    assert_eq!(away.divergence_list(GROUP).await?.len(), 1, "the list remembers");
    stage
        .refuses(away.divergence_discard(GROUP, &request), ErrorKind::Precondition, &["was discarded on", "carol"])
        .await
}
