//! Recovery points that were seen complete a moment ago.
//!
//! A transfer that is complete stays complete, so what a plan has just read need not be read again before it is acted on.
//! Only for a minute: a snapshot may be eradicated and its suffix used anew.

use crate::model::RecoveryPointName;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

const BELIEVED_FOR: Duration = Duration::from_secs(60);

/// What was seen, shared by all clones of a driver.
#[derive(Debug, Clone, Default)]
pub(super) struct CompletePoints(Arc<Mutex<HashMap<RecoveryPointName, Instant>>>);

impl CompletePoints {
    pub(super) fn note(&self, point: &RecoveryPointName, now: Instant) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, at| now.duration_since(*at) < BELIEVED_FOR);
        seen.insert(point.clone(), now);
    }

    pub(super) fn holds(&self, point: &RecoveryPointName, now: Instant) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(point).is_some_and(|at| now.duration_since(*at) < BELIEVED_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_believed_for_a_minute() {
        let (points, start) = (CompletePoints::default(), Instant::now());
        let (seen, other) = (RecoveryPointName::from("a:pg.dr-1"), RecoveryPointName::from("a:pg.dr-2"));
        points.note(&seen, start);
        assert!(points.holds(&seen, start + Duration::from_secs(59)));
        assert!(!points.holds(&seen, start + Duration::from_secs(60)));
        assert!(!points.holds(&other, start));
        points.note(&other, start + Duration::from_secs(60));
        assert_eq!(points.0.lock().unwrap().len(), 1, "what is not believed any more is forgotten");
    }
}
