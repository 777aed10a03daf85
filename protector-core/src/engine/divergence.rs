//! The divergence ledger: what unplanned failovers left behind on the side that was lost.

use super::{DivergenceDiscard, Engine, LedgerEntryView, describe};
use crate::exec::metadata;
use crate::model::{Discard, GroupRecord, LedgerEntry, LedgerState, Transfer};
use crate::plan::divergence;
use crate::ports::ServerState;
use crate::{Error, Result};

impl Engine {
    /// Every entry of a group, oldest first, discarded ones too.
    ///
    /// # Errors
    /// no such group → `NotFound`.
    pub async fn divergence_list(&self, group: &str) -> Result<Vec<LedgerEntryView>> {
        Ok(self.load(group).await?.ledger.iter().map(describe::ledger_entry).collect())
    }

    /// Gives up what an entry keeps: a later commit may release the volumes it names. Nothing is removed by this call, and
    /// the snapshot on the array stays.
    ///
    /// # Errors
    /// no reason → `InvalidRequest`; no such entry → `NotFound`; given up before, or its site still waits to be fenced →
    /// `Precondition`; open operation, metadata out of sync → `Conflict`; other site does not answer → `PeerUnreachable`.
    pub async fn divergence_discard(&self, group: &str, request: &DivergenceDiscard) -> Result<LedgerEntryView> {
        if request.reason.trim().is_empty() {
            return Err(
                Error::invalid("a divergence is discarded for a reason, and none was given").remedy("--reason <text>")
            );
        }
        let record = self.load_for_edit(group).await?;
        check_discard(&record, &request.entry)?;
        let mut next = self.next_version(&record);
        let by = request.by.clone().unwrap_or_else(|| format!("process {}", self.0.holder.process));
        let discard = Discard {
            by: format!("{by} on {}", self.0.holder.host),
            reason: request.reason.clone(),
            at: next.group.updated_at,
        };
        divergence::discard(&mut next, &request.entry, discard);
        let next = metadata::commit(&self.0.endpoints, &record, next).await?;
        let entry = next.ledger.iter().find(|entry| entry.id.as_str() == request.entry);
        entry.map(describe::ledger_entry).ok_or_else(|| Error::internal("the entry got lost"))
    }

    /// Entries that are only suspected, for sites that show now that they ran on. A site that does not answer shows
    /// nothing.
    pub(super) async fn confirm_divergence(&self, record: &mut GroupRecord) {
        let suspected: Vec<LedgerEntry> =
            record.ledger.iter().filter(|entry| entry.state == LedgerState::Suspected).cloned().collect();
        for entry in suspected {
            let evidence = match self.server_that_runs(record, &entry).await {
                Some(evidence) => Some(evidence),
                None => self.later_snapshot(&entry).await,
            };
            if let Some(evidence) = evidence {
                divergence::confirm(record, &entry.id, &evidence);
            }
        }
    }

    async fn server_that_runs(&self, record: &GroupRecord, entry: &LedgerEntry) -> Option<String> {
        let cloud = self.0.endpoints.cloud(&entry.site).ok()?;
        for server in record.members.iter().filter_map(|member| member.server_on(&entry.site)) {
            let Ok(Some(found)) = cloud.server(server).await else { continue };
            if found.state == ServerState::Active {
                return Some(format!("server '{}' ({server}) ran on {}", found.name, entry.site));
            }
        }
        None
    }

    async fn later_snapshot(&self, entry: &LedgerEntry) -> Option<String> {
        let array = self.0.endpoints.array(&entry.site).ok()?;
        let points = array.recovery_points(&entry.group).await.ok()?.value;
        let later = points.into_iter().filter(|p| p.transfer == Transfer::Local && p.created > entry.data_time);
        let first = later.min_by_key(|point| point.created)?;
        Some(format!("{} took snapshot '{}' at {}", entry.site, first.name, first.created))
    }
}

fn check_discard(record: &GroupRecord, entry: &str) -> Result<()> {
    let name = &record.group.name;
    let Some(found) = record.ledger.iter().find(|e| e.id.as_str() == entry) else {
        let known = record.ledger.iter().map(|e| e.id.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::not_found(format!("'{name}' has no divergence '{entry}' (there: {known})"))
            .remedy(format!("openstack protector protection-group divergence list {name}")));
    };
    if let Some(discarded) = &found.discarded {
        return Err(Error::precondition(format!(
            "divergence '{entry}' of '{name}' was discarded on {} by {}: {}",
            discarded.at, discarded.by, discarded.reason
        ))
        .remedy(format!("openstack protector protection-group divergence list {name}")));
    }
    if record.owes_fence(&found.site) {
        return Err(Error::precondition(format!(
            "divergence '{entry}' of '{name}' is not discarded while {} waits to be stopped and fenced",
            found.site
        ))
        .remedy(format!("openstack protector reprotect {name}")));
    }
    Ok(())
}
