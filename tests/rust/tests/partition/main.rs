//! The sites lose each other: what each of them says afterwards, and how they come to agree again.

#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "helpers of tests may panic as tests do")]

mod both_sides;
mod edits;
mod half_told;

use protector_core::Result;
use protector_core::engine::{Engine, GroupUpdate, SyncStatusView};
use protector_core::model::SyncStatus;
use protector_tests::GROUP;
use protector_tests::link::{Link, linked};
use protector_tests::stage::Stage;

fn describe(text: &str) -> GroupUpdate {
    GroupUpdate { description: Some(text.into()), ..GroupUpdate::default() }
}

/// The engine of site-a, with a link to site-b that can be cut.
fn behind_a_link(stage: &Stage) -> (Engine, Link) {
    let link = Link::default();
    (linked(&stage.engine, &link), link)
}

async fn both_agree(stage: &Stage) -> Result<()> {
    let (home, away) = (&stage.engine, stage.other()?);
    assert_eq!(stage.record(home).await?, stage.record(&away).await?);
    for engine in [home, &away] {
        let status = engine.sync_status(GROUP).await?;
        assert_eq!(status.sync_status, SyncStatus::InSync, "{status:#?}");
        assert_eq!(status.base_version, Some(status.local_version), "{status:#?}");
        assert!(status.differences.is_empty() && status.next.is_empty(), "{status:#?}");
    }
    Ok(())
}

/// A field that differs: its value at the base, here and there, and where it was changed.
type Seen = (Option<String>, Option<String>, Option<String>, Vec<String>);

/// A field that differs, as the engine of one site shows it.
fn seen(status: &SyncStatusView, field: &str) -> Option<Seen> {
    let found = status.differences.iter().find(|difference| difference.field == field)?;
    let changed_on = found.changed_on.iter().map(ToString::to_string).collect();
    Some((found.base.clone(), found.here.clone(), found.there.clone(), changed_on))
}
