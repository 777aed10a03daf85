//! Who may write, who acts, and what leads on.

use super::broken;
use crate::acts::SITES;
use crate::walk::Walk;
use protector_core::Result;
use protector_core::engine::GroupView;
use protector_core::model::{GroupRecord, SiteName};
use protector_core::ports::{StorageDriver as _, VolumeQuery};

/// I-01, I-02: both sides take writes only after a consent, and then the status says that they may disagree.
pub(crate) async fn one_side_writes(walk: &Walk, record: &GroupRecord) -> Result<()> {
    let mut writable = Vec::new();
    for site in SITES {
        let site = SiteName::from(site);
        if walk.server_runs(record, &site).await? && takes_writes(walk, record, &site).await? {
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

async fn takes_writes(walk: &Walk, record: &GroupRecord, site: &SiteName) -> Result<bool> {
    if !walk.answers(site).await? {
        return Ok(false);
    }
    let array = walk.stage.deployment.world().storage_driver(site)?;
    let names = record.disks().filter_map(|(_, d)| d.copies.get(site)).map(|c| c.array_volume.clone()).collect();
    let volumes = array.volumes(&VolumeQuery::Names(names)).await?;
    Ok(volumes.is_empty() || volumes.iter().any(|volume| !volume.fenced))
}

/// I-06 and I-46: neither the generation of the roles nor the version of the metadata ever goes back, on any site.
pub(crate) async fn epochs_and_versions_only_rise(walk: &mut Walk) -> Result<()> {
    for name in SITES {
        let record = walk.stage.record(&walk.engine(name)?).await?;
        let (epoch, version) = (record.group.epoch.0, record.version.0);
        let highest = walk.highest.entry(name.into()).or_insert((epoch, version));
        if epoch < highest.0 {
            return Err(broken("I-06", format!("{name} went from epoch {} back to {epoch}", highest.0)));
        }
        if version < highest.1 {
            return Err(broken("I-46", format!("{name} went from version {} back to {version}", highest.1)));
        }
        *highest = (epoch, version);
    }
    Ok(())
}

/// I-07: an executor whose operation was taken by another one changes nothing any more.
pub(crate) fn whoever_lost_its_lease_is_quiet(walk: &Walk) -> Result<()> {
    match &walk.acted_late {
        Some(what) => Err(broken("I-07", format!("an executor acted after it was replaced: {what}"))),
        None => Ok(()),
    }
}

/// I-03: from every state a command leads on, and each site can say so.
pub(crate) fn every_state_leads_on(site: &str, view: &GroupView) -> Result<()> {
    match view.next.is_empty() {
        true => Err(broken("I-03", format!("nothing leads out of {:?} on {site}", view.status))),
        false => Ok(()),
    }
}
