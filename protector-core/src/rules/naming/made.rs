//! Names that are made here or by Cinder, each a function of identities alone, so that a repeat finds what it made.

use super::MAX_ARRAY_NAME;
use crate::model::{
    ArrayGroupName, ArrayId, ArrayVolumeName, DiskId, LedgerEntryId, OpKey, OperationId, ProtectionGroupId, VolumeId,
};
use uuid::Uuid;

/// Suffix of the snapshot that an operation takes: `dr-<8 hex digits of the operation>-<label>`. Always a valid suffix,
/// whatever the label.
///
/// ```
/// use protector_core::rules::naming::snapshot_suffix;
/// let operation = "op-0b54c1a2-7d0e-4c55-9a0f-5f2f6d1c3b11".into();
/// assert_eq!(snapshot_suffix(&operation, "final"), "dr-0b54c1a2-final");
/// ```
pub fn snapshot_suffix(operation: &OperationId, label: &str) -> String {
    let head = format!("dr-{}", short_operation(operation));
    match shortened(&slug(label), MAX_ARRAY_NAME - head.len() - 1) {
        "" => head,
        label => format!("{head}-{label}"),
    }
}

/// Id of the ledger entry that an unplanned failover writes: `diverged-<8 hex digits of the operation>`.
pub fn ledger_entry_id(operation: &OperationId) -> LedgerEntryId {
    LedgerEntryId::new(format!("diverged-{}", short_operation(operation)))
}

/// Name of the clone that an operation makes of a disk: `dr-<8 hex digits of the operation>-<disk>`. Always valid;
/// different for different disks.
pub fn clone_volume_name(operation: &OperationId, disk: &DiskId) -> ArrayVolumeName {
    let head = format!("dr-{}", short_operation(operation));
    ArrayVolumeName::new(format!("{head}-{}", distinct(disk.as_str(), MAX_ARRAY_NAME - head.len() - 1)))
}

/// The volume that carries the mark of `group` where the group itself cannot be tagged.
pub fn marker_volume_name(group: &ArrayGroupName) -> ArrayVolumeName {
    ArrayVolumeName::new(format!("protector-mark-{}", whole_digest(group.as_str())))
}

/// What `group` is called between its creation and its marking; in the same pod, if it is in one.
pub fn working_group_name(group: &ArrayGroupName) -> ArrayGroupName {
    let name = format!("protector-new-{}", whole_digest(group.as_str()));
    ArrayGroupName::new(match group.as_str().split_once("::") {
        Some((pod, _)) => format!("{pod}::{name}"),
        None => name,
    })
}

/// Key of the tag on a volume that was cloned under `op_key`. A digest, since keys of tags are short and op keys are not.
pub fn clone_tag_key(op_key: &OpKey) -> String {
    format!("clone-{}", whole_digest(op_key.as_str()))
}

/// Key of the tag on a volume in which `array` keeps whom its fence disconnected. Arrays that share a volume, in a stretched pod,
/// share its tags as well.
pub fn fence_tag_key(array: &ArrayId) -> String {
    format!("fence-{}", whole_digest(array.as_str()))
}

/// What Cinder calls a volume on the array: `volume-<id>-cinder`. Only right for a volume that Cinder has just made or
/// imported; for any other, ask Cinder for the name.
pub fn cinder_volume_name(volume: &VolumeId) -> ArrayVolumeName {
    ArrayVolumeName::new(format!("volume-{volume}-cinder"))
}

/// What Cinder renames a volume on the array to when it lets go of it: `<name>-unmanaged`.
pub fn unmanaged_volume_name(volume: &ArrayVolumeName) -> ArrayVolumeName {
    ArrayVolumeName::new(format!("{volume}-unmanaged"))
}

/// Name of the Cinder groups of a protection group, on both sites: `protector-<group id>`.
pub fn consistency_group_name(group: &ProtectionGroupId) -> String {
    format!("protector-{group}")
}

/// Name of the array group when a policy gives none: `pg-<name>`. Where the name has to be bent to what arrays accept,
/// a digest is added, so that two protection groups never get the same. Always valid.
///
/// ```
/// use protector_core::rules::naming::default_array_group_name;
/// assert_eq!(default_array_group_name("prod-web-app").as_str(), "pg-prod-web-app");
/// ```
pub fn default_array_group_name(group_name: &str) -> ArrayGroupName {
    ArrayGroupName::new(format!("pg-{}", distinct(group_name, MAX_ARRAY_NAME - 3)))
}

/// The first 8 hex digits of the operation's UUID, or of a digest where the id holds none.
fn short_operation(operation: &OperationId) -> String {
    let text = operation.as_str();
    match Uuid::parse_str(text.strip_prefix("op-").unwrap_or(text)) {
        Ok(uuid) => uuid.simple().to_string().chars().take(8).collect(),
        Err(_) => digest(text),
    }
}

/// `text` itself if an array takes it and it fits `max`, else its slug with a digest of the whole. Lower case only:
/// arrays do not tell names apart by case.
fn distinct(text: &str, max: usize) -> String {
    let slug = slug(text);
    if slug == text && slug.len() <= max && !slug.is_empty() {
        return slug;
    }
    match shortened(&slug, max - 9) {
        "" => digest(text),
        head => format!("{head}-{}", digest(text)),
    }
}

/// Lower-case letters and digits with single `-` between them.
fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// At most `max` bytes of a slug, not ending in `-`.
fn shortened(slug: &str, max: usize) -> &str {
    slug.get(..max).unwrap_or(slug).trim_end_matches('-')
}

fn whole_digest(text: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).simple().to_string()
}

fn digest(text: &str) -> String {
    whole_digest(text).chars().take(8).collect()
}
