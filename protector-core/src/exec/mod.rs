//! Runs a plan against the ports. The only place that waits.
//!
//! Every step: intent into the journal, then the call (which looks first whether it is done already), then the outcome into
//! the journal. Killed anywhere, [`Executor::run`] continues from the journal and ends in the same world. Before the pivot
//! a failure restores the start; after it only the way forward is left, and a later run tries again what failed.
//!
//! What it decides on the way is in [`decide`], as functions of plan and journal; the rest waits and calls.
//!
//! Whoever does not hold the lease asks to stop through the store, beside the journal. The executor hears of it with each
//! write of the journal and while it waits, and answers in the journal.

pub mod decide;
mod endpoints;
mod executor;
mod forward;
mod give_up;
mod journal;
pub mod lease;
mod measure;
pub mod metadata;
mod outcomes;
mod patience;
mod perform;
mod progress;
mod rollback;
mod run;
mod settle;
mod stop;

pub use endpoints::Endpoints;
pub use executor::Executor;
pub(crate) use executor::{read_plan, too_late};
pub use journal::{JOURNAL_SCHEMA, Measures, OperationState, Record, StepState};
pub use outcomes::{MemberOutcome, closed_steps, final_status, member_outcomes};
pub use progress::{Event, Progress};
pub use settle::settle;

pub use crate::plan::Limits;
