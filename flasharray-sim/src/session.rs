//! Who is logged in.

use protector_core::model::ArrayName;
use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use uuid::Uuid;

/// The user of every API token, as a new array has it.
pub(crate) const USER: &str = "pureuser";

/// How long an access token of OAuth 2 lives (the contract of 2.37).
pub(crate) const ACCESS_TOKEN_TIME: Duration = Duration::from_secs(35_999);

/// The sessions of all arrays, by session token.
pub(crate) struct Sessions {
    open: Mutex<HashMap<String, Session>>,
    idle: Duration,
}

struct Session {
    array: ArrayName,
    last_used_ms: i64,
    time: Lifetime,
}

#[derive(Clone, Copy)]
enum Lifetime {
    /// Ends when idle for the time that the array allows.
    Idle,
    /// Ends at this instant.
    Until(i64),
}

impl Sessions {
    /// `idle`: how long a session may be idle.
    pub(crate) fn new(idle: Duration) -> Self {
        Self { open: Mutex::default(), idle }
    }

    /// How long a session may be idle.
    pub(crate) fn idle(&self) -> Duration {
        self.idle
    }

    /// A session that ends when it is idle for too long; its token.
    pub(crate) fn open(&self, array: &ArrayName, now_ms: i64) -> String {
        self.insert(array, now_ms, Lifetime::Idle)
    }

    /// A session for [`ACCESS_TOKEN_TIME`], used or not; its token.
    pub(crate) fn open_for_access_token(&self, array: &ArrayName, now_ms: i64) -> String {
        self.insert(array, now_ms, Lifetime::Until(now_ms.saturating_add(millis(ACCESS_TOKEN_TIME))))
    }

    fn insert(&self, array: &ArrayName, now_ms: i64, time: Lifetime) -> String {
        let token = Uuid::new_v4().to_string();
        let session = Session { array: array.clone(), last_used_ms: now_ms, time };
        let mut open = self.lock();
        open.retain(|_, session| self.lives(session, now_ms));
        open.insert(token.clone(), session);
        token
    }

    /// Whether the token is of a session on this array; notes that it was used.
    pub(crate) fn is_open(&self, array: &ArrayName, token: &str, now_ms: i64) -> bool {
        let mut open = self.lock();
        let Some(session) = open.get_mut(token).filter(|session| session.array == *array) else { return false };
        if !self.lives(session, now_ms) {
            open.remove(token);
            return false;
        }
        session.last_used_ms = session.last_used_ms.max(now_ms);
        true
    }

    /// Ends a session of this array, if it is one.
    pub(crate) fn close(&self, array: &ArrayName, token: &str) {
        let mut open = self.lock();
        if open.get(token).is_some_and(|session| session.array == *array) {
            open.remove(token);
        }
    }

    /// Ends every session of an array.
    pub(crate) fn expire_all(&self, array: &ArrayName) {
        self.lock().retain(|_, session| session.array != *array);
    }

    fn lives(&self, session: &Session, now_ms: i64) -> bool {
        match session.time {
            Lifetime::Idle => now_ms.saturating_sub(session.last_used_ms) <= millis(self.idle),
            Lifetime::Until(end_ms) => now_ms <= end_ms,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("open", &self.lock().len()).finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> (Sessions, ArrayName) {
        (Sessions::new(Duration::from_millis(100)), "arrA".into())
    }

    #[test]
    fn a_session_lives_while_it_is_used() {
        let (sessions, array) = sessions();
        let token = sessions.open(&array, 0);
        for now in [100, 200, 300] {
            assert!(sessions.is_open(&array, &token, now), "{now}");
        }
        assert!(!sessions.is_open(&array, &token, 401));
        assert!(!sessions.is_open(&array, &token, 300), "an expired session stays expired");
    }

    #[test]
    fn a_session_is_of_one_array() {
        let (sessions, array) = sessions();
        let token = sessions.open(&array, 0);
        let other = "arrB".into();
        assert!(!sessions.is_open(&other, &token, 0));
        sessions.close(&other, &token);
        sessions.expire_all(&other);
        assert!(sessions.is_open(&array, &token, 0));
        sessions.expire_all(&array);
        assert!(!sessions.is_open(&array, &token, 0));
    }

    #[test]
    fn logging_out_ends_a_session() {
        let (sessions, array) = sessions();
        let token = sessions.open(&array, 0);
        sessions.close(&array, &token);
        assert!(!sessions.is_open(&array, &token, 0));
    }

    #[test]
    fn an_access_token_lives_for_its_time_used_or_not() {
        let (sessions, array) = sessions();
        let token = sessions.open_for_access_token(&array, 0);
        assert!(sessions.is_open(&array, &token, 35_999_000));
        assert!(!sessions.is_open(&array, &token, 35_999_001));
    }

    #[test]
    fn no_token_is_shown() {
        let (sessions, array) = sessions();
        let token = sessions.open(&array, 0);
        assert!(!format!("{sessions:?}").contains(&token));
    }
}
