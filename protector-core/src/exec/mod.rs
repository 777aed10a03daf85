//! Runs a plan against the ports. The only place that waits.
//!
//! Every step: intent into the journal, then the call (which looks first whether it is done already), then the outcome into
//! the journal. Killed anywhere, [`Executor::run`] continues from the journal and ends in the same world. Before the pivot
//! a failure restores the start; after it only the way forward is left, and a later run tries again what failed.

mod endpoints;
mod executor;
mod forward;
mod journal;
pub mod lease;
pub mod metadata;
mod outcomes;
mod perform;
mod progress;
mod rollback;
mod run;
mod schedule;
mod settle;

pub use endpoints::Endpoints;
pub(crate) use executor::read_plan;
pub use executor::{Executor, Limits};
pub use journal::{JOURNAL_SCHEMA, OperationState, Record, StepState};
pub use outcomes::{MemberOutcome, closed_steps, final_status, member_outcomes};
pub use progress::{Event, Progress};
pub use settle::settle;
