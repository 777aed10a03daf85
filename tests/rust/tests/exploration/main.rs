//! Everything that can happen to a group of two volumes on two sites, within bounds: a crash, a partition, a lost reply, an
//! executor that freezes for longer than its lease. Plans and decisions are the product's own (`plan::plan`,
//! `exec::decide`, the fold of the journal, the rules of leases and records); what a step does to the world is what the
//! ports promise.
//!
//! `--nocapture` shows how many states there were. The laws carry the numbers of the catalogue of invariants.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests do"
)]
#![allow(clippy::print_stderr, reason = "how much was explored is shown to people")]

mod arrays;
mod back;
mod call;
mod calm;
mod clouds;
mod effects;
mod evidence;
mod facts;
mod forward;
mod histories;
mod journal;
mod judge;
mod kept;
mod laws;
mod metadata;
mod model;
mod moves;
mod mutations;
mod operators;
mod runs;
mod sameness;
mod start;
mod state;
mod world;

use histories::{
    AWAY, BACK, FORCED, HOME, History, RECONCILED, REPROTECTED, RETAINED, RETAINED_UNPROTECTED, TESTED, TWO_SERVERS,
};
use laws::{LAWS, Law};
use moves::Wish;
use mutations::Mutation;
use runs::{Bounds, EVERYTHING};
use state::Budget;
use world::Side;

const NOTHING: Budget =
    Budget { operations: 1, writes: 0, crashes: 0, cuts: 0, lost_replies: 0, freezes: 0, aborts: 0, reconciles: 0 };

/// I-01, I-02, I-03, I-04, I-05, I-06, I-07, I-08, I-09, I-13, I-31, I-33.
#[test]
fn one_operation_with_a_crash_a_partition_and_a_lost_reply() {
    let budget = Budget { crashes: 1, cuts: 1, lost_replies: 1, ..NOTHING };
    Bounds { name: "one operation", starts: &[HOME], wishes: EVERYTHING, budget }.explore();
}

#[test]
fn one_operation_after_all_that_may_have_been_done_before() {
    const STARTS: &[History] = &[AWAY, FORCED, RECONCILED, RETAINED, TESTED, TWO_SERVERS];
    let budget = Budget { crashes: 1, ..NOTHING };
    Bounds { name: "after other operations", starts: STARTS, wishes: EVERYTHING, budget }.explore();
}

/// I-07.
#[test]
fn two_executors_of_which_one_was_frozen() {
    let budget = Budget { freezes: 1, ..NOTHING };
    Bounds { name: "two executors", starts: &[HOME], wishes: EVERYTHING, budget }.explore();
}

#[test]
#[ignore = "minutes: make test-long"]
fn all_mishaps_from_everywhere() {
    const STARTS: &[History] = &[AWAY, BACK, FORCED, RECONCILED, REPROTECTED, RETAINED, TESTED, TWO_SERVERS];
    let budget = Budget { writes: 1, crashes: 1, cuts: 1, lost_replies: 1, aborts: 1, reconciles: 1, ..NOTHING };
    Bounds { name: "at home", starts: &[HOME], wishes: EVERYTHING, budget }.explore();
    let budget = Budget { crashes: 1, cuts: 1, lost_replies: 1, ..NOTHING };
    Bounds { name: "from everywhere", starts: STARTS, wishes: EVERYTHING, budget }.explore();
    let budget = Budget { cuts: 1, freezes: 1, aborts: 1, ..NOTHING };
    Bounds { name: "two executors, silence and an abort", starts: &[HOME], wishes: EVERYTHING, budget }.explore();
    let budget = Budget { operations: 2, crashes: 1, cuts: 1, ..NOTHING };
    Bounds { name: "two operations", starts: &[HOME], wishes: EVERYTHING, budget }.explore();
    let budget = Budget { crashes: 1, cuts: 1, lost_replies: 1, aborts: 1, ..NOTHING };
    one(&[HOME], EVERYTHING, budget).goes_on_the_same();
}

/// A bound that is enough to catch a mutation.
const fn one(starts: &'static [History], wishes: &'static [(Side, Wish)], budget: Budget) -> Bounds {
    Bounds { name: "a broken rule", starts, wishes, budget }
}

const PLANNED: &[(Side, Wish)] = &[(Side::A, Wish::Planned)];
const UNPLANNED: &[(Side, Wish)] = &[(Side::B, Wish::Unplanned)];

/// A checker that finds nothing shows nothing: each of these products breaks a rule, and is caught at the law it breaks.
#[test]
fn broken_rules_are_caught() {
    let cut = Budget { cuts: 1, ..NOTHING };
    let frozen = Budget { freezes: 1, ..NOTHING };
    let aborted = Budget { aborts: 1, ..NOTHING };
    let crashed = Budget { crashes: 1, ..NOTHING };
    let lost = Budget { lost_replies: 1, ..NOTHING };
    let cases = [
        (Mutation::ClonesBeforeTheFence, Law::I01, one(&[HOME], PLANNED, NOTHING)),
        (Mutation::SaysNothingOfTwoSides, Law::I02, one(&[HOME], UNPLANNED, cut)),
        (Mutation::LeavesTheFence, Law::I03, one(&[HOME], PLANNED, aborted)),
        (Mutation::FencesBeforeTheArrival, Law::I04, one(&[HOME], PLANNED, NOTHING)),
        (Mutation::WaitsForTheSource, Law::I05, one(&[HOME], UNPLANNED, cut)),
        (Mutation::KeepsItsEpoch, Law::I06, one(&[HOME], PLANNED, NOTHING)),
        (Mutation::ForgetsItsLease, Law::I07, one(&[HOME], PLANNED, frozen)),
        (Mutation::TakesALivingLease, Law::I07, one(&[HOME], PLANNED, NOTHING)),
        (Mutation::ClonesBeforeTheFence, Law::I08, one(&[HOME], PLANNED, NOTHING)),
        (Mutation::DoesNotFence, Law::I08, one(&[HOME], PLANNED, NOTHING)),
        (Mutation::GoesOnWithoutTheSource, Law::I08, one(&[HOME], &[(Side::B, Wish::Planned)], cut)),
        (Mutation::FailsOverByItself, Law::I09, one(&[HOME], UNPLANNED, cut)),
        (Mutation::CommitsWithoutProof, Law::I13, one(&[RETAINED_UNPROTECTED], &[(Side::A, Wish::Commit)], NOTHING)),
        (Mutation::DoesNotLookFirst, Law::I31, one(&[HOME], PLANNED, crashed)),
        (Mutation::RepeatsUnderAnotherName, Law::I33, one(&[HOME], PLANNED, lost)),
    ];
    for (mutation, law, bounds) in cases {
        bounds.catches(mutation, law);
    }
    let missing: Vec<Law> = LAWS.into_iter().filter(|law| cases.iter().all(|(_, caught, _)| caught != law)).collect();
    assert!(missing.is_empty(), "nothing shows that {missing:?} can fail");
}

/// The one thing that leases and epochs cannot keep apart: a call that was on its way for longer than a lease, and lands
/// after a rollback. The checker sees it; the other explorations leave it out.
#[test]
fn a_call_that_lands_after_a_rollback_is_seen() {
    let budget = Budget { freezes: 1, aborts: 1, ..NOTHING };
    one(&[HOME], PLANNED, budget).catches(Mutation::LateCallsCount, Law::I07);
}

/// Two moves, and a call of the first that lands in the second.
#[test]
#[ignore = "minutes: make test-long"]
fn an_array_that_hears_older_epochs_is_caught() {
    const BOTH_WAYS: &[(Side, Wish)] = &[(Side::A, Wish::Planned), (Side::B, Wish::Failback)];
    let budget = Budget { operations: 2, freezes: 1, ..NOTHING };
    one(&[HOME], BOTH_WAYS, budget).catches(Mutation::OldEpochsAreHeard, Law::I06);
}

/// What is left out of the fingerprints of states decides nothing.
#[test]
fn states_that_are_told_to_be_the_same_go_on_the_same() {
    let budget = Budget { crashes: 1, cuts: 1, ..NOTHING };
    one(&[HOME, RETAINED], EVERYTHING, budget).goes_on_the_same();
}
