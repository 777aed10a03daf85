//! Which recovery point a failover clones from: always one, whole and complete.

use crate::model::{ArrayVolumeName, Lookup, RecoveryPoint, Transfer};
use std::collections::BTreeSet;
use std::fmt;

/// The volumes of a group's members, to be compared with what an array holds.
///
/// ```
/// use protector_core::model::ArrayVolumeName;
/// use protector_core::rules::ExpectedVolumes;
/// let [boot, data, other] = ["volume-1-cinder", "volume-2-cinder", "volume-3-cinder"].map(ArrayVolumeName::from);
/// let expected: ExpectedVolumes<'_> = [&boot, &data].into_iter().collect();
/// assert!(expected.are_exactly(&[data.clone(), boot.clone()].into()));
/// assert_eq!(expected.missing_in(&[boot.clone(), other]), [&data]);
/// ```
#[derive(Debug)]
pub struct ExpectedVolumes<'a> {
    names: Vec<&'a ArrayVolumeName>,
    /// By the texts themselves, which is one place less to look at for each of many thousands.
    positions: Lookup<&'a str, usize>,
}

impl<'a> FromIterator<&'a ArrayVolumeName> for ExpectedVolumes<'a> {
    fn from_iter<T: IntoIterator<Item = &'a ArrayVolumeName>>(volumes: T) -> Self {
        let mut names: Vec<_> = volumes.into_iter().collect();
        // a table that grows reads all of its keys again
        let mut positions = Lookup::with_capacity_and_hasher(names.len(), Default::default());
        names.retain(|name| {
            let next = positions.len();
            *positions.entry(name.as_str()).or_insert(next) == next
        });
        Self { names, positions }
    }
}

impl<'a> ExpectedVolumes<'a> {
    /// Each once.
    pub fn iter(&self) -> impl Iterator<Item = &'a ArrayVolumeName> {
        self.names.iter().copied()
    }

    /// Whether these are what is held: none less and none more.
    pub fn are_exactly(&self, held: &BTreeSet<ArrayVolumeName>) -> bool {
        self.names.len() == held.len() && held.iter().all(|volume| self.positions.contains_key(volume.as_str()))
    }

    /// Those that are not held, sorted.
    pub fn missing_in<'b>(&self, held: impl IntoIterator<Item = &'b ArrayVolumeName>) -> Vec<&'a ArrayVolumeName> {
        let mut is_held = vec![false; self.names.len()];
        for at in held.into_iter().filter_map(|volume| self.positions.get(volume.as_str())) {
            if let Some(is_held) = is_held.get_mut(*at) {
                *is_held = true;
            }
        }
        let mut missing: Vec<_> =
            self.names.iter().zip(is_held).filter(|(_, is_held)| !is_held).map(|(name, _)| *name).collect();
        missing.sort();
        missing
    }
}

/// The newest recovery point that is complete here, not destroyed, and holds every expected volume; by the instant of its
/// data, then by name.
pub fn newest_usable<'a>(points: &'a [RecoveryPoint], expected: &ExpectedVolumes<'_>) -> Option<&'a RecoveryPoint> {
    choose(points, expected).0
}

/// The newest usable recovery point, and why each newer one was passed over, newest first; all of them if none is usable.
pub fn choose<'a>(
    points: &'a [RecoveryPoint],
    expected: &ExpectedVolumes<'_>,
) -> (Option<&'a RecoveryPoint>, Vec<PassedOver<'a>>) {
    let mut passed_over = Vec::new();
    for point in newest_first(points) {
        match fault(point, expected) {
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

fn fault(point: &RecoveryPoint, expected: &ExpectedVolumes<'_>) -> Option<PointFault> {
    if point.destroyed {
        return Some(PointFault::Destroyed);
    }
    match point.transfer {
        Transfer::InProgress { percent } => return Some(PointFault::OnItsWay { percent }),
        Transfer::Unknown => return Some(PointFault::ArrivalUnknown),
        Transfer::Local | Transfer::Completed { .. } => {}
    }
    let missing = expected.missing_in(&point.volumes);
    (!missing.is_empty()).then(|| PointFault::Lacks(missing.into_iter().cloned().collect()))
}

#[cfg(test)]
mod tests;
