//! Two independent halves of a plan at once.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

/// Disks from which on a second thread is worth its while.
const LARGE: usize = 1_000;

/// What both come to. For a group of so many disks `one` runs on a thread of its own, if there can be one.
pub(super) fn side_by_side<A: Send, B>(disks: usize, one: impl Fn() -> A + Sync, other: impl FnOnce() -> B) -> (A, B) {
    if disks < LARGE {
        return (one(), other());
    }
    let (came, rest) = scope(|scope| {
        let begun = Builder::new().spawn_scoped(scope, &one);
        let rest = other();
        (begun.ok().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))), rest)
    });
    (came.unwrap_or_else(one), rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::current;

    #[test]
    fn both_are_made_once_and_the_first_of_a_large_group_elsewhere() {
        for (disks, elsewhere) in [(0, false), (LARGE - 1, false), (LARGE, true)] {
            let (one, other) = side_by_side(disks, || current().id(), || current().id());
            assert_eq!((one != other, other), (elsewhere, current().id()), "{disks}");
        }
    }

    #[test]
    #[should_panic(expected = "in the other thread")]
    fn a_panic_goes_on() {
        side_by_side(LARGE, || panic!("in the other thread"), || ());
    }
}
