//! The clock of the other end.

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What the newest reply showed.
#[derive(Debug, Default)]
pub(crate) struct RemoteClock(Mutex<Option<(Timestamp, Instant)>>);

impl RemoteClock {
    /// Reads the `Date` of a reply. A date that cannot be read teaches nothing.
    pub(crate) fn learn(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|value| value.to_str().ok());
        let time = date.and_then(|text| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
        if let Some(time) = time {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((time, Instant::now()));
        }
    }

    /// Carried forward to now; ours while it is not known.
    pub(crate) fn now(&self) -> Timestamp {
        let seen = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let carried = seen.and_then(|(time, at)| time.checked_add(at.elapsed()).ok());
        carried.unwrap_or_else(Timestamp::now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn dated(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(DATE, HeaderValue::from_static(text))])
    }

    #[test]
    fn the_newest_date_that_can_be_read_counts_and_goes_on() {
        let clock = RemoteClock::default();
        let ours = Timestamp::now();
        assert!((clock.now() - ours).get_seconds().abs() < 60, "ours while nothing is known");
        clock.learn(&dated("Thu, 01 Jan 2015 00:00:00 GMT"));
        let early: Timestamp = "2015-01-01T00:00:00Z".parse().unwrap();
        clock.learn(&dated("yesterday"));
        clock.learn(&HeaderMap::new());
        let first = clock.now();
        assert!(first >= early && (first - early).get_seconds() < 60, "{first}");
        assert!(clock.now() >= first);
    }
}
