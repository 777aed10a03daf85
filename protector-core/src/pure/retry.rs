//! Whether and when a request is sent again: a pure decision.

use super::request::Safety;
use super::sentences::Advice;
use std::time::Duration;

/// Longest `Retry-After` that is waited for. An array that asks for more is left alone, and the caller is told.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Growing pauses: `first`, then twice as long each time, up to [`LONGEST_WAIT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Backoff {
    /// Pause after the first failure.
    pub(super) first: Duration,
}

impl Backoff {
    /// Pause after the `attempt`-th failure, counted from 1: between half and all of the nominal pause, so that callers that
    /// failed together do not come back together. `random` is in `0.0..1.0`.
    fn pause(self, attempt: u32, random: f64) -> Duration {
        let doubled = 2u32.saturating_pow(attempt.saturating_sub(1));
        let nominal = self.first.saturating_mul(doubled).min(LONGEST_WAIT);
        nominal.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }
}

/// What is known when a request has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failed {
    /// Sendings so far, this one included.
    pub(super) attempt: u32,
    /// How often it may be sent again.
    pub(super) retries: u32,
    /// What this failure means.
    pub(super) advice: Advice,
    /// An earlier sending may have had its effect.
    pub(super) unsure_before: bool,
    /// The refusal itself says that what was asked for is there, or gone: `AlreadyExists` and `NotFound`.
    pub(super) names_state: bool,
    /// What a second effect would mean.
    pub(super) safety: Safety,
    /// What the array asked for.
    pub(super) retry_after: Option<Duration>,
    /// Time until the caller's deadline.
    pub(super) left: Option<Duration>,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// Send it again after a pause.
    After(Duration),
    /// The failure is the answer.
    GiveUp,
    /// It may or may not have had its effect: the caller looks, then decides.
    Observe,
}

/// Decides. A read is never `Observe`; a creation is sent again only when no sending of it can have had an effect. A final
/// answer of the array is the answer, unless it refuses a change that an earlier sending may have made: then the refusal may
/// be about the second sending alone (a group that is destroyed already, a volume that is no member any more).
pub(super) fn next(failed: &Failed, backoff: Backoff, random: f64) -> Retry {
    let unsure = failed.unsure_before || failed.advice == Advice::Unsure;
    let last = if unsure && failed.safety != Safety::Read { Retry::Observe } else { Retry::GiveUp };
    match failed.advice {
        Advice::Never if failed.unsure_before && !failed.names_state => return last,
        Advice::Never => return Retry::GiveUp,
        Advice::NewSession => return last,
        Advice::Later | Advice::Unsure => {}
    }
    if unsure && failed.safety == Safety::Once || failed.attempt > failed.retries {
        return last;
    }
    let asked = failed.retry_after.unwrap_or_default();
    let pause = asked.max(backoff.pause(failed.attempt, random));
    if asked > LONGEST_WAIT || failed.left.is_some_and(|left| pause >= left) {
        return last;
    }
    Retry::After(pause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BACKOFF: Backoff = Backoff { first: Duration::from_millis(200) };

    const FIRST: Failed = Failed {
        attempt: 1,
        retries: 3,
        advice: Advice::Later,
        unsure_before: false,
        names_state: false,
        safety: Safety::Read,
        retry_after: None,
        left: None,
    };

    fn decide(failed: Failed) -> Retry {
        next(&failed, BACKOFF, 1.0)
    }

    fn is_again(retry: Retry) -> bool {
        matches!(retry, Retry::After(_))
    }

    #[test]
    fn what_had_no_effect_is_sent_again_whatever_it_is() {
        for safety in [Safety::Read, Safety::Repeatable, Safety::Once] {
            assert!(is_again(decide(Failed { safety, ..FIRST })), "{safety:?}");
        }
    }

    #[test]
    fn what_may_have_had_its_effect_is_sent_again_only_if_that_does_no_harm() {
        let unsure = Failed { advice: Advice::Unsure, ..FIRST };
        assert!(is_again(decide(unsure)));
        assert!(is_again(decide(Failed { safety: Safety::Repeatable, ..unsure })));
        assert_eq!(decide(Failed { safety: Safety::Once, ..unsure }), Retry::Observe);
        // a harmless failure afterwards does not make the first one certain
        assert_eq!(decide(Failed { safety: Safety::Once, unsure_before: true, ..FIRST }), Retry::Observe);
    }

    #[test]
    fn when_attempts_run_out_a_change_is_observed_and_a_read_given_up() {
        let out = Failed { attempt: 4, advice: Advice::Unsure, ..FIRST };
        assert_eq!(decide(out), Retry::GiveUp);
        assert_eq!(decide(Failed { safety: Safety::Repeatable, ..out }), Retry::Observe);
        assert_eq!(decide(Failed { safety: Safety::Repeatable, advice: Advice::Later, ..out }), Retry::GiveUp);
        let mixed = Failed { safety: Safety::Repeatable, advice: Advice::Later, unsure_before: true, ..out };
        assert_eq!(decide(mixed), Retry::Observe);
        assert!(is_again(decide(Failed { attempt: 3, ..FIRST })));
    }

    #[test]
    fn a_final_answer_is_the_answer() {
        let refused = Failed { advice: Advice::Never, safety: Safety::Repeatable, ..FIRST };
        assert_eq!(decide(refused), Retry::GiveUp);
        let said = Failed { unsure_before: true, names_state: true, ..refused };
        assert_eq!(decide(said), Retry::GiveUp);
        assert_eq!(decide(Failed { unsure_before: true, safety: Safety::Read, ..refused }), Retry::GiveUp);
        assert_eq!(decide(Failed { advice: Advice::NewSession, ..FIRST }), Retry::GiveUp);
    }

    #[test]
    fn a_refusal_after_a_sending_that_may_have_had_its_effect_is_looked_into() {
        let failed = Failed { advice: Advice::Never, safety: Safety::Repeatable, unsure_before: true, ..FIRST };
        assert_eq!(decide(failed), Retry::Observe);
    }

    #[test]
    fn pauses_double_up_to_thirty_seconds() {
        let pauses: Vec<u128> =
            [1, 2, 3, 8, 9, 40, u32::MAX].map(|attempt| BACKOFF.pause(attempt, 1.0).as_millis()).to_vec();
        assert_eq!(pauses, [200, 400, 800, 25_600, 30_000, 30_000, 30_000]);
        assert_eq!(BACKOFF.pause(1, 0.0).as_millis(), 100);
    }

    #[test]
    fn the_array_may_ask_for_a_longer_pause_but_not_for_any() {
        let asked = |seconds| decide(Failed { retry_after: Some(Duration::from_secs(seconds)), ..FIRST });
        assert_eq!(asked(7), Retry::After(Duration::from_secs(7)));
        assert_eq!(asked(0), Retry::After(Duration::from_millis(200)));
        assert_eq!(asked(30), Retry::After(Duration::from_secs(30)));
        assert_eq!(asked(31), Retry::GiveUp);
    }

    #[test]
    fn a_pause_never_reaches_past_the_deadline() {
        let left = |ms| decide(Failed { left: Some(Duration::from_millis(ms)), ..FIRST });
        assert!(is_again(left(201)));
        assert_eq!(left(200), Retry::GiveUp);
        assert_eq!(left(0), Retry::GiveUp);
        let change = Failed { safety: Safety::Repeatable, advice: Advice::Unsure, ..FIRST };
        assert_eq!(decide(Failed { left: Some(Duration::ZERO), ..change }), Retry::Observe);
    }

    proptest! {
        #[test]
        fn pauses_stay_within_their_bounds(attempt in 1u32.., random in -1.0f64..2.0, asked in 0u64..100) {
            let failed = Failed { attempt, retries: u32::MAX, retry_after: Some(Duration::from_secs(asked)), ..FIRST };
            if let Retry::After(pause) = next(&failed, BACKOFF, random) {
                prop_assert!(pause >= Duration::from_millis(100) && pause <= LONGEST_WAIT);
                prop_assert!(pause >= Duration::from_secs(asked));
            }
        }
    }
}
