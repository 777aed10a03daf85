//! What is done to the records of both sites.

use crate::call::{Answer, Call};
use crate::effects::{Performed, View};
use crate::kept::Kept;
use crate::laws::{Law, Laws};
use crate::mutations::Mutation;
use crate::world::{Side, World};
use protector_core::ErrorKind;
use protector_core::exec::decide;
use protector_core::model::{GroupRecord, MetadataVersion};
use protector_core::plan::{Action, Step, StepOutput, transition};
use protector_core::rules::hold::takes_from;

/// Puts a record into the store of a site. I-06: epochs never go back, and rise whenever the primary changes.
pub(crate) fn store(world: &mut World, broken: &mut Laws, side: Side, record: &Kept<GroupRecord>) {
    let (held, new) = (&world.record(side).group, &record.group);
    let moves = held.current_primary_site != new.current_primary_site;
    if new.epoch < held.epoch || (moves && new.epoch == held.epoch) {
        broken.add(Law::I06);
    }
    world.edit(side, |site| site.record = record.clone());
}

/// Makes the other site hold `record`, if it holds `expected`.
pub(crate) fn push(call: &mut Call<'_>, record: &Kept<GroupRecord>, expected: MetadataVersion) -> Answer<()> {
    let peer = call.from.other();
    if !call.world.linked {
        return Err(ErrorKind::PeerUnreachable);
    }
    let held = call.world.record(peer);
    if held == record {
        return Ok(());
    }
    if held.version != expected || takes_from(held, record, peer.site()).is_some() {
        return Err(ErrorKind::Conflict);
    }
    store(call.world, call.broken, peer, record);
    Ok(())
}

pub(crate) fn announce(call: &mut Call<'_>, view: &View<'_>, step: &Step) -> Answer<()> {
    match push(call, view.record, view.plan.version) {
        Err(kind) if decide::goes_on_untold(view.plan, step, kind) => Ok(()),
        other => other,
    }
}

/// Whether the end stands as an earlier attempt told it.
pub(crate) fn end_is_told(call: &Call<'_>, view: &View<'_>) -> Answer<bool> {
    let Some(close) = decide::told_with(view.plan, view.state, view.record) else { return Ok(false) };
    if !call.world.linked {
        let silent = ErrorKind::PeerUnreachable;
        return if decide::goes_on_untold(view.plan, close, silent) { Ok(false) } else { Err(silent) };
    }
    let end = decide::next_record(view.plan, view.state, view.operation, close, view.record, view.at);
    let end = end.map_err(|e| e.kind())?;
    Ok(**call.world.record(call.from.other()) == end)
}

/// A step on the metadata: told to the other site, stored here with its outcome.
pub(crate) fn change(call: &mut Call<'_>, view: &View<'_>, step: &Step) -> Answer<Performed> {
    let next = decide::next_record(view.plan, view.state, view.operation, step, view.record, view.at);
    let mut next = next.map_err(|e| e.kind())?;
    if call.is(Mutation::KeepsItsEpoch) && matches!(step.action, Action::SwitchPrimary { .. }) {
        next.group.epoch = view.record.group.epoch;
    }
    let mut next = Kept::new(next);
    let expected = view.record.version;
    if decide::tells_peer(view.plan, view.record) {
        match push(call, &next, expected) {
            Ok(()) => {}
            Err(kind) if decide::goes_on_untold(view.plan, step, kind) => {
                let absent = call.from.other().site();
                next.edit(|record| transition::diverge(record, view.operation, absent, view.at));
            }
            Err(kind) => return Err(kind),
        }
    }
    Ok(Performed { change: Some((next, expected)), ..Performed::output(StepOutput::Nothing) })
}
