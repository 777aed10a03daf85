//! Which recovery point a failover clones from: always one, whole and complete.

use crate::model::{ArrayVolumeName, LookupSet, RecoveryPoint, Transfer};
use std::fmt;

/// The newest recovery point that is complete here, not destroyed, and holds every expected volume; by the instant of its
/// data, then by name.
pub fn newest_usable<'a, 'b>(
    points: &'a [RecoveryPoint],
    expected: impl IntoIterator<Item = &'b ArrayVolumeName> + Clone,
) -> Option<&'a RecoveryPoint> {
    choose(points, expected).0
}

/// The newest usable recovery point, and why each newer one was passed over, newest first; all of them if none is usable.
#[expect(clippy::needless_pass_by_value, reason = "an iterator that is made for this call, and cheap to clone")]
pub fn choose<'a, 'b>(
    points: &'a [RecoveryPoint],
    expected: impl IntoIterator<Item = &'b ArrayVolumeName> + Clone,
) -> (Option<&'a RecoveryPoint>, Vec<PassedOver<'a>>) {
    let mut passed_over = Vec::new();
    for point in newest_first(points) {
        match fault(point, expected.clone()) {
            None => return (Some(point), passed_over),
            Some(fault) => passed_over.push(PassedOver { point, fault }),
        }
    }
    (None, passed_over)
}

/// A recovery point that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver<'a> {
    /// Which.
    pub point: &'a RecoveryPoint,
    /// Why.
    pub fault: PointFault,
}

impl fmt::Display for PassedOver<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}: {}", self.point.name, self.point.created, self.fault)
    }
}

/// Why a recovery point cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PointFault {
    /// Destroyed, and not recovered.
    Destroyed,
    /// Its transfer is not complete.
    OnItsWay {
        /// How far it is.
        percent: u8,
    },
    /// The array does not say whether all of it has arrived.
    ArrivalUnknown,
    /// It does not hold these volumes.
    Lacks(Vec<ArrayVolumeName>),
}

impl fmt::Display for PointFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Destroyed => f.write_str("destroyed"),
            Self::OnItsWay { percent } => write!(f, "still on its way, {percent}% transferred"),
            Self::ArrivalUnknown => f.write_str("the array does not say whether all of it has arrived"),
            Self::Lacks(volumes) => {
                let names: Vec<&str> = volumes.iter().map(ArrayVolumeName::as_str).collect();
                write!(f, "lacks {}", names.join(", "))
            }
        }
    }
}

fn newest_first(points: &[RecoveryPoint]) -> Vec<&RecoveryPoint> {
    let mut points: Vec<_> = points.iter().collect();
    points.sort_by_key(|point| std::cmp::Reverse((point.created, &point.name)));
    points
}

fn fault<'b>(point: &RecoveryPoint, expected: impl IntoIterator<Item = &'b ArrayVolumeName>) -> Option<PointFault> {
    if point.destroyed {
        return Some(PointFault::Destroyed);
    }
    match point.transfer {
        Transfer::InProgress { percent } => return Some(PointFault::OnItsWay { percent }),
        Transfer::Unknown => return Some(PointFault::ArrivalUnknown),
        Transfer::Local | Transfer::Completed { .. } => {}
    }
    let held: LookupSet<&ArrayVolumeName> = point.volumes.iter().collect();
    let mut missing: Vec<_> = expected.into_iter().filter(|v| !held.contains(*v)).cloned().collect();
    missing.sort();
    (!missing.is_empty()).then_some(PointFault::Lacks(missing))
}

#[cfg(test)]
mod tests;
