//! Everything that runs on a site moves, in order of priority.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may panic as tests do")]

use protector_core::engine::{
    Engine, GroupCreate, GroupUpdate, MemberAdd, PolicyChange, Progress, SiteFailoverOptions, SiteFailoverRequest,
    SiteFailoverView,
};
use protector_core::model::{FailoverType, GroupStatus, Protection};
use protector_core::plan::{SitePlan, SiteWork};
use protector_core::ports::Cancel;
use protector_core::{Error, ErrorKind, Result};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, group_create, server_id, to_secondary};
use std::sync::{Arc, Mutex};

const OTHERS: [(&str, &str, u16); 2] = [("payments", "db-server-1", 1), ("batch", "app-server-1", 9)];

/// The documents' group at priority 5, and two more around it; all replicated.
async fn three_groups() -> Result<Stage> {
    let stage = Stage::replicated().await?;
    let update = GroupUpdate { priority: Some(5), ..GroupUpdate::default() };
    assert_eq!(stage.engine.protection_group_update(GROUP, &update).await?.priority, 5);
    for (name, server, priority) in OTHERS {
        let create = GroupCreate { priority, ..group_create(name) };
        stage.engine.protection_group_create(&create).await?;
        let policy = PolicyChange { replication_interval: Some(300), rpo_minutes: Some(15), ..PolicyChange::default() };
        stage.engine.policy_create(name, &policy).await?;
        let instance_id = server_id(&stage.deployment, "site-a", server).await?;
        stage.engine.member_add(name, &MemberAdd { instance_id, ..MemberAdd::default() }).await?;
        sync(&stage.engine, name).await?;
    }
    Ok(stage)
}

async fn sync(engine: &Engine, group: &str) -> Result<()> {
    let plan = engine.plan(group, &protector_core::engine::Request::Sync {}).await?;
    let accepted = engine.accept(&plan).await?;
    engine.run(accepted.id.as_str(), &Cancel::default(), &Progress::none()).await.map(drop)
}

fn request(failover_type: FailoverType, force: bool) -> SiteFailoverRequest {
    SiteFailoverRequest { failover_type: Some(failover_type), force, reason: None, mappings: to_secondary() }
}

fn names(plan: &SitePlan) -> Vec<&str> {
    plan.groups.iter().map(|g| g.group.as_str()).collect()
}

fn outcomes(view: &SiteFailoverView) -> Vec<(&str, &str)> {
    view.groups.iter().map(|g| (g.protection_group.as_str(), g.outcome.as_str())).collect()
}

/// Hears which group's operations begin and end, and may ask to stop once a group has begun.
fn listener(stop_at: Option<(&'static str, Cancel)>) -> (Progress, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = heard.clone();
    let progress = Progress::new(move |event| {
        if event.step.is_none() {
            let line = format!("{} {}", event.title, event.state);
            if let Some((group, cancel)) = &stop_at
                && line.contains(group)
            {
                cancel.request();
            }
            log.lock().unwrap().push(line);
        }
    });
    (progress, heard)
}

#[tokio::test]
async fn groups_move_by_priority_and_all_arrive() -> Result<()> {
    let stage = three_groups().await?;
    let plan = stage.engine.plan_site_failover("site-a", &request(FailoverType::Planned, false)).await?;
    assert_eq!(names(&plan), ["payments", GROUP, "batch"]);
    plan.check_acceptable()?;
    let (progress, heard) = listener(None);
    let options = SiteFailoverOptions::default();
    let view = stage.engine.site_failover(&plan, &options, &Cancel::default(), &progress).await?;
    assert_eq!(outcomes(&view), [("payments", "moved"), (GROUP, "moved"), ("batch", "moved")]);
    assert_eq!((view.moved, view.not_moved), (3, 0));
    let order: Vec<String> = heard.lock().unwrap().clone();
    let position = |text: &str| order.iter().position(|line| line.contains(text)).ok_or_else(|| Error::internal(text));
    assert!(position("'payments' completed")? < position("'drill-web-app' running")?, "{order:?}");
    assert!(position("'drill-web-app' completed")? < position("'batch' running")?, "{order:?}");
    let again = stage.engine.plan_site_failover("site-a", &request(FailoverType::Planned, false)).await?;
    assert!(again.groups.is_empty(), "nothing runs there any more");
    Ok(())
}

#[tokio::test]
async fn a_blocked_group_stops_all_unless_it_is_skipped() -> Result<()> {
    let stage = three_groups().await?;
    let unmapped = SiteFailoverRequest {
        mappings: protector_core::model::Mappings::default(),
        ..request(FailoverType::Planned, false)
    };
    let update = GroupUpdate { mappings: Some(to_secondary()), ..GroupUpdate::default() };
    for name in ["payments", GROUP] {
        stage.engine.protection_group_update(name, &update).await?;
    }
    let plan = stage.engine.plan_site_failover("site-a", &unmapped).await?;
    assert_eq!(plan.blocked().map(|(g, _)| g.group.as_str()).collect::<Vec<_>>(), ["batch"]);
    let (engine, cancel, none) = (&stage.engine, Cancel::default(), Progress::none());
    let options = SiteFailoverOptions::default();
    let parts = ["1 of 3 groups", "'batch' (priority 9)", "[network_mapping_missing]", "--skip-blocked"];
    stage.refuses(engine.site_failover(&plan, &options, &cancel, &none), ErrorKind::PlanBlocked, &parts).await?;
    let view = engine.site_failover(&plan, &SiteFailoverOptions { skip_blocked: true }, &cancel, &none).await?;
    assert_eq!(outcomes(&view), [("payments", "moved"), (GROUP, "moved"), ("batch", "blocked")]);
    assert!(view.groups[2].error.as_ref().is_some_and(|e| e.contains("network_mapping_missing")), "{view:?}");
    Ok(())
}

#[tokio::test]
async fn what_was_interrupted_goes_on_where_it_stood() -> Result<()> {
    let stage = three_groups().await?;
    let asked = request(FailoverType::Planned, false);
    let plan = stage.engine.plan_site_failover("site-a", &asked).await?;
    let cancel = Cancel::default();
    let (progress, _) = listener(Some((GROUP, cancel.clone())));
    let options = SiteFailoverOptions::default();
    let stopped = stage.engine.site_failover(&plan, &options, &cancel, &progress).await;
    assert_eq!(stopped.err().map(|e| e.kind()), Some(ErrorKind::Cancelled));
    let rest = stage.engine.plan_site_failover("site-a", &asked).await?;
    assert_eq!(names(&rest), [GROUP, "batch"]);
    assert!(matches!(rest.groups[0].work, SiteWork::Resume(_)), "{rest:?}");
    let view = stage.engine.site_failover(&rest, &options, &Cancel::default(), &Progress::none()).await?;
    assert_eq!(outcomes(&view), [(GROUP, "moved"), ("batch", "moved")]);
    for name in [GROUP, "payments", "batch"] {
        assert_eq!(stage.engine.protection_group_show(name).await?.status, GroupStatus::FailedOver, "{name}");
    }
    Ok(())
}

/// The workload runs on the other site by then, and is not protected there yet.
#[tokio::test]
async fn a_move_that_was_interrupted_after_its_switch_is_finished_too() -> Result<()> {
    let stage = three_groups().await?;
    let asked = request(FailoverType::Planned, false);
    let plan = stage.engine.plan_site_failover("site-a", &asked).await?;
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let progress = Progress::new(move |event| {
        if event.step.as_deref().is_some_and(|step| step.starts_with("reprotect/")) {
            stop.request();
        }
    });
    let options = SiteFailoverOptions::default();
    let stopped = stage.engine.site_failover(&plan, &options, &cancel, &progress).await;
    assert_eq!(stopped.err().map(|e| e.kind()), Some(ErrorKind::Cancelled));
    assert_eq!(stage.engine.protection_group_show("payments").await?.current_primary_site.as_str(), "site-b");
    let rest = stage.engine.plan_site_failover("site-a", &asked).await?;
    assert_eq!(names(&rest), ["payments", GROUP, "batch"]);
    let view = stage.engine.site_failover(&rest, &options, &Cancel::default(), &Progress::none()).await?;
    assert_eq!((view.moved, view.not_moved), (3, 0), "{view:#?}");
    assert_eq!(stage.engine.protection_group_show("payments").await?.protection, Protection::Protected);
    Ok(())
}

#[tokio::test]
async fn a_lost_site_is_left_from_the_other_one_with_consent() -> Result<()> {
    let stage = three_groups().await?;
    stage.set_site("site-a", false)?;
    let other = stage.other()?;
    let without = other.plan_site_failover("site-a", &request(FailoverType::Unplanned, false)).await?;
    assert_eq!(without.blocked().count(), 3);
    let plan = other.plan_site_failover("site-a", &request(FailoverType::Unplanned, true)).await?;
    let options = SiteFailoverOptions::default();
    let view = other.site_failover(&plan, &options, &Cancel::default(), &Progress::none()).await?;
    assert_eq!((view.moved, view.not_moved), (3, 0), "{view:#?}");
    let forced = other.plan_site_failover("site-b", &request(FailoverType::Planned, true)).await;
    assert_eq!(forced.err().map(|e| e.kind()), Some(ErrorKind::InvalidRequest));
    Ok(())
}
