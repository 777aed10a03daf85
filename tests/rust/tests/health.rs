//! Health: readiness with and without the other site, how objectives were kept, drills; and what it costs to look.

use protector_core::Result;
use protector_core::engine::report::Verdict;
use protector_core::engine::{Engine, GroupCreate, HealthView, PolicyChange, Request, RpoSweepView, WorkerReport};
use protector_core::model::{RpoState, ServiceState};
use protector_core::ports::StorageDriver as _;
use protector_tests::flash_arrays::{FlashArrays, NAMES};
use protector_tests::stage::Stage;
use protector_tests::{failover, group_create, to_secondary};
use std::collections::{BTreeMap, BTreeSet};

async fn only(engine: &Engine) -> Result<HealthView> {
    let mut all = engine.health().await?;
    assert_eq!(all.len(), 1);
    Ok(all.remove(0))
}

/// Calls to the array of a site so far, by method.
fn calls(stage: &Stage, site: &str) -> BTreeMap<&'static str, u64> {
    let counts = stage.deployment.array_calls(&site.into()).unwrap_or_default();
    counts.into_iter().map(|(method, count)| (method, count.calls)).collect()
}

fn more(after: BTreeMap<&'static str, u64>, before: &BTreeMap<&'static str, u64>) -> BTreeMap<&'static str, u64> {
    let news = after.into_iter().map(|(method, n)| (method, n - before.get(method).copied().unwrap_or(0)));
    news.filter(|(_, n)| *n > 0).collect()
}

#[tokio::test]
async fn readiness_is_said_for_both_ways_and_each_has_its_reasons() -> Result<()> {
    let stage = Stage::protected().await?;
    let empty = only(&stage.engine).await?;
    assert_eq!((empty.failover_ready, empty.unplanned_ready, empty.rpo), (false, false, Some(RpoState::Never)));
    assert!(!empty.unplanned_reasons.is_empty() && empty.last_recovery_point_at.is_none(), "{empty:#?}");

    stage.completes(&Request::Sync {}).await?;
    for engine in [&stage.engine, &stage.other()?] {
        let ready = only(engine).await?;
        assert_eq!((ready.reasons.as_slice(), ready.unplanned_reasons.as_slice()), (&[][..], &[][..]));
        assert!(ready.failover_ready && ready.unplanned_ready);
        let (data, arrived) = (ready.last_recovery_point_at.unwrap(), ready.last_transfer_at.unwrap());
        assert_eq!(ready.replication_lag_seconds, Some(arrived.duration_since(data).as_secs()));
        assert_eq!(ready.transfers_under_way, Some(0));
    }

    // the site of the workload is gone: only the unplanned way is left, and it needs nothing of that site
    stage.set_site("site-a", false)?;
    let away = only(&stage.other()?).await?;
    assert_eq!((away.failover_ready, away.unplanned_ready), (false, true), "{away:#?}");
    assert!(away.reasons.iter().any(|reason| reason.contains("site-a")), "{away:#?}");
    stage.set_site("site-a", true)?;

    // the standby is gone: neither way, and nothing that was not seen reads as good
    stage.set_site("site-b", false)?;
    let home = only(&stage.engine).await?;
    assert_eq!((home.failover_ready, home.unplanned_ready), (false, false));
    assert!(home.unplanned_reasons.iter().any(|reason| reason.contains("site-b")), "{home:#?}");
    assert_eq!((home.link.as_str(), home.rpo), ("unknown", Some(RpoState::Unknown)));
    assert_eq!((home.recovery_point_age_seconds, home.transfers_under_way), (None, None));
    Ok(())
}

#[tokio::test]
async fn the_site_that_is_taken_as_lost_is_not_asked() -> Result<()> {
    let stage = Stage::replicated().await?;
    for engine in [stage.engine.clone(), stage.other()?] {
        let before = calls(&stage, "site-a");
        engine.plan("drill-web-app", &failover()).await?;
        let of_a_plan = more(calls(&stage, "site-a"), &before);
        let before = calls(&stage, "site-a");
        engine.health().await?;
        assert_eq!(more(calls(&stage, "site-a"), &before), of_a_plan, "health asks what the planned move asks");
    }
    Ok(())
}

#[tokio::test]
async fn a_drill_is_shown_with_its_verdict_and_its_age() -> Result<()> {
    let stage = Stage::replicated().await?;
    assert_eq!(only(&stage.engine).await?.last_drill, None);
    let test = Request::TestFailover { mappings: to_secondary(), retain_primary: true };
    stage.completes(&test).await?;
    let open = only(&stage.engine).await?;
    assert_eq!(open.last_drill.map(|drill| drill.verdict), Some(Verdict::NotCleanedUp));
    assert_eq!(open.last_successful_drill, None);
    stage.completes(&Request::TestCleanup { test: None }).await?;
    let before = only(&stage.engine).await?.last_successful_drill.unwrap();
    stage.pass(3600).await;
    let passed = only(&stage.engine).await?;
    let drill = passed.last_successful_drill.unwrap();
    assert_eq!((drill.verdict, drill.age_seconds), (Verdict::Passed, before.age_seconds + 3600));
    assert!(drill.headline.starts_with("Drill passed"), "{}", drill.headline);
    // one that fails later is the last, and does not hide the one that passed
    stage.completes(&test).await?;
    let later = only(&stage.engine).await?;
    assert_eq!(later.last_drill.map(|drill| drill.verdict), Some(Verdict::NotCleanedUp));
    assert_eq!(later.last_successful_drill.as_ref().map(|found| &found.operation_id), Some(&drill.operation_id));

    // the journals are on this site; the other one is told
    let there = only(&stage.other()?).await?;
    assert_eq!(
        (&there.last_drill, &there.last_successful_drill),
        (&only(&stage.engine).await?.last_drill, &later.last_successful_drill)
    );
    // what cannot be asked makes nothing better
    stage.set_site("site-a", false)?;
    let alone = only(&stage.other()?).await?;
    assert_eq!((alone.last_drill, alone.last_successful_drill), (None, None));
    Ok(())
}

#[tokio::test]
async fn a_service_is_as_its_workers_were_seen() -> Result<()> {
    let stage = Stage::replicated().await?;
    let (first, second) = (stage.engine.clone(), stage.deployment.engine(Some("site-a"))?);
    let seen = async || -> Result<(ServiceState, usize)> {
        let service = first.workers().await?;
        Ok((service.state, service.workers.len()))
    };
    assert_eq!(seen().await?, (ServiceState::Unknown, 0));
    let beat = WorkerReport { under_way: 2, interval_seconds: 10, stopped: false };
    first.record_worker(&beat).await?;
    stage.pass(1).await;
    second.record_worker(&beat).await?;
    assert_eq!(seen().await?, (ServiceState::Ok, 2));
    // one ends in peace, the other is never heard of again
    first.record_worker(&WorkerReport { stopped: true, ..beat }).await?;
    assert_eq!(seen().await?, (ServiceState::Ok, 2));
    stage.pass(31).await;
    let gone = first.workers().await?;
    assert_eq!(
        (gone.state, gone.since),
        (ServiceState::Failed, gone.workers.iter().map(|worker| worker.seen_at).max())
    );
    assert_eq!(gone.workers.iter().map(|worker| worker.stopped_at.is_some()).collect::<Vec<_>>(), [true, false]);
    // the other site has workers of its own
    assert_eq!(stage.other()?.workers().await?.workers, []);
    let of_one_project = first.for_project("own".into()).workers().await.unwrap_err();
    assert_eq!(of_one_project.kind(), protector_core::ErrorKind::Forbidden);
    Ok(())
}

#[tokio::test]
async fn what_nobody_sees_is_never_within() -> Result<()> {
    let stage = Stage::replicated().await?;
    let of_all = |view: RpoSweepView| (view.groups, view.within, view.breached, view.never, view.unknown);
    let kept = async |engine: &Engine| -> Result<(f64, f64, f64)> {
        let kept = only(engine).await?.rpo_24h.unwrap();
        Ok((kept.within_percent, kept.breached_percent, kept.unknown_percent))
    };
    assert_eq!(kept(&stage.engine).await?, (0.0, 0.0, 100.0));
    // a snapshot every five minutes, an objective of fifteen
    for _ in 0..12 {
        assert_eq!(of_all(stage.engine.sweep_rpo().await?), (1, 1, 0, 0, 0));
        stage.pass(300).await;
    }
    let (within, breached, unknown) = kept(&stage.engine).await?;
    assert_eq!(breached, 0.0);
    assert!((4.1..4.2).contains(&within) && (within + unknown - 100.0).abs() < 0.02, "{within} {unknown}");
    // the array that knows does not answer for an hour
    stage.set_site("site-b", false)?;
    for _ in 0..12 {
        assert_eq!(of_all(stage.engine.sweep_rpo().await?), (1, 0, 0, 0, 1));
        stage.pass(300).await;
    }
    assert_eq!(kept(&stage.engine).await?.0, within, "an hour later, and not a second more within");
    // a day later nobody has looked
    stage.set_site("site-b", true)?;
    stage.pass(86_400).await;
    assert_eq!(kept(&stage.engine).await?, (0.0, 0.0, 100.0));
    let week = only(&stage.engine).await?.rpo_7d.unwrap();
    assert!(week.within_percent > 0.5, "{week:?}");
    Ok(())
}

#[tokio::test]
async fn a_sweep_asks_each_array_the_same_for_one_group_and_for_many() -> Result<()> {
    let stage = Stage::replicated().await?;
    let cost = async || -> Result<_> {
        let before = [calls(&stage, "site-a"), calls(&stage, "site-b")];
        let view = stage.engine.sweep_rpo().await?;
        let [source, standby] = &before;
        Ok((view.groups, more(calls(&stage, "site-a"), source), more(calls(&stage, "site-b"), standby)))
    };
    let one = cost().await?;
    assert_eq!(one, (1, BTreeMap::new(), BTreeMap::from([("peers", 1), ("standby_groups", 1)])));
    for n in 0..30 {
        let name = format!("group-{n:02}");
        stage.engine.protection_group_create(&GroupCreate { priority: 1, ..group_create(&name) }).await?;
        let policy = PolicyChange { replication_interval: Some(300), rpo_minutes: Some(15), ..PolicyChange::default() };
        stage.engine.policy_create(&name, &policy).await?;
    }
    let many = cost().await?;
    assert_eq!((many.0, &many.1, &many.2), (31, &one.1, &one.2));
    Ok(())
}

/// 150 groups: a page of transfers, and two requests for what they hold. One by one it would be 300.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_groups_of_a_flash_array_are_seen_in_a_few_requests() -> Result<()> {
    let arrays = FlashArrays::start("2.37", |_| {}).await?;
    let images = arrays.replicate(150).await?;
    let fresh = arrays.driver(NAMES[1], |_| {})?;
    let before = fresh.client().counters().requests;
    let found = fresh.standby_groups(&images).await?.value;
    let requests = fresh.client().counters().requests - before;
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), images);
    for (image, standby) in &found {
        let newest = standby.newest_complete.as_ref().unwrap();
        assert_eq!((newest.name.as_str(), newest.volumes.len()), (&*format!("{image}.dr-1"), 1));
    }
    assert_eq!(requests, 3);

    // in pages of forty: four of transfers, and one or two for each hundred of what they hold
    let paged = arrays.driver(NAMES[1], |options| options.page_limit = 40)?;
    let again = paged.standby_groups(&images).await?.value;
    assert_eq!(again, found);
    let requests = paged.client().counters().requests;
    assert!(requests <= 4 + 6, "{requests}");
    Ok(())
}
