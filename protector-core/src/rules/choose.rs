//! Which recovery point a failover clones from: always one, whole and complete.

use crate::model::{ArrayVolumeName, RecoveryPoint, Transfer};
use std::collections::{BTreeSet, HashSet};

/// The newest recovery point that is complete here, not destroyed, and holds every expected volume; by the instant of its
/// data, then by name.
pub fn newest_usable<'a>(
    points: &'a [RecoveryPoint],
    expected: &BTreeSet<ArrayVolumeName>,
) -> Option<&'a RecoveryPoint> {
    newest_first(points).into_iter().find(|point| fault(point, expected).is_none())
}

/// Why each recovery point newer than the newest usable one was passed over, newest first; all of them if none is usable.
pub fn explain_unusable(points: &[RecoveryPoint], expected: &BTreeSet<ArrayVolumeName>) -> Vec<String> {
    newest_first(points)
        .into_iter()
        .map_while(|point| Some(format!("{} of {}: {}", point.name, point.created, fault(point, expected)?)))
        .collect()
}

fn newest_first(points: &[RecoveryPoint]) -> Vec<&RecoveryPoint> {
    let mut points: Vec<_> = points.iter().collect();
    points.sort_by_key(|point| std::cmp::Reverse((point.created, &point.name)));
    points
}

fn fault(point: &RecoveryPoint, expected: &BTreeSet<ArrayVolumeName>) -> Option<String> {
    if point.destroyed {
        return Some("destroyed".to_owned());
    }
    match point.transfer {
        Transfer::InProgress { percent } => return Some(format!("still on its way, {percent}% transferred")),
        Transfer::Unknown => return Some("the array does not say whether all of it has arrived".to_owned()),
        Transfer::Local | Transfer::Completed { .. } => {}
    }
    let held: HashSet<&ArrayVolumeName> = point.volumes.iter().collect();
    let missing: Vec<&str> = expected.iter().filter(|v| !held.contains(*v)).map(ArrayVolumeName::as_str).collect();
    (!missing.is_empty()).then(|| format!("lacks {}", missing.join(", ")))
}

#[cfg(test)]
mod tests;
