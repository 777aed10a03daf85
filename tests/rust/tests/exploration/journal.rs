//! Writing the journal: only the holder of the lease does, and it hears of requests to stop with each write.

use crate::kept::Kept;
use crate::metadata;
use crate::state::{Operation, State, Stop};
use crate::world::Side;
use protector_core::exec::Record;
use protector_core::model::{GroupRecord, MetadataVersion, OperationKind, OperationStatus};
use protector_core::plan::TestRun;
use protector_core::ports::{StopKind, StopRequest};

/// A change of the group's record, and the version that it replaces.
pub(crate) type Change = (Kept<GroupRecord>, MetadataVersion);

impl State {
    /// Writes records, with a change of the group if there is one. A writer that has lost its lease, or whose change does not
    /// fit, is gone afterwards; so is one whose operation has ended. Returns whether it is still there.
    pub(crate) fn append(&mut self, at: usize, records: Vec<Record>, change: Option<Change>) -> bool {
        let executor = &self.executors[at];
        let side = executor.at;
        let fits = change.as_ref().is_none_or(|(_, expected)| self.world.record(side).version == *expected);
        if !self.holds_lease(executor) || !fits {
            self.stops(at);
            return false;
        }
        let when = executor.accepted.at;
        let finished = records.iter().find_map(|record| match record {
            Record::Finished { status } => Some(*status),
            _ => None,
        });
        let executor = &mut self.executors[at];
        executor.state.edit(|state| records.into_iter().try_for_each(|r| state.add(r, when)).unwrap());
        if let Some((record, _)) = change {
            executor.record = record.clone();
            metadata::store(&mut self.world, &mut self.broken, side, &record);
        }
        let (state, answered) = (executor.state.clone(), executor.state.answered.clone());
        let open = self.operations[side as usize].as_mut().unwrap();
        open.journal = state;
        executor.stop = open.stop.filter(|stop| Some(stop.request()) != answered);
        if let Some(status) = finished {
            self.close(side, status);
            self.stops(at);
        }
        finished.is_none()
    }

    /// An executor gives its lease back and is gone.
    pub(crate) fn stops(&mut self, at: usize) {
        let executor = self.executors.remove(at);
        if let Some(open) = self.operations[executor.at as usize].as_mut()
            && open.accepted == executor.accepted
            && open.lease == Some(executor.generation)
        {
            open.lease = None;
        }
    }

    /// Takes back a request that is answered.
    pub(crate) fn withdraw(&mut self, at: usize) {
        let executor = &mut self.executors[at];
        executor.stop = None;
        if let Some(open) = self.operations[executor.at as usize].as_mut() {
            open.stop = None;
        }
    }

    /// The operation lets its group go.
    fn close(&mut self, side: Side, status: OperationStatus) {
        let Some(open) = self.operations[side as usize].take() else { return };
        if let Some(chapter) = self.story.iter_mut().find(|c| c.from == side && c.ended.is_none()) {
            chapter.end(status);
        }
        let tests = &mut self.tests[side as usize];
        match open.accepted.plan.kind {
            OperationKind::TestFailover => *tests = leftovers(&open).or(tests.take()),
            OperationKind::TestCleanup if status == OperationStatus::Completed => *tests = None,
            _ => {}
        }
    }
}

/// What a test made, by its outcomes.
fn leftovers(open: &Operation) -> Option<Kept<TestRun>> {
    let (plan, outputs) = (&open.accepted.plan, &open.journal.outputs);
    let clone_key = outputs.clone_key.clone()?;
    Some(Kept::new(TestRun {
        operation: open.accepted.id.clone(),
        site: plan.target.clone(),
        servers: outputs.servers.values().map(|(id, _)| id.clone()).collect(),
        ports: Vec::new(),
        volumes: outputs.volume_ids().cloned().collect(),
        clone_key,
        clones: outputs.clones.values().map(|(id, _)| id.clone()).collect(),
    }))
}

impl Stop {
    pub(crate) fn request(self) -> StopRequest {
        StopRequest {
            kind: StopKind::Abort,
            by: "operator".to_owned(),
            reason: None,
            at: crate::arrays::instant(self.number),
            leave_peer: self.leave_peer,
        }
    }
}
