//! A peer that goes down before, during and after the push of an edit.

use super::*;
use protector_core::ErrorKind;
use protector_core::engine::PolicyChange;
use protector_tests::link::Weather;
use protector_tests::{group_create, server_id};

fn text(text: &str) -> Option<String> {
    Some(format!("'{text}'"))
}

#[tokio::test]
async fn down_before_the_push() -> Result<()> {
    let stage = Stage::protected().await?;
    let (engine, link) = behind_a_link(&stage);
    link.set(Weather::Down);
    let parts = ["Peer site unreachable", "site-b"];
    stage.refuses(engine.protection_group_update(GROUP, &describe("new")), ErrorKind::PeerUnreachable, &parts).await?;
    let status = engine.sync_status(GROUP).await?;
    assert_eq!((status.sync_status, status.remote_version), (SyncStatus::Unreachable, None));
    assert!(status.detail.is_some_and(|detail| detail.contains("site-b does not answer")));
    link.set(Weather::Up);
    both_agree(&stage).await
}

#[tokio::test]
async fn down_while_the_push_was_on_its_way() -> Result<()> {
    let stage = Stage::protected().await?;
    let (engine, link) = behind_a_link(&stage);
    let version = stage.record(&engine).await?.version;
    link.set(Weather::DiesBeforeIt);
    let parts =
        [format!("stays at version {version}"), format!("told version {}", version.next()), "sync-status".into()];
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    stage.refuses(engine.protection_group_update(GROUP, &describe("new")), ErrorKind::Indeterminate, &parts).await?;
    // it never arrived, and the edit can be made again
    link.set(Weather::Up);
    both_agree(&stage).await?;
    engine.protection_group_update(GROUP, &describe("new")).await?;
    both_agree(&stage).await
}

#[tokio::test]
async fn down_after_the_push() -> Result<()> {
    let stage = Stage::protected().await?;
    let (engine, link) = behind_a_link(&stage);
    let version = stage.record(&engine).await?.version;
    link.set(Weather::DiesAfterIt);
    let unknown = engine.protection_group_update(GROUP, &describe("new")).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Indeterminate, "{unknown}");
    assert!(unknown.remedy_text().is_some_and(|remedy| remedy.contains("protection-group sync-status")), "{unknown}");

    link.set(Weather::Up);
    let there = "openstack --os-cloud site-b protector protection-group sync drill-web-app";
    let status = engine.sync_status(GROUP).await?;
    assert_eq!(status.sync_status, SyncStatus::OutOfSync);
    assert_eq!((status.local_version, status.remote_version), (version.0, Some(version.0 + 1)));
    assert_eq!((status.base_version, status.next.as_slice()), (Some(version.0), [there.to_owned()].as_slice()));
    assert_eq!(seen(&status, "description"), Some((None, None, text("new"), vec!["site-b".into()])));
    // nothing is written over by whoever is behind, and nothing else is edited meanwhile
    stage.refuses(engine.sync_metadata(GROUP), ErrorKind::Conflict, &["site-b is ahead", there]).await?;
    let parts = ["OUT OF SYNC", "sync-status"];
    stage.refuses(engine.protection_group_update(GROUP, &describe("newer")), ErrorKind::Conflict, &parts).await?;

    // the way out, which may be run twice
    let away = stage.other()?;
    let status = away.sync_status(GROUP).await?;
    assert_eq!(status.next, ["openstack protector protection-group sync drill-web-app"]);
    for _ in 0..2 {
        assert_eq!(away.sync_metadata(GROUP).await?.sync_status, SyncStatus::InSync);
    }
    both_agree(&stage).await?;
    assert_eq!(stage.record(&engine).await?.group.description.as_deref(), Some("new"));
    Ok(())
}

/// The same call once more looks first.
#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again() -> Result<()> {
    let stage = Stage::protected().await?;
    let (engine, link) = behind_a_link(&stage);
    link.set(Weather::LosesAnAnswer);
    engine.protection_group_update(GROUP, &describe("new")).await?;
    both_agree(&stage).await
}

/// Two records of one version that differ are not in sync, whatever their versions say.
#[tokio::test]
async fn one_version_with_two_contents() -> Result<()> {
    let stage = Stage::replicated().await?;
    let (engine, link) = behind_a_link(&stage);
    let version = stage.record(&engine).await?.version.next().0;
    link.set(Weather::OvertakenThenDown);
    let refused = engine.protection_group_update(GROUP, &describe("told")).await.unwrap_err();
    assert!(refused.message().contains("site-b could not be put back"), "{refused}");
    link.set(Weather::Up);

    let status = engine.sync_status(GROUP).await?;
    assert_eq!((status.local_version, status.remote_version), (version, Some(version)));
    assert_eq!((status.sync_status, status.base_version), (SyncStatus::OutOfSync, Some(version - 1)));
    let both = vec!["site-a".to_owned(), "site-b".to_owned()];
    assert_eq!(seen(&status, "description"), Some((None, text("faster"), text("told"), both)));
    let reconcile = ["site-a", "site-b"]
        .map(|site| format!("openstack protector protection-group reconcile {GROUP} --winner {site}"));
    assert_eq!(status.next, reconcile);
    for engine in [&engine, &stage.other()?] {
        let parts = ["both changed", "reconcile"];
        stage.refuses(engine.sync_metadata(GROUP), ErrorKind::Conflict, &parts).await?;
        let nothing = PolicyChange::default();
        stage.refuses(engine.policy_create(GROUP, &nothing), ErrorKind::Conflict, &["differs", "sync-status"]).await?;
        stage.blocks(engine, &protector_tests::failover(), &["OUT OF SYNC", "differs"]).await?;
    }
    let plan = engine.plan_reconcile(GROUP, "site-b").await?;
    engine.reconcile(&plan).await?;
    both_agree(&stage).await?;
    assert_eq!(stage.record(&engine).await?.group.description.as_deref(), Some("told"));
    stage.completes(&protector_tests::failover()).await
}

/// Other edits than a change of the group: a new one, a member, the end of one.
#[tokio::test]
async fn every_kind_of_edit_leads_on_after_a_push_that_nobody_heard_of() -> Result<()> {
    let stage = Stage::protected().await?;
    let (engine, link) = behind_a_link(&stage);
    let away = stage.other()?;
    let app = server_id(&stage.deployment, "site-a", "app-server-1").await?;
    link.set(Weather::DiesAfterIt);
    let add = protector_core::engine::MemberAdd { instance_id: app.clone(), ..Default::default() };
    assert_eq!(engine.member_add(GROUP, &add).await.unwrap_err().kind(), ErrorKind::Indeterminate);
    link.set(Weather::Up);
    let status = engine.sync_status(GROUP).await?;
    assert!(status.differences.iter().any(|d| d.field.contains("member 'app-server-1'") && d.here.is_none()));
    away.sync_metadata(GROUP).await?;
    both_agree(&stage).await?;
    assert_eq!(engine.member_list(GROUP).await?.len(), 2);

    // a new group is here, and may be there
    link.set(Weather::DiesAfterIt);
    let created = engine.protection_group_create(&group_create("other")).await.unwrap_err();
    assert_eq!(created.kind(), ErrorKind::Indeterminate, "{created}");
    link.set(Weather::Up);
    engine.sync_metadata("other").await?;
    assert_eq!(away.sync_status("other").await?.sync_status, SyncStatus::InSync);

    // it is gone there, and may be brought back or deleted again
    link.set(Weather::DiesAfterIt);
    let deleted = engine.protection_group_delete("other").await.unwrap_err();
    assert_eq!(deleted.kind(), ErrorKind::Indeterminate, "{deleted}");
    link.set(Weather::Up);
    let status = engine.sync_status("other").await?;
    assert_eq!((status.sync_status, status.remote_version), (SyncStatus::OutOfSync, None));
    assert_eq!(status.next, ["openstack protector protection-group sync other"]);
    engine.sync_metadata("other").await?;
    engine.protection_group_delete("other").await?;
    assert!(away.sync_status("other").await.is_err_and(|e| e.kind() == ErrorKind::NotFound));
    Ok(())
}
