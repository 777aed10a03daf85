//! All name arithmetic. Nothing else in the crate takes a name apart or puts one together.
//!
//! | object | on its source array | on the replication target |
//! |---|---|---|
//! | group | `pg` | `arrA:pg` |
//! | group in a pod | `pod::pg` | `pod:pg` |
//! | recovery point | `pg.dr-1` | `arrA:pg.dr-1` |
//! | volume in it | `pg.dr-1.vol` | `arrA:pg.dr-1.vol` |
//!
//! A stretched pod is the same on both of its arrays, and so are the names in it: `pod::pg`, `pod::pg.dr-1`, `pod::vol`.
//!
//! Array names can change, so a name is resolved anew for each use; what is stored are ids and local names.

mod made;
mod pods;

pub use made::{
    cinder_volume_name, clone_tag_key, clone_volume_name, consistency_group_name, default_array_group_name,
    fence_tag_key, ledger_entry_id, marker_volume_name, snapshot_suffix, unmanaged_volume_name, working_group_name,
};

pub use pods::{CINDER_POD, outside_of_pods, pod_of, validate_clone_name, volume_in_pod};

use crate::model::{ArrayGroupName, ArrayName, ArrayVolumeName, RecoveryPointName, ReplicationType};
use crate::{Error, Result};
use std::fmt;
use uuid::Uuid;

/// Longest name of an array object, and longest snapshot suffix.
const MAX_ARRAY_NAME: usize = 63;

/// Longest name of a protection group, in characters.
const MAX_GROUP_NAME: usize = 255;

/// Accepts a name that an array takes for a local object: 1 to 63 letters, digits and `-`, a letter or digit at both
/// ends, at least one letter. In `pod::name` both parts are held to that. `what` names the field in the refusal.
///
/// # Errors
/// Anything else → `InvalidRequest` → choose another name.
///
/// ```
/// use protector_core::rules::naming::validate_array_object_name;
/// assert!(validate_array_object_name("pure_pg_name", "pg-prod-web-app").is_ok());
/// assert!(validate_array_object_name("pure_pg_name", "pg_prod").is_err());
/// ```
pub fn validate_array_object_name(what: &str, name: &str) -> Result<()> {
    let parts = match name.split_once("::") {
        Some((pod, object)) => [Some(pod), Some(object)],
        None => [None, Some(name)],
    };
    match parts.into_iter().flatten().find_map(plain_name_fault) {
        None => Ok(()),
        Some(fault) => Err(Error::invalid(format!("{what} '{name}' is not a name that an array accepts: {fault}"))
            .remedy(
                "use 1 to 63 letters, digits and '-', with a letter or digit at both ends and at least one letter",
            )),
    }
}

/// Accepts a snapshot suffix: the same rule as for an object name, without a pod. The letter matters: an array keeps
/// suffixes of digits for its own numbering.
///
/// # Errors
/// Anything else → `InvalidRequest` → choose another suffix.
pub fn validate_suffix(suffix: &str) -> Result<()> {
    match plain_name_fault(suffix) {
        None => Ok(()),
        Some(fault) => Err(Error::invalid(format!("snapshot suffix '{suffix}' is not accepted by an array: {fault}"))
            .remedy(
                "use 1 to 63 letters, digits and '-', with a letter or digit at both ends and at least one letter",
            )),
    }
}

/// Accepts the name of a protection group: 1 to 255 visible characters, no space at either end, and not of the form
/// `pg-<uuid>`, since commands take a name or an id.
///
/// # Errors
/// Anything else → `InvalidRequest` → choose another name.
pub fn validate_protection_group_name(name: &str) -> Result<()> {
    let fault = if name.is_empty() {
        "it is empty"
    } else if name.chars().count() > MAX_GROUP_NAME {
        "it is longer than 255 characters"
    } else if !name.chars().all(is_visible) {
        "it has a character that cannot be seen"
    } else if name.starts_with(' ') || name.ends_with(' ') {
        "it starts or ends with a space"
    } else if is_group_id(name) {
        "it looks like an id"
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!("protection group name '{}' is refused: {fault}", name.escape_debug()))
        .remedy("use 1 to 255 visible characters, no space at either end, not 'pg-<uuid>'"))
}

fn is_group_id(name: &str) -> bool {
    name.get(..3).is_some_and(|p| p.eq_ignore_ascii_case("pg-"))
        && name.get(3..).is_some_and(|rest| Uuid::parse_str(rest).is_ok())
}

/// Not a control, not white space other than the plain space, and none of the marks that reorder or hide text.
fn is_visible(c: char) -> bool {
    let hidden = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c == ' ' || !(c.is_control() || c.is_whitespace() || hidden)
}

fn plain_name_fault(name: &str) -> Option<String> {
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if name.is_empty() {
        Some("it is empty".to_owned())
    } else if let Some(c) = name.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
        Some(match c {
            ':' => "it names a replica or a nested pod; give the name on the source array".to_owned(),
            c => format!("it contains '{}'", c.escape_debug()),
        })
    } else if name.len() > MAX_ARRAY_NAME {
        Some(format!("it has {} characters", name.len()))
    } else if !ends_well(name.chars().next()) || !ends_well(name.chars().next_back()) {
        Some("it starts or ends with '-'".to_owned())
    } else if !name.chars().any(|c| c.is_ascii_alphabetic()) {
        Some("it has no letter".to_owned())
    } else {
        None
    }
}

/// Where a group name places its group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupScope {
    /// `pg`: on the array itself.
    Local,
    /// `pod::pg`: in a pod of the array.
    Pod(String),
    /// `prefix:pg`: the image of a group that another array replicates here. The prefix is the name of the source array
    /// or, for a group of a pod, of the pod. The text alone cannot tell which: compare it with [`target_group_name`] of
    /// the group that is expected.
    Replica(String),
}

/// A group name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupNameParts {
    /// Where the group is.
    pub scope: GroupScope,
    /// The bare name.
    pub group: String,
}

impl fmt::Display for GroupNameParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            GroupScope::Local => f.write_str(&self.group),
            GroupScope::Pod(pod) => write!(f, "{pod}::{}", self.group),
            GroupScope::Replica(prefix) => write!(f, "{prefix}:{}", self.group),
        }
    }
}

/// Takes a group name apart; printing the parts gives the same text again.
///
/// # Errors
/// Not a group name as an array shows it → `InvalidRequest`.
///
/// ```
/// use protector_core::rules::naming::{GroupScope, parse_group_name};
/// let parts = parse_group_name(&"arrA:pg-prod-web-app".into())?;
/// assert_eq!(parts.scope, GroupScope::Replica("arrA".into()));
/// assert_eq!(parts.to_string(), "arrA:pg-prod-web-app");
/// # Ok::<(), protector_core::Error>(())
/// ```
pub fn parse_group_name(name: &ArrayGroupName) -> Result<GroupNameParts> {
    let text = name.as_str();
    let (scope, group) = if let Some((pod, group)) = text.split_once("::") {
        validate_array_object_name("array group name", text)?;
        (GroupScope::Pod(pod.to_owned()), group)
    } else if let Some((prefix, group)) = text.split_once(':') {
        // an array's own name is its administrator's choice, so the prefix is only held to what parsing needs
        if prefix.is_empty() || prefix.contains(char::is_whitespace) {
            return Err(Error::invalid(format!("array group name '{text}' has no array or pod in front of ':'")));
        }
        validate_array_object_name("array group name", group).map_err(|e| e.context(format!("'{text}'")))?;
        (GroupScope::Replica(prefix.to_owned()), group)
    } else {
        validate_array_object_name("array group name", text)?;
        (GroupScope::Local, text)
    };
    Ok(GroupNameParts { scope, group: group.to_owned() })
}

/// What the target array calls `local`, a group of `source_array`: `pg` → `arrA:pg`, `pod::pg` → `pod:pg`.
/// A name that is a replica already stays as it is.
///
/// ```
/// use protector_core::rules::naming::target_group_name;
/// assert_eq!(target_group_name(&"arrA".into(), &"pg1".into()).as_str(), "arrA:pg1");
/// assert_eq!(target_group_name(&"arrA".into(), &"pod1::pg1".into()).as_str(), "pod1:pg1");
/// ```
pub fn target_group_name(source_array: &ArrayName, local: &ArrayGroupName) -> ArrayGroupName {
    ArrayGroupName::new(prefixed(source_array, local.as_str()))
}

/// What the standby array calls `local`, a group that is replicated from `source_array`: as [`target_group_name`] says, and
/// for a group in a stretched pod, which is on both arrays at once, the very same name.
///
/// ```
/// use protector_core::{model::ReplicationType, rules::naming::standby_group_name};
/// let name = |kind, group: &str| standby_group_name(kind, &"arrA".into(), &group.into());
/// assert_eq!(name(ReplicationType::Async, "pg1").as_str(), "arrA:pg1");
/// assert_eq!(name(ReplicationType::Sync, "pod1::pg1").as_str(), "pod1::pg1");
/// ```
pub fn standby_group_name(kind: ReplicationType, source_array: &ArrayName, local: &ArrayGroupName) -> ArrayGroupName {
    match kind {
        ReplicationType::Async => target_group_name(source_array, local),
        ReplicationType::Sync => local.clone(),
    }
}

/// A group of that bare name in a pod.
pub fn group_in_pod(pod: &str, group: &ArrayGroupName) -> ArrayGroupName {
    ArrayGroupName::new(format!("{pod}::{group}"))
}

fn prefixed(source_array: &ArrayName, local: &str) -> String {
    match local.split_once("::") {
        Some((pod, rest)) => format!("{pod}:{rest}"),
        None if local.contains(':') => local.to_owned(),
        None => format!("{source_array}:{local}"),
    }
}

/// Full name of a snapshot of `group`.
pub fn recovery_point_name(group: &ArrayGroupName, suffix: &str) -> RecoveryPointName {
    RecoveryPointName::new(format!("{group}.{suffix}"))
}

/// Group and suffix of a recovery point. Suffixes of digits only, which arrays give themselves, are read as well.
///
/// # Errors
/// Not `<group>.<suffix>`, or a volume of a recovery point → `InvalidRequest`.
pub fn parse_recovery_point(point: &RecoveryPointName) -> Result<(ArrayGroupName, String)> {
    let text = point.as_str();
    let fault = |why: &str| Error::invalid(format!("'{text}' is not the name of a recovery point: {why}"));
    // a dot in the prefix of a replica belongs to the source array's name
    let group_start = text.rfind(':').map_or(0, |i| i + 1);
    let dot = text.get(group_start..).and_then(|rest| rest.find('.')).map(|i| group_start + i);
    let Some((group, suffix)) = dot.and_then(|i| Some((text.get(..i)?, text.get(i + 1..)?))) else {
        return Err(fault("it has no '.<suffix>'"));
    };
    if suffix.contains('.') {
        return Err(fault("it names a volume of one"));
    }
    if suffix.is_empty() || !suffix.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(fault("its suffix has other characters than letters, digits and '-'"));
    }
    let group = ArrayGroupName::from(group);
    parse_group_name(&group).map_err(|e| fault(e.message()))?;
    Ok((group, suffix.to_owned()))
}

/// Full name of one volume in a recovery point. The volume's pod is left out, as arrays do.
///
/// ```
/// use protector_core::rules::naming::volume_snapshot_name;
/// assert_eq!(volume_snapshot_name(&"pod1:pg1.dr-1".into(), &"pod1::v1".into()), "pod1:pg1.dr-1.v1");
/// ```
pub fn volume_snapshot_name(point: &RecoveryPointName, volume: &ArrayVolumeName) -> String {
    let bare = volume.as_str().split_once("::").map_or(volume.as_str(), |(_, bare)| bare);
    format!("{point}.{bare}")
}

/// The member that a volume snapshot of `point` was taken of: the inverse of [`volume_snapshot_name`]. In the image of a
/// group of a pod, where the array leaves the pod out, it is the bare name. `None`: it is not of `point`.
///
/// ```
/// use protector_core::rules::naming::snapshot_member;
/// assert_eq!(snapshot_member(&"arrA:pg1.dr-1".into(), "arrA:pg1.dr-1.v1"), Some("v1".into()));
/// assert_eq!(snapshot_member(&"pod1::pg1.dr-1".into(), "pod1::pg1.dr-1.v1"), Some("pod1::v1".into()));
/// assert_eq!(snapshot_member(&"arrA:pg1.dr-1".into(), "arrA:pg1.dr-2.v1"), None);
/// ```
pub fn snapshot_member(point: &RecoveryPointName, snapshot: &str) -> Option<ArrayVolumeName> {
    let bare = snapshot.strip_prefix(point.as_str())?.strip_prefix('.').filter(|bare| !bare.is_empty())?;
    Some(match point.as_str().split_once("::") {
        Some((pod, _)) => ArrayVolumeName::new(format!("{pod}::{bare}")),
        None => ArrayVolumeName::from(bare),
    })
}

/// Recovery point and member of a volume snapshot. `None`: it is no snapshot of a group.
///
/// ```
/// use protector_core::rules::naming::parse_volume_snapshot;
/// assert_eq!(parse_volume_snapshot("arrA:pg1.dr-1.v1"), Some(("arrA:pg1.dr-1".into(), "v1".into())));
/// assert_eq!(parse_volume_snapshot("v1.daily"), None);
/// ```
pub fn parse_volume_snapshot(snapshot: &str) -> Option<(RecoveryPointName, ArrayVolumeName)> {
    // a dot in the prefix of a replica belongs to the source array's name
    let group_start = snapshot.rfind(':').map_or(0, |i| i + 1);
    let mut dots = snapshot.get(group_start..)?.match_indices('.').map(|(i, _)| group_start + i);
    let second = dots.nth(1)?;
    let point = RecoveryPointName::from(snapshot.get(..second)?);
    parse_recovery_point(&point).ok()?;
    let member = snapshot_member(&point, snapshot)?;
    Some((point, member))
}

/// A member of `group` by its name on the source, from what an array shows: `arrA:v1` in the image of a group → `v1`.
///
/// ```
/// use protector_core::rules::naming::source_volume_name;
/// assert_eq!(source_volume_name(&"arrA:pg1".into(), "arrA:v1").as_str(), "v1");
/// assert_eq!(source_volume_name(&"pod1::pg1".into(), "pod1::v1").as_str(), "pod1::v1");
/// ```
pub fn source_volume_name(group: &ArrayGroupName, shown: &str) -> ArrayVolumeName {
    let image = group.as_str().split_once(':').filter(|(_, rest)| !rest.starts_with(':'));
    let bare = image.and_then(|(prefix, _)| shown.strip_prefix(prefix)?.strip_prefix(':'));
    ArrayVolumeName::from(bare.map_or(shown, |bare| bare.trim_start_matches(':')))
}

/// What the target array calls `point`, a recovery point of `source_array`. A target-side name stays as it is.
pub fn on_target(source_array: &ArrayName, point: &RecoveryPointName) -> RecoveryPointName {
    RecoveryPointName::new(prefixed(source_array, point.as_str()))
}

/// Whether Cinder made this group for itself: its backend-wide `cinder-group`, or the `consisgroup-<id>-cinder` of a
/// Cinder group; local, in a pod, or as a replica. Such groups are tolerated beside a protection group's own.
pub fn is_system_group(name: &ArrayGroupName) -> bool {
    let bare = name.as_str().rsplit_once(':').map_or(name.as_str(), |(_, bare)| bare);
    let consistency = bare.strip_prefix("consisgroup-").and_then(|rest| rest.strip_suffix("-cinder"));
    bare == "cinder-group" || consistency.is_some_and(|id| !id.is_empty())
}

#[cfg(test)]
mod tests;
