//! What an executor decides, as functions of the plan, of the journal's fold and of what was seen. Nothing here waits, calls
//! anybody or looks at a clock: whoever executes does what these say, and whoever explores all that may happen asks the
//! same functions.

mod ending;
mod members;
mod metadata;
mod rollback;
mod security_groups;

pub use ending::{
    Ending, bears_with, closed_positions, ended, ending, epoch_of, is_undone, known_by_outcome_alone, leaves_steps,
    meaning, nobody_to_switch_to, schedule, settled, stopped_before, taken_back,
};
pub use members::{array_volumes, cinder_volumes, missing, server_volumes, survivor};
pub use metadata::{goes_on_untold, next_record, opened, tells_again, tells_peer, told_with};
pub use rollback::{
    AfterFailedUndo, Undo, begun_end, failed_undo, freed, needs_undo, overwrites, restored, stays, tells_end, undo,
};
pub use security_groups::security_groups;

#[cfg(test)]
mod tests;
