//! A reconciliation or a sync whose push nobody heard the end of.

use super::*;
use protector_core::ErrorKind;
use protector_core::model::OperationStatus;
use protector_tests::link::Weather;
use protector_tests::{operate, unplanned};

/// site-b took over while site-a was gone, and site-a was changed by a writer that told nobody.
async fn parted() -> Result<(Stage, Engine, Link)> {
    let stage = Stage::replicated().await?;
    let away = stage.other()?;
    stage.set_site("site-a", false)?;
    assert_eq!(operate(&away, &unplanned(true)).await?.status, OperationStatus::Completed);
    stage.set_site("site-a", true)?;
    let mut record = stage.record(&stage.engine).await?;
    let expected = record.version;
    record.version = expected.next();
    record.group.description = Some("changed alone".into());
    let change = protector_core::ports::GroupChange { record, expected, agreed: false };
    stage.engine.endpoints().store.update_group(&change).await?;
    let (engine, link) = behind_a_link(&stage);
    Ok((stage, engine, link))
}

#[tokio::test]
async fn a_reconciliation_is_planned_again() -> Result<()> {
    for weather in [Weather::Down, Weather::DiesBeforeIt, Weather::DiesAfterIt, Weather::OvertakenThenDown] {
        for (winner, again) in [("site-a", "site-a"), ("site-b", "site-b"), ("site-a", "site-b"), ("site-b", "site-a")]
        {
            let (stage, engine, link) = parted().await?;
            let plan = engine.plan_reconcile(GROUP, winner).await?;
            link.set(weather);
            let failed = engine.reconcile(&plan).await.unwrap_err();
            let text = failed.to_string();
            match weather {
                Weather::Down => assert_eq!(failed.kind(), ErrorKind::PeerUnreachable, "{text}"),
                Weather::OvertakenThenDown => assert!(text.contains("could not store it"), "{text}"),
                _ => assert_eq!(failed.kind(), ErrorKind::Indeterminate, "{text}"),
            }
            assert!(weather == Weather::Down || text.contains("sync-status"), "{text}");
            link.set(Weather::Up);

            let status = engine.sync_status(GROUP).await?;
            assert_eq!(status.sync_status, SyncStatus::OutOfSync, "{weather:?}: {status:#?}");
            assert!(status.next.iter().any(|command| command.ends_with(&format!("--winner {again}"))), "{status:#?}");
            engine.reconcile(&engine.plan_reconcile(GROUP, again).await?).await?;
            both_agree(&stage).await?;
            let record = stage.record(&engine).await?;
            let at_home = record.group.current_primary_site.as_str() == "site-a";
            // what was decided first stands where it arrived, unless the other site is preferred the second time
            assert!(at_home || record.owes_fence(&"site-a".into()), "{weather:?}: {record:#?}");
            assert!(!at_home || record.owes_fence(&"site-b".into()), "{weather:?}: {record:#?}");
        }
    }
    Ok(())
}

/// Nothing is lost by running it again from where it was begun or from where it arrived.
#[tokio::test]
async fn a_sync_is_run_again() -> Result<()> {
    for weather in [Weather::DiesBeforeIt, Weather::DiesAfterIt, Weather::LosesAnAnswer] {
        let stage = Stage::replicated().await?;
        let away = stage.other()?;
        stage.set_site("site-a", false)?;
        assert_eq!(operate(&away, &unplanned(true)).await?.status, OperationStatus::Completed);
        stage.set_site("site-a", true)?;
        let link = Link::default();
        let engine = linked(&away, &link);
        link.set(weather);
        let first = engine.sync_metadata(GROUP).await;
        assert_eq!(first.is_ok(), weather == Weather::LosesAnAnswer, "{weather:?}: {first:?}");
        link.set(Weather::Up);
        let status = engine.sync_status(GROUP).await?;
        match status.next.first().map(String::as_str) {
            None => {}
            Some("openstack protector protection-group sync drill-web-app") => drop(engine.sync_metadata(GROUP).await?),
            Some("openstack --os-cloud site-a protector protection-group sync drill-web-app") => {
                drop(stage.engine.sync_metadata(GROUP).await?);
            }
            Some(other) => panic!("{weather:?}: {other}"),
        }
        both_agree(&stage).await?;
        assert_eq!(stage.record(&stage.engine).await?.group.current_primary_site.as_str(), "site-b");
    }
    Ok(())
}
