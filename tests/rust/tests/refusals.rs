//! What is refused: one clear error, and nothing changed.

use protector_core::engine::{GroupUpdate, MemberAdd, PolicyChange, Progress, Request, SiteCreate, StopOptions};
use protector_core::model::{Epoch, FailoverType, Mappings, OperationKind};
use protector_core::ports::{Cancel, Cx, GroupSpec};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, add_member, failover, group_create, server_id, to_secondary, unplanned};

fn member(instance_id: String) -> MemberAdd {
    MemberAdd { instance_id, ..MemberAdd::default() }
}

fn policy(pure_pg_name: &str) -> PolicyChange {
    PolicyChange {
        pure_pg_name: Some(pure_pg_name.to_owned()),
        replication_interval: Some(300),
        rpo_minutes: Some(15),
        ..PolicyChange::default()
    }
}

#[tokio::test]
async fn names_that_do_not_exist() -> Result<()> {
    let stage = Stage::protected().await?;
    let engine = &stage.engine;
    let mut request = group_create("other");
    request.secondary_site = "site-x".into();
    stage
        .refuses(engine.protection_group_create(&request), ErrorKind::NotFound, &["site 'site-x'", "site list"])
        .await?;
    request = group_create("other");
    request.volume_type = "gold".into();
    let parts = ["volume type 'gold'", "replicated-ssd", "site list-volume-types site-a"];
    stage.refuses(engine.protection_group_create(&request), ErrorKind::NotFound, &parts).await?;

    let parts = ["protection group 'nobody' does not exist", "protection-group list"];
    let update = GroupUpdate::default();
    stage.refuses(engine.protection_group_show("nobody"), ErrorKind::NotFound, &parts).await?;
    stage.refuses(engine.protection_group_update("nobody", &update), ErrorKind::NotFound, &parts).await?;
    stage.refuses(engine.protection_group_delete("nobody"), ErrorKind::NotFound, &parts).await?;
    stage.refuses(engine.policy_create("nobody", &policy("x")), ErrorKind::NotFound, &parts).await?;
    stage.refuses(engine.member_add("nobody", &member("x".into())), ErrorKind::NotFound, &parts).await?;
    stage.refuses(engine.plan("nobody", &failover()), ErrorKind::NotFound, &parts).await?;

    let parts = ["instance 'ghost' does not exist on site-a", "server list"];
    stage.refuses(engine.member_add(GROUP, &member("ghost".into())), ErrorKind::NotFound, &parts).await?;
    let parts = ["instance 'ghost' is not a member"];
    stage.refuses(engine.member_remove(GROUP, "ghost"), ErrorKind::NotFound, &parts).await?;
    let (cancel, progress) = (Cancel::default(), Progress::none());
    stage
        .refuses(engine.run("op-ghost", &cancel, &progress), ErrorKind::NotFound, &["op-ghost", "operation list"])
        .await?;
    stage.refuses(engine.site_show("site-x"), ErrorKind::NotFound, &["site 'site-x'"]).await
}

#[tokio::test]
async fn names_that_are_taken() -> Result<()> {
    let stage = Stage::protected().await?;
    let engine = &stage.engine;
    let request = group_create(GROUP);
    let parts = ["protection group 'drill-web-app' exists already"];
    stage.refuses(engine.protection_group_create(&request), ErrorKind::AlreadyExists, &parts).await?;
    let site = SiteCreate { name: "site-a".into(), ..SiteCreate::default() };
    stage.refuses(engine.site_create(&site), ErrorKind::AlreadyExists, &["site 'site-a'"]).await?;

    let web = server_id(&stage.deployment, "site-a", "web-server-1").await?;
    let parts = [web.as_str(), "is a member of 'drill-web-app' already"];
    stage.refuses(engine.member_add(GROUP, &member(web.clone())), ErrorKind::AlreadyExists, &parts).await?;
    engine.protection_group_create(&group_create("other")).await?;
    let parts = [web.as_str(), "is a member of protection group 'drill-web-app'", "member-remove"];
    stage.refuses(engine.member_add("other", &member(web.clone())), ErrorKind::AlreadyExists, &parts).await?;
    let rename = GroupUpdate { name: Some(GROUP.into()), ..GroupUpdate::default() };
    stage.refuses(engine.protection_group_update("other", &rename), ErrorKind::AlreadyExists, &[GROUP]).await?;
    let parts = ["pure_pg_name", "mock-pg-drill-web-app", GROUP];
    stage.refuses(engine.policy_create("other", &policy("mock-pg-drill-web-app")), ErrorKind::Conflict, &parts).await
}

#[tokio::test]
async fn an_array_group_of_somebody_else() -> Result<()> {
    let stage = Stage::protected().await?;
    let array = stage.engine.endpoints().array(&"site-a".into())?;
    let spec = GroupSpec { name: "payroll".into(), owner: "pg-of-another-deployment".into(), adopt: false };
    let deadline = jiff::Timestamp::MAX;
    let cx = Cx { op_key: "another".into(), epoch: Epoch(1), deadline, cancel: Cancel::default() };
    array.ensure_group(&cx, &spec).await?;
    stage.engine.protection_group_create(&group_create("other")).await?;
    let policy = policy("payroll");
    stage.refuses(stage.engine.policy_create("other", &policy), ErrorKind::Conflict, &["payroll"]).await
}

/// Nothing is made on one array while the other cannot be told.
#[tokio::test]
async fn a_policy_without_a_link() -> Result<()> {
    let stage = Stage::empty().await?;
    stage.engine.protection_group_create(&group_create(GROUP)).await?;
    stage.deployment.world().set_link_connected(false)?;
    let (policy, parts) = (policy("mock-pg"), ["flasharray-b", "disconnected", "site validate site-a"]);
    stage.refuses(stage.engine.policy_create(GROUP, &policy), ErrorKind::Precondition, &parts).await?;
    stage.deployment.world().set_link_connected(true)?;
    stage.engine.policy_create(GROUP, &policy).await.map(drop)
}

/// I-45: one volume that may not join keeps the whole server out, and nothing changes.
#[tokio::test]
async fn a_volume_that_may_not_join() -> Result<()> {
    let stage = Stage::protected().await?;
    let legacy = member(server_id(&stage.deployment, "site-a", "legacy-server-1").await?);
    let parts = ["legacy-server-1", "legacy-server-1-os", "type 'standard-ssd'", "volume set --type replicated-ssd"];
    stage.refuses(stage.engine.member_add(GROUP, &legacy), ErrorKind::NotEligible, &parts).await
}

#[tokio::test]
async fn values_that_make_no_sense() -> Result<()> {
    let stage = Stage::protected().await?;
    let engine = &stage.engine;
    let url = PolicyChange { primary_fa_url: Some("http://10.0.0.1".into()), ..PolicyChange::default() };
    let parts = ["--primary-fa-url", "http://10.0.0.1", "https"];
    stage.refuses(engine.policy_create(GROUP, &url), ErrorKind::InvalidRequest, &parts).await?;
    let slow = PolicyChange { replication_interval: Some(3600), rpo_minutes: Some(15), ..PolicyChange::default() };
    stage.refuses(engine.policy_create(GROUP, &slow), ErrorKind::InvalidRequest, &["3600", "15"]).await?;
    engine.protection_group_create(&group_create("other")).await?;
    let hasty = PolicyChange { replication_interval: Some(59), ..policy("hasty") };
    stage.refuses(engine.policy_create("other", &hasty), ErrorKind::InvalidRequest, &["59 s", "60 to"]).await?;
    // the documents' own example of a tight objective is none of them
    let tight = PolicyChange { replication_interval: Some(120), rpo_minutes: Some(5), ..policy("tight") };
    engine.policy_create("other", &tight).await?;
    let renamed = policy("another-name");
    stage.refuses(engine.policy_create(GROUP, &renamed), ErrorKind::InvalidRequest, &["another-name"]).await?;
    stage
        .refuses(
            engine.protection_group_create(&group_create(" web")),
            ErrorKind::InvalidRequest,
            &["' web'", "starts or ends with a space"],
        )
        .await?;
    let mut same = group_create("same");
    same.secondary_site = "site-a".into();
    stage.refuses(engine.protection_group_create(&same), ErrorKind::InvalidRequest, &["both 'site-a'"]).await?;

    let forced =
        Request::Failover { failover_type: FailoverType::Planned, force: true, reason: None, mappings: to_secondary() };
    let parts = ["a planned failover is never forced", "--type unplanned --force"];
    stage.refuses(engine.plan(GROUP, &forced), ErrorKind::InvalidRequest, &parts).await
}

#[tokio::test]
async fn edits_while_the_other_site_is_silent() -> Result<()> {
    let stage = Stage::protected().await?;
    let web = server_id(&stage.deployment, "site-a", "web-server-1").await?;
    let app = member(server_id(&stage.deployment, "site-a", "app-server-1").await?);
    stage.set_site("site-b", false)?;
    let engine = &stage.engine;
    let (kind, parts) = (ErrorKind::PeerUnreachable, ["Peer site unreachable", "site-b"]);
    stage.refuses(engine.protection_group_create(&group_create("other")), kind, &parts).await?;
    let rename = GroupUpdate { name: Some("other".into()), ..GroupUpdate::default() };
    stage.refuses(engine.protection_group_update(GROUP, &rename), kind, &parts).await?;
    stage.refuses(engine.policy_create(GROUP, &PolicyChange::default()), kind, &parts).await?;
    stage.refuses(engine.member_add(GROUP, &app), kind, &parts).await?;
    stage.refuses(engine.member_remove(GROUP, &web), kind, &parts).await?;
    stage.refuses(engine.protection_group_delete(GROUP), kind, &parts).await?;
    stage.refuses(engine.sync_metadata(GROUP), kind, &["site-b"]).await
}

#[tokio::test]
async fn a_group_that_is_not_ready_to_move() -> Result<()> {
    let stage = Stage::empty().await?;
    let engine = &stage.engine;
    engine.protection_group_create(&group_create(GROUP)).await?;
    let parts = ["has no replication policy", "policy-create", "has no members", "member-add"];
    stage.blocks(engine, &failover(), &parts).await?;
    stage.blocks(engine, &Request::Sync {}, &parts).await?;
    engine.policy_create(GROUP, &policy("mock-pg")).await?;
    stage.blocks(engine, &failover(), &["has no members"]).await?;
    add_member(&stage.deployment, engine, "web-server-1", 0).await?;
    let parts = ["no complete recovery point of 'drill-web-app'", "there is none", "consistency-group sync"];
    stage.blocks(engine, &failover(), &parts).await?;
    stage.completes(&Request::Sync {}).await?;
    let unmapped = Request::Failover {
        failover_type: FailoverType::Planned,
        force: false,
        reason: None,
        mappings: Mappings::default(),
    };
    let parts =
        ["network 'net-primary-web' of 'web-server-1' has no counterpart", "--network-mapping net-primary-web="];
    stage.blocks(engine, &unmapped, &parts).await?;
    let parts = ["failback is refused: the protection group is 'active'", "openstack protector failover"];
    stage.blocks(engine, &Request::Failback { mappings: Mappings::default() }, &parts).await
}

#[tokio::test]
async fn a_planned_failover_without_the_other_site() -> Result<()> {
    let stage = Stage::replicated().await?;
    stage.set_site("site-b", false)?;
    stage.blocks(&stage.engine, &failover(), &["Peer site unreachable: site-b", "--type unplanned --force"]).await
}

#[tokio::test]
async fn a_recovery_point_older_than_the_objective() -> Result<()> {
    let stage = Stage::replicated().await?;
    stage.deployment.world().set_link_connected(false)?;
    // the sync took a moment, and begun minutes count
    stage.pass(47 * 60 - 30).await;
    stage.blocks(&stage.engine, &failover(), &["the link of flasharray-a"]).await?;
    stage.deployment.world().set_link_connected(true)?;
    let parts =
        ["- Latest snapshot age (47 min) exceeds RPO threshold (15 min) [rpo_breach]", "consistency-group sync"];
    stage.blocks(&stage.engine, &failover(), &parts).await?;
    stage.completes(&Request::Sync {}).await?;
    stage.completes(&failover()).await
}

#[tokio::test]
async fn an_unplanned_failover_that_nobody_answered_for() -> Result<()> {
    let stage = Stage::replicated().await?;
    stage.set_site("site-a", false)?;
    let engine = stage.deployment.engine(Some("site-b"))?;
    let parts = ["consent 'data_loss'", "consent 'source_unverified'", "consent 'metadata_diverged'", "--force"];
    stage.blocks(&engine, &unplanned(false), &parts).await?;
    let plan = engine.plan(GROUP, &unplanned(true)).await?;
    assert_eq!((plan.blockers().count(), plan.consents.len()), (0, 3), "{plan}");
    Ok(())
}

#[tokio::test]
async fn a_group_that_runs_on_its_secondary_site() -> Result<()> {
    let stage = Stage::replicated().await?;
    stage.completes(&failover()).await?;
    // a planned failover of it leads home, and the plan says so
    let plan = stage.engine.plan(GROUP, &failover()).await?;
    assert_eq!(plan.kind, OperationKind::Failback);
    assert!(plan.to_text().contains("this failover is a failback to site-a"), "{plan}");
    Ok(())
}

/// I-29
#[tokio::test]
async fn a_plan_that_is_not_what_it_was() -> Result<()> {
    let stage = Stage::replicated().await?;
    let (engine, other) = (&stage.engine, stage.deployment.engine(Some("site-b"))?);
    let plan = engine.plan(GROUP, &failover()).await?;
    let mut tampered = plan.clone();
    tampered.steps.retain(|s| !s.id.as_str().starts_with("fence"));
    stage.refuses(engine.accept(&tampered), ErrorKind::Conflict, &["was changed after it was made"]).await?;
    let parts = ["was made on site-a", "works from site-b"];
    stage.refuses(other.accept(&plan), ErrorKind::InvalidRequest, &parts).await?;
    add_member(&stage.deployment, engine, "app-server-1", 0).await?;
    stage.refuses(engine.accept(&plan), ErrorKind::PlanStale, &["metadata went from version", "plan again"]).await
}

/// I-40
#[tokio::test]
async fn a_second_operation() -> Result<()> {
    let stage = Stage::replicated().await?;
    let (engine, other) = (&stage.engine, stage.deployment.engine(Some("site-b"))?);
    let second = engine.plan(GROUP, &Request::Sync {}).await?;
    let open = engine.accept(&engine.plan(GROUP, &failover()).await?).await?.id.to_string();
    let resume = format!("openstack protector operation resume {open}");
    for request in [Request::Sync {}, failover(), Request::Failback { mappings: Mappings::default() }] {
        stage.blocks(engine, &request, &["[operation_open]", &resume]).await?;
    }
    stage.refuses(engine.accept(&second), ErrorKind::PlanStale, &[]).await?;
    stage.blocks(&other, &failover(), &["OUT OF SYNC"]).await?;

    let web = server_id(&stage.deployment, "site-a", "web-server-1").await?;
    edits_are_refused(&stage, &open, &web).await?;
    let abort = format!("openstack protector operation abort {open}");
    stage.refuses(engine.sync_metadata(GROUP), ErrorKind::Conflict, &[&open, &resume, &abort]).await
}

/// I-40. Tests and syncs hold the group only by their open journal.
#[tokio::test]
async fn edits_while_a_test_or_a_sync_is_open() -> Result<()> {
    let test = Request::TestFailover { mappings: to_secondary(), retain_primary: true };
    for request in [test, Request::Sync {}] {
        let stage = Stage::replicated().await?;
        let open = stage.accepted(&request).await?;
        let web = server_id(&stage.deployment, "site-a", "web-server-1").await?;
        edits_are_refused(&stage, &open, &web).await?;
        // and the way out that the refusal names is one
        let options = StopOptions::default();
        stage.engine.operation_abort(&open, &options, &Cancel::default(), &Progress::none()).await?;
        stage.engine.member_remove(GROUP, &web).await?;
    }
    Ok(())
}

async fn edits_are_refused(stage: &Stage, open: &str, member_id: &str) -> Result<()> {
    let engine = &stage.engine;
    let (resume, abort) = (format!("operation resume {open}"), format!("operation abort {open}"));
    let (kind, parts) = (ErrorKind::Conflict, [open, resume.as_str(), abort.as_str()]);
    let app = member(server_id(&stage.deployment, "site-a", "app-server-1").await?);
    stage.refuses(engine.protection_group_update(GROUP, &GroupUpdate::default()), kind, &parts).await?;
    stage.refuses(engine.member_add(GROUP, &app), kind, &parts).await?;
    stage.refuses(engine.member_remove(GROUP, member_id), kind, &parts).await?;
    stage.refuses(engine.policy_create(GROUP, &PolicyChange::default()), kind, &parts).await?;
    stage.refuses(engine.protection_group_delete(GROUP), kind, &parts).await
}

/// Both look at a group without an operation; the store lets one of them open one.
#[tokio::test]
async fn two_operations_at_the_same_moment() -> Result<()> {
    let stage = Stage::replicated().await?;
    let plan = stage.engine.plan(GROUP, &failover()).await?;
    let rival = stage.deployment.engine(Some("site-a"))?;
    let (first, second) = tokio::join!(stage.engine.accept(&plan), rival.accept(&plan));
    let refused = match (first, second) {
        (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
        both => return Err(Error::internal(format!("not exactly one: {both:?}"))),
    };
    assert!(matches!(refused.kind(), ErrorKind::Conflict | ErrorKind::PlanStale), "{refused:?}");
    assert_eq!(stage.engine.operation_list().await?.len(), 2, "the sync and one failover");
    Ok(())
}
