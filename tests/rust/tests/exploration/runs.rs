//! Explorations: their bounds, and what they come to.

use crate::histories::History;
use crate::laws::Law;
use crate::model::{Ends, Exploration};
use crate::moves::{Move, Wish};
use crate::mutations::Mutation;
use crate::sameness;
use crate::state::Budget;
use crate::world::Side;
use stateright::{Checker, HasDiscoveries, Model, Path};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

/// Everything that can be asked for, from either site.
pub(crate) const EVERYTHING: &[(Side, Wish)] = &[
    (Side::A, Wish::Sync),
    (Side::B, Wish::Sync),
    (Side::A, Wish::Test),
    (Side::B, Wish::Test),
    (Side::A, Wish::Cleanup),
    (Side::B, Wish::Cleanup),
    (Side::A, Wish::Planned),
    (Side::B, Wish::Planned),
    (Side::A, Wish::Unplanned),
    (Side::B, Wish::Unplanned),
    (Side::A, Wish::Failback),
    (Side::B, Wish::Failback),
    (Side::A, Wish::Reprotect),
    (Side::B, Wish::Reprotect),
    (Side::A, Wish::Commit),
    (Side::B, Wish::Commit),
];

/// What is explored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) name: &'static str,
    pub(crate) starts: &'static [History],
    pub(crate) wishes: &'static [(Side, Wish)],
    pub(crate) budget: Budget,
}

/// What an exploration came to.
struct Outcome {
    ends: HashSet<u64>,
    found: Vec<(&'static str, Vec<Move>)>,
}

impl Outcome {
    /// How everything can end, if no law is broken on the way: an exploration stops where one is.
    fn unbroken(self, name: &str) -> HashSet<u64> {
        let found: Vec<String> = self.found.iter().map(|(law, moves)| format!("{law} by {moves:?}")).collect();
        assert!(found.is_empty(), "{name}: {}", found.join("\n"));
        self.ends
    }
}

impl Bounds {
    fn exploration(self, budget: Budget, mutation: Option<Mutation>) -> Exploration {
        let starts = self.starts.iter().map(|history| history.state(budget)).collect();
        Exploration::new(starts, self.wishes, budget, mutation)
    }

    /// Explores everything within the bounds, and prints how much that was. What breaks a law is an error, with the way there.
    pub(crate) fn explore(self) {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let explored = self.with_ends(None, |name, explored| run(name, explored, threads));
        run(self.name, explored, threads).unbroken(self.name);
    }

    /// How everything can end is found out first, if an end is to be compared.
    fn with_ends(self, mutation: Option<Mutation>, run: impl Fn(&str, Exploration) -> Outcome) -> Exploration {
        let Budget { crashes, freezes, lost_replies, .. } = self.budget;
        let mut explored = self.exploration(self.budget, mutation);
        if crashes + freezes + lost_replies == 0 {
            return explored;
        }
        let ends = |name: &str, budget| {
            let name = format!("{}: {name}", self.name);
            Arc::new(run(&name, self.exploration(budget, None)).unbroken(&name))
        };
        let none = Budget { crashes: 0, freezes: 0, lost_replies: 0, ..self.budget };
        let certain = ends("ends", Budget { cuts: 0, ..none });
        // two calls may be on their way when a process dies
        let in_doubt = Budget { lost_replies: lost_replies + 2 * (crashes + freezes), ..none };
        let doubtful = match (self.budget.cuts, self.budget.operations) {
            (0, 0 | 1) => certain.clone(),
            _ => ends("ends in doubt", in_doubt),
        };
        explored.ends = Some(Ends { certain, doubtful });
        explored
    }

    /// Shows that states with the same fingerprint go on the same.
    pub(crate) fn goes_on_the_same(self) {
        let (found, looked) = sameness::differences(&self.exploration(self.budget, None));
        eprintln!("{looked} further ways to states that are known, {} go on in another way", found.len());
        assert!(looked > 0 && found.is_empty(), "for example {:#?}", found.first());
    }

    /// Shows that a mutated product breaks `law`, and how soon.
    pub(crate) fn catches(self, mutation: Mutation, law: Law) {
        let explored = self.with_ends(Some(mutation), |_, explored| silent(explored, 1));
        let outcome = silent(Exploration { watched: Some(law), ..explored }, 1);
        let caught = outcome.found.into_iter().find(|(found, _)| *found == law.number());
        let Some((law, moves)) = caught else { panic!("{mutation:?} breaks {} and is not caught", law.number()) };
        eprintln!("{mutation:?}: {law} is broken after {} moves", moves.len());
    }
}

fn run(name: &str, explored: Exploration, threads: usize) -> Outcome {
    let begun = Instant::now();
    let starts = explored.starts.len();
    let checker = explored.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    eprintln!(
        "{name}: {starts} beginnings, {} states, {} of them unique, depth {}, {:.1} s",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        begun.elapsed().as_secs_f64()
    );
    outcome(&checker)
}

fn silent(explored: Exploration, threads: usize) -> Outcome {
    outcome(&explored.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join())
}

fn outcome(checker: &impl Checker<Exploration>) -> Outcome {
    let found = checker.discoveries().into_iter();
    let found = found.map(|(law, path): (_, Path<_, _>)| (law, path.into_actions())).collect();
    Outcome { ends: checker.model().reached.lock().unwrap().clone(), found }
}
