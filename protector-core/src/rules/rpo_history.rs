//! How much of the time a group kept its recovery point objective, from samples.
//!
//! A sample is a look at one moment. What lies between two of them is known only as far as the first one vouches for it: a
//! recovery point that is young enough stays so until it is as old as the objective, whatever happens; anything else is
//! believed for no longer than the objective. What nothing vouches for is unknown, and unknown is never within.

use crate::model::{RpoSample, RpoSpan, RpoState};
use jiff::{SignedDuration, Timestamp};

/// How many spans of one group are kept: the newest ones. A group that stands the same all along has one.
pub const KEPT_SPANS: usize = 256;

/// Longest time that is looked back.
pub const KEPT_TIME: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Puts a sample at the end of a history. One that is not newer than the last is left out: somebody else looked later.
///
/// ```
/// use protector_core::model::{RpoSample, RpoState};
/// use protector_core::rules::rpo_history::{compliance, record};
/// let at = jiff::Timestamp::UNIX_EPOCH;
/// let sample = RpoSample { group: "pg-1".into(), at, state: RpoState::Within, age_seconds: Some(300), rpo_minutes: 15 };
/// let mut history = Vec::new();
/// record(&mut history, &sample);
/// let hour = jiff::SignedDuration::from_hours(1);
/// let seen = compliance(&history, at + hour, hour);
/// // ten of sixty minutes: then the recovery point would have been 15 minutes old
/// assert_eq!((seen.within_seconds, seen.breached_seconds, seen.unknown_seconds), (600, 0, 3000));
/// ```
pub fn record(history: &mut Vec<RpoSpan>, sample: &RpoSample) {
    let RpoSample { at, state, age_seconds, .. } = *sample;
    let until = at.saturating_add(vouched_for(sample)).unwrap_or(Timestamp::MAX);
    match history.last_mut() {
        Some(last) if at <= last.sampled_at => return,
        Some(last) if last.state == state && at <= last.until => {
            last.sampled_at = at;
            last.until = until;
            last.worst_age_seconds = last.worst_age_seconds.max(age_seconds);
        }
        last => {
            if let Some(last) = last {
                last.until = last.until.min(at);
            }
            history.push(RpoSpan { state, from: at, sampled_at: at, until, worst_age_seconds: age_seconds });
        }
    }
    let oldest = at.saturating_sub(KEPT_TIME).unwrap_or(Timestamp::MIN);
    history.retain(|span| span.until > oldest);
    history.drain(..history.len().saturating_sub(KEPT_SPANS));
}

/// For how long a sample vouches for what it saw.
fn vouched_for(sample: &RpoSample) -> SignedDuration {
    let objective = SignedDuration::from_mins(i64::from(sample.rpo_minutes));
    match (sample.state, sample.age_seconds) {
        (RpoState::Within, Some(age)) => {
            let age = SignedDuration::from_secs(i64::try_from(age).unwrap_or(i64::MAX));
            objective.saturating_sub(age).max(SignedDuration::ZERO)
        }
        // within, and does not say how young: for the moment alone
        (RpoState::Within, None) => SignedDuration::ZERO,
        _ => objective,
    }
}

/// How a group kept its objective in a window of time. The three add up to the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compliance {
    /// For certain.
    pub within_seconds: u64,
    /// Too old, or no recovery point at all.
    pub breached_seconds: u64,
    /// Nobody looked, or could not see.
    pub unknown_seconds: u64,
}

impl Compliance {
    /// `part` of the window in per cent, rounded down to hundredths, so that what reads as 100 is.
    fn percent(&self, part: u64) -> f64 {
        let whole = self.within_seconds + self.breached_seconds + self.unknown_seconds;
        let hundredths = u128::from(part) * 10_000 / u128::from(whole.max(1));
        // at most 10 000
        f64::from(u32::try_from(hundredths).unwrap_or(u32::MAX)) / 100.0
    }

    /// How much of the window the objective was kept for certain.
    pub fn within_percent(&self) -> f64 {
        self.percent(self.within_seconds)
    }

    /// How much of it it was not.
    pub fn breached_percent(&self) -> f64 {
        self.percent(self.breached_seconds)
    }

    /// How much of it is not known.
    pub fn unknown_percent(&self) -> f64 {
        self.percent(self.unknown_seconds)
    }
}

/// The window of this length that ends at `now`.
pub fn compliance(history: &[RpoSpan], now: Timestamp, window: SignedDuration) -> Compliance {
    let begin = now.saturating_sub(window).unwrap_or(Timestamp::MIN);
    let mut sums = (SignedDuration::ZERO, SignedDuration::ZERO);
    for span in history {
        let part = span.until.min(now).duration_since(span.from.max(begin)).max(SignedDuration::ZERO);
        match span.state {
            RpoState::Within => sums.0 = sums.0.saturating_add(part),
            RpoState::Breached | RpoState::Never => sums.1 = sums.1.saturating_add(part),
            RpoState::Unknown => {}
        }
    }
    let whole = seconds(now.duration_since(begin));
    let within_seconds = seconds(sums.0).min(whole);
    let breached_seconds = seconds(sums.1).min(whole - within_seconds);
    Compliance { within_seconds, breached_seconds, unknown_seconds: whole - within_seconds - breached_seconds }
}

fn seconds(time: SignedDuration) -> u64 {
    u64::try_from(time.as_secs()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
