//! The laws.

use crate::acts::SITES;
use crate::walk::Walk;
use protector_core::model::{GroupRecord, SiteName};
use protector_core::ports::StorageDriver as _;
use protector_core::rules::naming;
use protector_core::{Error, Result};
use protector_tests::GROUP;
use protector_tests::compare::{rows, text};
use protector_tests::stage::Stage;

/// All of them, on the world as it is now.
pub(crate) async fn check(walk: &mut Walk) -> Result<()> {
    let (_, record) = walk.record().await?;
    one_side_writes(walk, &record).await?;
    some_side_is_recoverable(walk, &record).await?;
    epochs_only_rise(walk).await?;
    nothing_acknowledged_is_missing(walk, &record).await?;
    nothing_is_eradicated(walk)?;
    every_state_leads_on(walk).await?;
    nobody_runs_twice(walk)
}

fn broken(law: &str, what: impl Into<String>) -> Error {
    Error::internal(format!("{law}: {}", what.into()))
}

/// I-01, I-02: both sides take writes only after a consent, and then the status says that they may disagree.
async fn one_side_writes(walk: &Walk, record: &GroupRecord) -> Result<()> {
    let mut writable = Vec::new();
    for site in SITES {
        let site = SiteName::from(site);
        if walk.server_runs(record, &site).await? && !is_fenced(&walk.stage, record, &site).await? {
            writable.push(site);
        }
    }
    if writable.len() < 2 {
        return Ok(());
    }
    if !walk.forced {
        return Err(broken("I-01", "both sides take writes, and nobody consented to that"));
    }
    let text = serde_json::to_string(record)?;
    let says_so = record.divergence.is_some() || text.contains("\"suspected\"") || text.contains("\"confirmed\"");
    if says_so { Ok(()) } else { Err(broken("I-02", "both sides take writes, and the record says nothing of it")) }
}

async fn is_fenced(stage: &Stage, record: &GroupRecord, site: &SiteName) -> Result<bool> {
    let array = stage.deployment.world().storage_driver(site)?;
    let names = record.disks().filter_map(|(_, d)| d.copies.get(site)).map(|c| c.array_volume.clone()).collect();
    let volumes = array.volumes(&protector_core::ports::VolumeQuery::Names(names)).await?;
    Ok(!volumes.is_empty() && volumes.iter().all(|volume| volume.fenced))
}

/// I-03, I-13: once there was a complete recovery point, the last one never goes.
async fn some_side_is_recoverable(walk: &mut Walk, record: &GroupRecord) -> Result<()> {
    let Some(policy) = &record.policy else { return Ok(()) };
    let mut usable = 0;
    let mut unseen = false;
    for (here, there) in [("site-a", "site-b"), ("site-b", "site-a")] {
        let world = walk.stage.deployment.world();
        if !world.site_is_available(&here.into())? || !world.site_is_available(&there.into())? {
            unseen = true;
            continue;
        }
        let source = world.storage_driver(&there.into())?.info().await?.name;
        let image = naming::target_group_name(&source, &policy.pure_pg_name);
        let points = world.storage_driver(&here.into())?.recovery_points(&image).await?.value;
        usable += points.iter().filter(|p| p.is_usable()).count();
    }
    if usable == 0 && !unseen && walk.had_point {
        return Err(broken("I-13", "the last recovery point is gone"));
    }
    walk.had_point |= usable > 0;
    Ok(())
}

/// I-06.
async fn epochs_only_rise(walk: &mut Walk) -> Result<()> {
    for name in SITES {
        let epoch = walk.stage.record(&walk.engine(name)?).await?.group.epoch.0;
        let highest = walk.epochs.entry(name.into()).or_insert(epoch);
        if epoch < *highest {
            return Err(broken("I-06", format!("{name} went from epoch {highest} back to {epoch}")));
        }
        *highest = epoch;
    }
    Ok(())
}

/// I-10, I-11: where the group runs and no operation is open, its disks hold what the workload was told is written, less
/// what an unplanned failover said would be lost.
async fn nothing_acknowledged_is_missing(walk: &Walk, record: &GroupRecord) -> Result<()> {
    if record.group.operation.is_some() {
        return Ok(());
    }
    let site = &record.group.current_primary_site;
    let world = walk.stage.deployment.world();
    if !world.site_is_available(site)? {
        return Ok(());
    }
    let (knows_more, _) = walk.record().await?;
    let found = walk.stage.contents(&walk.engine(knows_more)?).await?;
    let told = walk.written.last().map(|(_, contents)| contents.clone()).unwrap_or_default();
    if found == told {
        return Ok(());
    }
    Err(broken("I-10, I-11", format!("the disks hold {found:?}, the workload was told {told:?}")))
}

/// I-14: nothing that was ever on an array leaves it. No walk is as long as an array keeps destroyed volumes.
fn nothing_is_eradicated(walk: &mut Walk) -> Result<()> {
    let now = rows(&walk.stage.deployment, "volumes")?;
    let now: std::collections::BTreeSet<String> = now.iter().map(|row| text(row, "id").to_owned()).collect();
    if let Some(gone) = walk.volumes.difference(&now).next() {
        return Err(broken("I-14", format!("volume {gone} is eradicated")));
    }
    walk.volumes = now;
    Ok(())
}

/// I-03: from every state a command leads on, and each site can say so.
async fn every_state_leads_on(walk: &Walk) -> Result<()> {
    for site in SITES {
        let view = walk.engine(site)?.protection_group_show(GROUP).await?;
        if view.next.is_empty() {
            return Err(broken("I-03", format!("nothing leads out of {:?} on {site}", view.status)));
        }
    }
    Ok(())
}

/// I-33: whatever reply was lost or step was made again, no member runs twice on one site.
fn nobody_runs_twice(walk: &Walk) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for row in rows(&walk.stage.deployment, "servers")? {
        let (site, name) = (text(&row, "site").to_owned(), text(&row, "name").to_owned());
        // tests that nobody cleaned up may stand side by side
        let counts = row.get("running").is_some_and(|running| running.as_i64() == Some(1)) && !name.ends_with("-test");
        if counts && !seen.insert((site.clone(), name.clone())) {
            return Err(broken("I-33", format!("'{name}' runs twice on {site}")));
        }
    }
    Ok(())
}
