//! Who is logged in.

use protector_core::model::ArrayName;
use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use uuid::Uuid;

/// The user of an API token, as a new array has it.
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
    user: String,
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
    pub(crate) fn open(&self, array: &ArrayName, user: &str, now_ms: i64) -> String {
        self.insert(array, user, now_ms, Lifetime::Idle)
    }

    /// A session for [`ACCESS_TOKEN_TIME`], used or not; its token.
    pub(crate) fn open_for_access_token(&self, array: &ArrayName, user: &str, now_ms: i64) -> String {
        self.insert(array, user, now_ms, Lifetime::Until(now_ms.saturating_add(millis(ACCESS_TOKEN_TIME))))
    }

    fn insert(&self, array: &ArrayName, user: &str, now_ms: i64, time: Lifetime) -> String {
        let token = Uuid::new_v4().to_string();
        let session = Session { array: array.clone(), user: user.to_owned(), last_used_ms: now_ms, time };
        let mut open = self.lock();
        open.retain(|_, session| self.lives(session, now_ms));
        open.insert(token.clone(), session);
        token
    }

    /// Who the token stands for on this array, and a note that it was used. `None`: unknown or expired.
    pub(crate) fn user(&self, array: &ArrayName, token: &str, now_ms: i64) -> Option<String> {
        let mut open = self.lock();
        let session = open.get_mut(token).filter(|session| session.array == *array)?;
        if !self.lives(session, now_ms) {
            open.remove(token);
            return None;
        }
        session.last_used_ms = session.last_used_ms.max(now_ms);
        Some(session.user.clone())
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
        let token = sessions.open(&array, USER, 0);
        for now in [100, 200, 300] {
            assert_eq!(sessions.user(&array, &token, now).as_deref(), Some(USER), "{now}");
        }
        assert_eq!(sessions.user(&array, &token, 401), None);
        assert_eq!(sessions.user(&array, &token, 300), None, "an expired session stays expired");
    }

    #[test]
    fn a_session_is_of_one_array() {
        let (sessions, array) = sessions();
        let token = sessions.open(&array, USER, 0);
        let other = "arrB".into();
        assert_eq!(sessions.user(&other, &token, 0), None);
        sessions.close(&other, &token);
        sessions.expire_all(&other);
        assert!(sessions.user(&array, &token, 0).is_some());
        sessions.expire_all(&array);
        assert_eq!(sessions.user(&array, &token, 0), None);
    }

    #[test]
    fn logging_out_ends_a_session() {
        let (sessions, array) = sessions();
        let token = sessions.open(&array, USER, 0);
        sessions.close(&array, &token);
        assert_eq!(sessions.user(&array, &token, 0), None);
    }

    #[test]
    fn an_access_token_lives_for_its_time_used_or_not() {
        let (sessions, array) = sessions();
        let token = sessions.open_for_access_token(&array, USER, 0);
        assert!(sessions.user(&array, &token, 35_999_000).is_some());
        assert!(sessions.user(&array, &token, 35_999_001).is_none());
    }

    #[test]
    fn no_token_is_shown() {
        let (sessions, array) = sessions();
        let token = sessions.open(&array, USER, 0);
        assert!(!format!("{sessions:?}").contains(&token));
    }
}
