//! Whether anybody takes up what is accepted, from what workers said of themselves.

use crate::model::{ServiceState, Worker};
use jiff::{SignedDuration, Timestamp};

/// An entry that nobody renewed for so long is forgotten.
pub const KEPT_UNSEEN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A worker that was not seen for so many of its intervals is overdue.
const INTERVALS: u32 = 3;

/// How the engine service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineService {
    /// In a word.
    pub state: ServiceState,
    /// Since when nobody is there, if it failed.
    pub since: Option<Timestamp>,
    /// The same for a person.
    pub detail: String,
}

/// How one worker is. Clocks of hosts differ a little, so a time that is ahead by less than its interval counts as now; what
/// is further ahead would look alive for too long, and tells nothing.
pub fn worker_state(worker: &Worker, now: Timestamp) -> ServiceState {
    let interval = SignedDuration::from_secs(i64::from(worker.interval_seconds));
    let unseen = now.duration_since(worker.seen_at);
    match worker.stopped_at {
        Some(_) => ServiceState::Failed,
        None if unseen < -interval => ServiceState::Unknown,
        None if unseen <= interval * i32::try_from(INTERVALS).unwrap_or(i32::MAX) => ServiceState::Ok,
        None => ServiceState::Failed,
    }
}

/// `ok` if a worker lives, `failed` if all known ones ended or are overdue, `unknown` if there was none or a clock is wrong.
///
/// ```
/// use protector_core::{model::ServiceState, rules::engine_service::engine_service};
/// let never = engine_service(&[], jiff::Timestamp::UNIX_EPOCH);
/// assert_eq!((never.state, never.since), (ServiceState::Unknown, None));
/// assert_eq!(never.detail, "no worker was ever seen here");
/// ```
pub fn engine_service(workers: &[Worker], now: Timestamp) -> EngineService {
    let in_state = |state| workers.iter().filter(move |worker| worker_state(worker, now) == state);
    let alive = in_state(ServiceState::Ok).count();
    let ahead = in_state(ServiceState::Unknown).max_by_key(|worker| worker.seen_at);
    let last = in_state(ServiceState::Failed).max_by_key(|worker| gone_at(worker));
    match (alive, ahead, last) {
        (1.., _, _) => {
            let under_way: u32 = in_state(ServiceState::Ok).map(|worker| worker.under_way).sum();
            let detail = format!("{alive} worker(s), {under_way} operation(s) under way");
            EngineService { state: ServiceState::Ok, since: None, detail }
        }
        (0, Some(ahead), _) => {
            let (host, seen) = (&ahead.holder.host, ahead.seen_at);
            let detail = format!("a worker on {host} was seen at {seen}, which is yet to come: compare the clocks");
            EngineService { state: ServiceState::Unknown, since: None, detail }
        }
        (0, None, Some(last)) => {
            let (host, since) = (&last.holder.host, gone_at(last));
            let how = if last.stopped_at.is_some() { "ended" } else { "was seen last" };
            let detail = format!("no worker since {since}, when the one on {host} {how}");
            EngineService { state: ServiceState::Failed, since: Some(since), detail }
        }
        (0, None, None) => EngineService {
            state: ServiceState::Unknown,
            since: None,
            detail: "no worker was ever seen here".to_owned(),
        },
    }
}

fn gone_at(worker: &Worker) -> Timestamp {
    worker.stopped_at.unwrap_or(worker.seen_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LeaseHolder;

    const NOW: i64 = 1000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    /// Seen at `seen`, to be seen again each ten seconds.
    fn worker(host: &str, seen: i64, stopped: Option<i64>) -> Worker {
        let holder = LeaseHolder {
            host: host.to_owned(),
            process: 1,
            process_start: 1,
            process_namespace: String::new(),
            engine: host.to_owned(),
        };
        Worker {
            holder,
            version: "0.1.0".to_owned(),
            under_way: 2,
            interval_seconds: 10,
            started_at: at(0),
            seen_at: at(seen),
            stopped_at: stopped.map(at),
        }
    }

    #[test]
    fn a_service_lives_as_long_as_one_of_its_workers() {
        use ServiceState::{Failed, Ok, Unknown};
        let (lives, slow, late) = (worker("a", NOW, None), worker("b", NOW - 30, None), worker("c", NOW - 31, None));
        let (ended, earlier) = (worker("d", NOW - 5, Some(NOW - 4)), worker("e", NOW - 90, Some(NOW - 90)));
        let (skewed, ahead) = (worker("f", NOW + 10, None), worker("g", NOW + 11, None));
        let tomorrow = worker("h", NOW, Some(NOW + 86_400));
        let cases: &[(&[&Worker], ServiceState, Option<i64>, &str)] = &[
            (&[], Unknown, None, "no worker was ever seen"),
            (&[&lives], Ok, None, "1 worker(s), 2 operation(s)"),
            (&[&slow], Ok, None, "1 worker(s)"),
            (&[&late], Failed, Some(NOW - 31), "the one on c was seen last"),
            (&[&ended], Failed, Some(NOW - 4), "the one on d ended"),
            (&[&ended, &late, &earlier], Failed, Some(NOW - 4), "the one on d ended"),
            (&[&earlier, &late], Failed, Some(NOW - 31), "the one on c was seen last"),
            (&[&ended, &late, &slow, &lives], Ok, None, "2 worker(s), 4 operation(s)"),
            (&[&skewed], Ok, None, "1 worker(s)"),
            (&[&ahead], Unknown, None, "compare the clocks"),
            (&[&ahead, &late, &ended], Unknown, None, "on g was seen"),
            (&[&ahead, &lives], Ok, None, "1 worker(s)"),
            (&[&tomorrow], Failed, Some(NOW + 86_400), "on h ended"),
        ];
        for (workers, state, since, says) in cases {
            let workers: Vec<Worker> = workers.iter().copied().cloned().collect();
            let found = engine_service(&workers, at(NOW));
            assert_eq!((found.state, found.since), (*state, since.map(at)), "{found:?}");
            assert!(found.detail.contains(says), "{found:?}");
        }
    }
}
