//! What is shown of a site that was left, and giving it up.

use super::*;

#[tokio::test]
async fn what_waits_is_shown_with_the_way_out() -> Result<()> {
    let left = left().await?;
    let group = left.away.protection_group_show(GROUP).await?;
    assert_eq!(group.fences_due.len(), 1);
    assert_eq!(group.fences_due[0].servers, std::slice::from_ref(&left.old_server));
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

/// Without a server that runs, a snapshot that is newer than the recovery point shows that the site went on: to whoever
/// reaches the site first, the push of metadata or the operation that keeps what it holds.
#[tokio::test]
async fn a_later_snapshot_of_the_old_side_is_evidence_too() -> Result<()> {
    for lost in [true, false] {
        let stage = Stage::replicated().await?;
        let old_server = server_id(&stage.deployment, "site-a", "web-server-1").await?;
        stage.pass(60).await;
        let record = stage.record(&stage.engine).await?;
        let array = stage.deployment.world().storage_driver(&site_a())?;
        let (deadline, cancel) = (jiff::Timestamp::MAX, Cancel::default());
        let cx = Cx { op_key: "somebody".into(), epoch: record.group.epoch, deadline, cancel };
        let local = SnapshotRequest { suffix: "nightly".to_owned(), replicate_now: false };
        let group = record.policy.expect("a policy").pure_pg_name;
        array.create_protection_group_snapshot(&cx, &group, &local).await?;
        stage.set_site("site-a", !lost)?;
        let away = stage.other()?;
        assert_eq!(operate(&away, &unplanned(true)).await?.status, OperationStatus::Completed);
        if lost {
            stage.set_site("site-a", true)?;
            let cloud = stage.deployment.world().cloud(&site_a())?;
            let id = old_server.as_str().into();
            protector_core::exec::settle(&*stage.engine.endpoints().clock, &cx, || cloud.stop_server(&cx, &id)).await?;
            away.sync_metadata(GROUP).await?;
        } else {
            assert_eq!(operate(&away, &reprotect()).await?.status, OperationStatus::Completed);
        }
        let entry = stage.record(&away).await?.ledger.remove(0);
        assert_eq!(entry.state, if lost { LedgerState::Confirmed } else { LedgerState::Preserved });
        let seen = entry.evidence.unwrap_or_default();
        assert!(seen.contains("site-a took snapshot") && seen.contains("nightly"), "{seen}");
    }
    Ok(())
}
