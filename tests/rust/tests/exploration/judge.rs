//! What must hold of a state.

use crate::laws::Law;
use crate::model::Exploration;
use crate::state::{Pulse, State};
use crate::world::{SIDES, Side, Site};

impl State {
    /// Looks at the state for what breaks a law.
    pub(crate) fn judge(&mut self, rules: &Exploration) {
        self.two_sides();
        let held = |side: &Side| {
            let replicas = self.world.site(*side).image.iter().flat_map(|image| image.replicas.values());
            replicas.into_iter().any(|replica| replica.complete)
        };
        if !SIDES.iter().any(held) {
            self.broken.add(Law::I13);
        }
        let nobody_acts = self.executors.iter().all(|executor| executor.pulse != Pulse::Alive);
        if nobody_acts && self.broken.is_empty() && !rules.leads_on(self) {
            self.broken.add(Law::I03);
        }
        if self.is_at_rest() {
            self.epochs_are_known();
            self.end_is_known(rules);
        }
    }

    /// I-06: no array has seen an epoch that nobody will show it again.
    fn epochs_are_known(&mut self) {
        let epoch = self.world.newest().group.epoch.0;
        let sites = SIDES.map(|side| self.world.site(side).clone());
        let seen = |site: &Site| {
            let local = site.local.as_ref().map_or(0, |group| group.seen);
            local.max(site.image.as_ref().map_or(0, |image| image.seen))
        };
        if sites.iter().any(|site| seen(site) > epoch) {
            self.broken.add(Law::I06);
        }
    }

    /// I-01, I-02: both sides take writes only after a consent, and then the record says that they may disagree.
    fn two_sides(&mut self) {
        if !SIDES.iter().all(|side| self.world.site(*side).is_writable()) {
            return;
        }
        // a site that is cut off cannot hear of it
        let says_so = SIDES.into_iter().any(|side| {
            let record = self.world.record(side);
            record.divergence.is_some() || record.ledger.iter().any(|entry| entry.is_unsettled())
        });
        match (self.consented, says_so) {
            (false, _) => self.broken.add(Law::I01),
            (true, false) => self.broken.add(Law::I02),
            (true, true) => {}
        }
    }

    /// I-31, I-07, I-33: however it came here, it could have come here without a crash, a second executor or a lost reply.
    /// Where a site fell silent meanwhile, or another operation came between, whether a call has arrived may never be known;
    /// a crash then shows no more than a reply that is lost.
    fn end_is_known(&mut self, rules: &Exploration) {
        let end = self.end();
        let Some(ends) = &rules.ends else {
            rules.reached.lock().unwrap().insert(end);
            return;
        };
        let was_cut = self.left.cuts < rules.budget.cuts;
        let was_alone = self.left.operations + 1 >= rules.budget.operations;
        let known = if was_cut || !was_alone { &ends.doubtful } else { &ends.certain };
        if known.contains(&end) {
            return;
        }
        if self.left.crashes < rules.budget.crashes {
            self.broken.add(Law::I31);
        } else if self.left.freezes < rules.budget.freezes {
            self.broken.add(Law::I07);
        } else if self.left.lost_replies < rules.budget.lost_replies {
            self.broken.add(Law::I33);
        }
    }
}
