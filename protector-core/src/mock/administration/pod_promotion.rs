//! Promoting and demoting pods.

use super::pod_changes::refuse;
use super::{ArrayTx, PodRow};
use crate::mock::array::{Promotion, pod_copies, replica_links};
use crate::mock::controls;
use crate::mock::tx::signed;
use crate::{Error, Result};
use rusqlite::params;

/// What is put aside when a pod is demoted.
const UNDO_DEMOTE: &str = "undo-demote";

impl ArrayTx<'_> {
    /// Demotes a pod: it takes no writes and no changes any more. A destroyed pod `<pod>.undo-demote` keeps the state it
    /// had; one from an earlier demotion goes. A source of a replica link is demoted once its target has everything,
    /// unless `skip_quiesce`. Nothing if it is demoted, or on its way there.
    ///
    /// # Errors
    /// stretched, destroyed, or still being promoted → `Precondition`.
    pub fn demote_pod(&self, pod: &PodRow, skip_quiesce: bool) -> Result<()> {
        self.check_promotable(pod)?;
        match pod.promotion {
            Promotion::Promoted => {}
            Promotion::Promoting => return refuse(pod, "is still being promoted"),
            Promotion::Quiescing if skip_quiesce => return self.set_demoted(pod, true),
            Promotion::Demoted | Promotion::Quiescing => return Ok(()),
        }
        self.keep_for_undo(pod, UNDO_DEMOTE, false)?;
        self.set_demoted(pod, skip_quiesce)
    }

    fn set_demoted(&self, pod: &PodRow, skip_quiesce: bool) -> Result<()> {
        let link = replica_links::of_pod(self.tx, &pod.id)?;
        if let Some(link) = &link {
            if link.source_pod_id == pod.id {
                if !skip_quiesce {
                    return replica_links::quiesce(self.tx, &pod.id);
                }
                replica_links::set_idle(self.tx, &link.id, true)?;
            } else {
                // what it wrote for itself goes
                replica_links::start_over(self.tx, &link.id)?;
            }
        }
        self.set_promotion(pod, "demoted", self.now_ms())
    }

    /// Promotes a pod, which takes a while. It then holds what its replica link had brought by now or, with `from`, what
    /// that `<pod>.undo-demote` holds, which is used up. `abort_quiesce` takes a demotion back that is under way. Nothing
    /// if it is promoted, or on its way there.
    ///
    /// # Errors
    /// stretched, destroyed, still being demoted and not `abort_quiesce`, or its data are not complete yet →
    /// `Precondition`; no pod `from` that is kept for undo → `NotFound`.
    pub fn promote_pod(&self, pod: &PodRow, from: Option<&str>, abort_quiesce: bool) -> Result<()> {
        self.check_promotable(pod)?;
        match pod.promotion {
            Promotion::Promoted | Promotion::Promoting if from.is_some() => return refuse(pod, "is not demoted"),
            Promotion::Promoted | Promotion::Promoting => return Ok(()),
            Promotion::Quiescing if abort_quiesce => {
                if let Some(kept) = self.pod_by_name(&format!("{}.{UNDO_DEMOTE}", pod.name))? {
                    self.drop_pod(&kept.id)?;
                }
                return self.set_promotion(pod, "promoted", self.now_ms());
            }
            Promotion::Quiescing => return refuse(pod, "is still being demoted: abort_quiesce takes that back"),
            Promotion::Demoted => {}
        }
        let link = replica_links::of_pod(self.tx, &pod.id)?;
        match (from, &link) {
            (Some(from), _) => self.restore(pod, from)?,
            (None, Some(link)) if link.target_pod_id == pod.id && link.recovery_point(self.now_ms()).is_none() => {
                return refuse(pod, "does not have all data of its replica link yet: it is baselining");
            }
            (None, _) => {}
        }
        if let Some(link) = link.filter(|link| link.source_pod_id == pod.id) {
            replica_links::set_idle(self.tx, &link.id, false)?;
        }
        let takes = signed(controls::settings(self.tx)?.transfer_millis)?;
        self.set_promotion(pod, "promoted", self.now_ms().saturating_add(takes))
    }

    fn restore(&self, pod: &PodRow, from: &str) -> Result<()> {
        let kept = self.pod_by_name(from)?.filter(|kept| {
            kept.name.strip_prefix(&pod.name).and_then(|rest| rest.strip_prefix('.')) == Some(UNDO_DEMOTE)
        });
        let kept = kept.ok_or_else(|| Error::not_found(format!("pod '{}' has no '{from}' kept for undo", pod.name)))?;
        let (source, own) = (self.stored_pod(&kept.id)?, self.stored_pod(&pod.id)?);
        pod_copies::take_over(self.tx, &source, &own, &self.array, None)?;
        self.drop_pod(&kept.id)
    }

    fn check_promotable(&self, pod: &PodRow) -> Result<()> {
        if pod.destroyed_ms.is_some() {
            return Err(Error::precondition("Pod has been destroyed."));
        }
        if pod.stretched {
            return refuse(pod, "is stretched: it can be neither demoted nor promoted");
        }
        Ok(())
    }

    fn set_promotion(&self, pod: &PodRow, state: &str, from_ms: i64) -> Result<()> {
        self.tx.execute(
            "UPDATE pods SET promotion = ?2, promotion_ms = ?3 WHERE id = ?1",
            params![pod.id, state, from_ms],
        )?;
        Ok(())
    }
}
