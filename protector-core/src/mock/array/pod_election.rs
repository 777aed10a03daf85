//! Which arrays of a stretched pod stay online when they lose each other.

/// An array that has every write of a pod.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    /// It is up.
    pub(super) available: bool,
    /// It can ask the mediator.
    pub(super) mediator_reachable: bool,
    /// It is to stay online rather than the other.
    pub(super) preferred: bool,
}

/// Which of the sides stay online, in their order. While they are `joined` all that are up do, and so does the only side
/// that there is. Else one at most: of those that reach the mediator the preferred one, or the first. If the mediator was
/// out of reach for all of them before, the one elected then stays, if it is up.
pub(super) fn survivors(sides: &[Side], joined: bool) -> Vec<bool> {
    let available = |side: &Side| side.available;
    if joined || sides.len() < 2 {
        return sides.iter().map(available).collect();
    }
    let winner = match pre_elected(sides) {
        Some(elected) => Some(elected).filter(|elected| sides.get(*elected).is_some_and(available)),
        None => first_or_preferred(sides, |side| side.available && side.mediator_reachable),
    };
    (0..sides.len()).map(|index| winner == Some(index)).collect()
}

/// Which side is elected in advance, while none of several reaches the mediator.
pub(super) fn pre_elected(sides: &[Side]) -> Option<usize> {
    let needed = sides.len() > 1 && sides.iter().all(|side| !side.mediator_reachable);
    if needed { first_or_preferred(sides, |_| true) } else { None }
}

fn first_or_preferred(sides: &[Side], may_win: impl Fn(&Side) -> bool) -> Option<usize> {
    let preferred = sides.iter().position(|side| may_win(side) && side.preferred);
    preferred.or_else(|| sides.iter().position(may_win))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `u` up, `m` reaches the mediator, `p` preferred.
    fn sides(text: &str) -> Vec<Side> {
        let side = |letters: &str| Side {
            available: letters.contains('u'),
            mediator_reachable: letters.contains('m'),
            preferred: letters.contains('p'),
        };
        text.split(' ').map(side).collect()
    }

    #[test]
    fn one_array_at_most_stays_online_apart_from_the_other() {
        for (given, joined, expected) in [
            ("um um", true, [true, true]),
            ("u u", true, [true, true]),
            ("um um", false, [true, false]),
            ("um ump", false, [false, true]),
            ("ump um", false, [true, false]),
            ("u um", false, [false, true]),
            ("up um", false, [false, true]),
            ("um m", false, [true, false]),
            ("m um", false, [false, true]),
            ("mp um", false, [false, true]),
            // the mediator is known to the lost array only
            ("m u", false, [false, false]),
            ("m up", false, [false, false]),
            // nobody reached it before: elected in advance
            ("u u", false, [true, false]),
            ("u up", false, [false, true]),
            ("u -", false, [true, false]),
            ("- u", false, [false, false]),
            ("- up", false, [false, true]),
            ("- -", false, [false, false]),
            ("m m", false, [false, false]),
        ] {
            assert_eq!(survivors(&sides(given), joined), expected, "{given}, joined: {joined}");
        }
    }

    #[test]
    fn the_only_array_with_the_data_needs_no_vote() {
        assert_eq!(survivors(&sides("u"), false), [true]);
        assert_eq!(survivors(&sides("-"), false), [false]);
        assert!(survivors(&[], false).is_empty());
    }

    #[test]
    fn an_election_in_advance_is_held_only_without_a_mediator() {
        assert_eq!(pre_elected(&sides("u up")), Some(1));
        assert_eq!(pre_elected(&sides("u u")), Some(0));
        assert_eq!(pre_elected(&sides("um u")), None);
        assert_eq!(pre_elected(&sides("u")), None);
    }
}
