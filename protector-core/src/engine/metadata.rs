//! The metadata of both sites: whether they agree, and how they come to agree again.

use super::{Engine, SyncStatusView};
use crate::exec::metadata::{describe, told};
use crate::model::{GroupRecord, OpenOperation, SiteName, SyncStatus};
use crate::plan::{ReconcilePlan, plan_reconcile, reconciliation_id};
use crate::ports::{GroupChange, PeerVersion};
use crate::rules::agreement::{Agreement, agreement, newest_base};
use crate::rules::difference::{ThreeWay, differences};
use crate::rules::reconcile::{Sides, reconcile};
use crate::{Error, ErrorKind, Result};

/// What both sites hold of a group.
struct Compared {
    here: GroupRecord,
    there: Option<GroupRecord>,
    base: Option<GroupRecord>,
    agreement: Agreement,
}

impl Engine {
    /// Compares the metadata of both sites, field by field. A silent peer is no error.
    ///
    /// # Errors
    /// no such group → `NotFound`.
    pub async fn sync_status(&self, group: &str) -> Result<SyncStatusView> {
        let record = self.load(group).await?;
        let mut view = SyncStatusView {
            protection_group_id: record.group.id.to_string(),
            sync_status: SyncStatus::Unreachable,
            local_site: self.0.site.clone(),
            local_version: record.version.0,
            remote_site: self.0.endpoints.peer.site().clone(),
            remote_version: None,
            base_version: None,
            detail: None,
            differences: Vec::new(),
            next: Vec::new(),
        };
        match self.compare(record).await {
            Ok(compared) => self.describe_agreement(&compared, &mut view),
            Err(e) => view.detail = Some(e.message().to_owned()),
        }
        Ok(view)
    }

    /// Makes the other site hold what this site holds, as long as that loses nothing that the other site did by itself.
    ///
    /// # Errors
    /// the other site went on, or both did, or nobody knows → `Conflict` with the command that leads on; open operation →
    /// `Conflict`; no answer → `PeerUnreachable`; whether the other site was told is not known → `Indeterminate`: run it
    /// again.
    pub async fn sync_metadata(&self, group: &str) -> Result<SyncStatusView> {
        let record = self.load(group).await?;
        if let Some(open) = &record.group.operation {
            return Err(super::is_open(open, &record.group.name));
        }
        let compared = self.compare(record).await?;
        let Compared { here, there, .. } = &*compared;
        match compared.agreement {
            Agreement::Agreed => self.0.endpoints.store.agree(here).await?,
            Agreement::Marked | Agreement::ThisSiteWentOn | Agreement::AbsentThere => {
                let mut next = self.next_version(here);
                next.version = next.version.max(there.as_ref().map_or(next.version, |there| there.version.next()));
                next.divergence = None;
                self.confirm_divergence(&mut next).await;
                Box::pin(self.store_on_both(here, there.as_ref(), next, "protection-group sync")).await?;
            }
            Agreement::OtherSiteWentOn | Agreement::BothWentOn | Agreement::BaseUnknown => {
                let next = self.ways_out(&compared).join(", or: ");
                return Err(Error::conflict(self.disagreement(&compared)).remedy(next));
            }
        }
        self.sync_status(here_id(here)).await
    }

    /// What it would come to if `winner` wins. Changes nothing.
    ///
    /// # Errors
    /// no such group → `NotFound`; not one of its sites → `InvalidRequest`; both agree → `Precondition`; open operation on
    /// either site, or the other one does not have the group → `Conflict`; no answer → `PeerUnreachable`.
    pub async fn plan_reconcile(&self, group: &str, winner: &str) -> Result<ReconcilePlan> {
        let (compared, there) = self.reconcilable(group, winner).await?;
        let (sides, loser) = self.sides(&compared, &there, winner);
        plan_reconcile(sides, loser, compared.base.as_ref())
    }

    /// Makes both sites hold what the plan says: the other one first.
    ///
    /// # Errors
    /// as [`Engine::plan_reconcile`]; either side has changed since → `PlanStale`: plan again; whether the other site was told
    /// is not known → `Indeterminate`, or this site cannot store it → its error: plan again, nothing that either side knew
    /// is lost.
    pub async fn reconcile(&self, plan: &ReconcilePlan) -> Result<SyncStatusView> {
        let winner = plan.winner.as_str();
        let (compared, there) = self.reconcilable(plan.group.as_str(), winner).await?;
        let (sides, loser) = self.sides(&compared, &there, winner);
        let name = &compared.here.group.name;
        if plan_reconcile(sides, loser, compared.base.as_ref())?.hash != plan.hash {
            return Err(Error::new(
                ErrorKind::PlanStale,
                format!("what the sites hold of '{name}' has changed since the reconciliation was planned"),
            )
            .remedy(format!("openstack protector protection-group reconcile {name} --winner {winner} --dry-run")));
        }
        let mut next = reconcile(sides, &reconciliation_id(&plan.hash), self.0.endpoints.clock.now());
        self.confirm_divergence(&mut next).await;
        let command = format!("protection-group reconcile --winner {winner}");
        Box::pin(self.store_on_both(&compared.here, Some(&there), next, &command)).await?;
        tracing::info!(target: "protector.engine.metadata", "'{name}' was reconciled, {winner} has won");
        self.sync_status(here_id(&compared.here)).await
    }

    /// Boxed: three records are more than whoever awaits it should carry.
    async fn compare(&self, here: GroupRecord) -> Result<Box<Compared>> {
        let (peer, id) = (&self.0.endpoints.peer, &here.group.id);
        let there = peer.record(id).await?;
        let known = (self.0.endpoints.store.agreed_group(id).await?, peer.agreed(id).await?);
        let base = newest_base(known.0, known.1);
        let held = there.as_ref().map(|there| (peer.site(), there));
        let agreement = agreement(base.as_ref(), (&self.0.site, &here), held);
        Ok(Box::new(Compared { here, there, base, agreement }))
    }

    /// Stores `next` on the other site in place of `there`, and here in place of `here`.
    async fn store_on_both(
        &self,
        here: &GroupRecord,
        there: Option<&GroupRecord>,
        next: GroupRecord,
        command: &str,
    ) -> Result<()> {
        let (peer, name) = (&self.0.endpoints.peer, &here.group.name);
        let again = format!(
            "run '{command}' again; first see how the sites stand: openstack protector protection-group sync-status {name}"
        );
        let expected = there.map_or(PeerVersion::Absent, |there| PeerVersion::At(there.version));
        if let Err(e) = told(|| peer.push(&next, expected)).await {
            if e.kind() != ErrorKind::Indeterminate {
                return Err(e);
            }
            let what = format!(
                "'{name}' stays at version {} here, and whether {} was told version {} is not known: {}",
                here.version,
                peer.site(),
                next.version,
                e.message()
            );
            return Err(Error::new(e.kind(), what).remedy(again).source(e));
        }
        let change = GroupChange { expected: here.version, record: next, agreed: true };
        let stored = self.0.endpoints.store.update_group(&change).await;
        stored.map_err(|e| {
            let what = format!(
                "{} holds version {} of '{name}', and this site could not store it: {}",
                peer.site(),
                change.record.version,
                e.message()
            );
            Error::new(e.kind(), what).remedy(again).source(e)
        })
    }

    /// What both sites hold, if one of them may win.
    async fn reconcilable(&self, group: &str, winner: &str) -> Result<(Box<Compared>, GroupRecord)> {
        let record = self.load(group).await?;
        let name = record.group.name.clone();
        let (here, peer) = (&self.0.site, self.0.endpoints.peer.site());
        if winner != here.as_str() && winner != peer.as_str() {
            return Err(Error::invalid(format!("'{winner}' is not a site of '{name}': they are {here} and {peer}"))
                .remedy(format!("--winner {here}, or --winner {peer}")));
        }
        if let Some(open) = self.open_operation(&record).await? {
            return Err(super::is_open(&open, &name));
        }
        let compared = self.compare(record).await?;
        let Some(there) = compared.there.clone() else {
            return Err(Error::conflict(self.disagreement(&compared)).remedy(self.ways_out(&compared).join(", or: ")));
        };
        if let Some(open) = &there.group.operation {
            return Err(match compared.agreement {
                // it has ended here
                Agreement::ThisSiteWentOn => {
                    Error::conflict(self.disagreement(&compared)).remedy(self.ways_out(&compared).join(", or: "))
                }
                _ => is_open_there(open, &name),
            });
        }
        if compared.agreement == Agreement::Agreed {
            return Err(Error::precondition(format!(
                "both sites hold the same of '{name}': nothing is to be reconciled"
            ))
            .remedy(format!("openstack protector protection-group sync-status {name}")));
        }
        Ok((compared, there))
    }

    fn sides<'a>(&'a self, compared: &'a Compared, there: &'a GroupRecord, winner: &str) -> (Sides<'a>, &'a SiteName) {
        let (here, peer) = (&self.0.site, self.0.endpoints.peer.site());
        if winner == here.as_str() {
            (Sides { winner: here, wins: &compared.here, loses: there }, peer)
        } else {
            (Sides { winner: peer, wins: there, loses: &compared.here }, here)
        }
    }

    fn describe_agreement(&self, compared: &Compared, view: &mut SyncStatusView) {
        let Compared { here, there, base, agreement } = compared;
        view.remote_version = there.as_ref().map(|there| there.version.0);
        view.base_version = base.as_ref().map(|base| base.version.0);
        if *agreement == Agreement::Agreed {
            view.sync_status = SyncStatus::InSync;
            return;
        }
        view.sync_status = SyncStatus::OutOfSync;
        view.detail = Some(self.disagreement(compared));
        view.next = self.ways_out(compared);
        if let Some(there) = there {
            let sites = ThreeWay {
                base: base.as_ref(),
                here: (&self.0.site, here),
                there: (self.0.endpoints.peer.site(), there),
            };
            view.differences = differences(sites);
        }
    }

    /// How the sites disagree, in words.
    fn disagreement(&self, compared: &Compared) -> String {
        let Compared { here, there, base, .. } = compared;
        let (site, peer, name) = (&self.0.site, self.0.endpoints.peer.site(), &here.group.name);
        let theirs = describe(there.as_ref().map(|there| there.version));
        let versions = format!("{theirs} there, {} here", here.version);
        let base = describe(base.as_ref().map(|base| base.version));
        match compared.agreement {
            Agreement::Agreed => format!("both sites hold the same of '{name}'"),
            Agreement::Marked => {
                format!("both sites hold the same of '{name}', and neither was told that the other does")
            }
            Agreement::ThisSiteWentOn => format!("{site} is ahead: {versions}; {peer} changed nothing of its own"),
            Agreement::OtherSiteWentOn => format!("{peer} is ahead: {versions}; {site} changed nothing of its own"),
            Agreement::BothWentOn => {
                format!("{site} and {peer} both changed '{name}' since they agreed on {base}: {versions}")
            }
            Agreement::BaseUnknown => format!(
                "{site} and {peer} differ about '{name}' ({versions}), and what they agreed on last is not known (base \
                 unknown): either may have changed it"
            ),
            Agreement::AbsentThere => format!("{peer} does not have the group '{name}'"),
        }
    }

    /// The commands that lead to agreement.
    fn ways_out(&self, compared: &Compared) -> Vec<String> {
        let Compared { here, there, .. } = compared;
        let (site, peer, name) = (&self.0.site, self.0.endpoints.peer.site(), &here.group.name);
        if let Some(open) = &here.group.operation {
            return vec![finish(open, site)];
        }
        let open = there.as_ref().and_then(|there| there.group.operation.as_ref());
        match compared.agreement {
            Agreement::Agreed => Vec::new(),
            Agreement::Marked | Agreement::ThisSiteWentOn | Agreement::AbsentThere => {
                vec![format!("openstack protector protection-group sync {name}")]
            }
            Agreement::OtherSiteWentOn | Agreement::BothWentOn | Agreement::BaseUnknown if open.is_some() => {
                open.map(|open| finish(open, site)).into_iter().collect()
            }
            Agreement::OtherSiteWentOn => {
                let name = there.as_ref().map_or(name, |there| &there.group.name);
                vec![format!("openstack --os-cloud {peer} protector protection-group sync {name}")]
            }
            Agreement::BothWentOn | Agreement::BaseUnknown => [site, peer]
                .map(|site| format!("openstack protector protection-group reconcile {name} --winner {site}"))
                .to_vec(),
        }
    }
}

fn here_id(here: &GroupRecord) -> &str {
    here.group.id.as_str()
}

/// The command that brings an operation to its end, from `site`.
fn finish(open: &OpenOperation, site: &SiteName) -> String {
    let cloud = if open.site == *site { String::new() } else { format!("--os-cloud {} ", open.site) };
    format!("openstack {cloud}protector operation resume {}", open.id)
}

fn is_open_there(open: &OpenOperation, group: &str) -> Error {
    let OpenOperation { id, kind, site } = open;
    Error::conflict(format!("{kind} {id} is open on '{group}' (journal on {site})")).remedy(format!(
        "bring it to its end there: openstack --os-cloud {site} protector operation resume {id}, or abort {id}"
    ))
}
