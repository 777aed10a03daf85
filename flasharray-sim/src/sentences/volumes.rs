//! What is said of volumes, their snapshots, hosts and tags. "Ours": no wording of a real array is known.

/// A plain object name that breaks the rule. Ours, after the sentence on snapshot suffixes.
pub(crate) fn object_name(noun: &str) -> String {
    format!(
        "{noun} name must be between 1 and 63 characters (alphanumeric, '_' and '-') in length and begin and end with a \
         letter or number. The name must include at least one letter."
    )
}

/// A size that no volume can have (the contract of 2.37, `provisioned`). Ours.
pub(crate) const SIZE: &str =
    "Volume size must be a multiple of 512 bytes, at least 1048576 (1M) and at most 4503599627370496 (4P).";

/// A volume is made smaller without `truncate` (the contract of 2.37: "Required if ..."). Ours.
pub(crate) const TRUNCATE: &str = "Volume size can only be reduced with truncate set to true.";

/// A copy that also states a size. Ours.
pub(crate) const SIZE_OF_COPY: &str = "A size cannot be given for a copy: it has the size of its source.";

/// `overwrite` without a source (the contract of 2.37: "during an object copy operation"). Ours.
pub(crate) const OVERWRITE_WITHOUT_SOURCE: &str = "overwrite requires a source.";

/// The contract of 2.37, `POST volumes`: "cannot be provided when `overwrite` is `true`".
pub(crate) const OVERWRITE_WITH_PROTECTION: &str = "The add_to_protection_group_names and with_default_protection query parameters cannot be provided when overwrite is true.";

/// A connected volume is destroyed: refused by real arrays, in words unknown. Ours.
pub(crate) const VOLUME_HAS_CONNECTIONS: &str = "Volume cannot be destroyed due to existing connections.";

/// Something is recovered or eradicated that was not destroyed. Ours.
pub(crate) fn is_not_destroyed(noun: &str) -> String {
    format!("{noun} is not destroyed.")
}

/// SafeMode keeps destroyed objects until their time is over. Ours.
pub(crate) fn cannot_be_eradicated(noun: &str) -> String {
    format!("{noun} cannot be eradicated: manual eradication is disabled.")
}

/// Something is renamed and destroyed in one request: refused by real arrays, in words unknown. Ours.
pub(crate) const NAME_AND_DESTROYED: &str = "An object cannot be renamed and destroyed or recovered in one request.";

/// Two changes in one request of which one moves the volume. Ours.
pub(crate) const ONE_MOVE: &str = "A volume cannot be renamed and moved in one request, or moved twice.";

/// Several objects are to get one name. Ours.
pub(crate) const ONE_NAME: &str = "Only one object can be renamed at a time.";

/// A new name lies in another pod or volume group. Ours.
pub(crate) const NAME_IN_ANOTHER_PLACE: &str =
    "The new name must be in the same pod and volume group; to move the volume, set pod or volume_group.";

/// A volume moves into or out of a stretched pod, but for one that lies on the same arrays. Ours.
pub(crate) const STRETCHED_POD: &str = "Volumes cannot be moved into or out of a stretched pod.";

/// A volume moves away from its groups (the contract of 2.37, `remove_from_protection_group_names`). Ours.
pub(crate) fn still_protected(group: &str) -> String {
    format!(
        "Volume belongs to protection group {group}, which it cannot take along; name it in remove_from_protection_group_names."
    )
}

/// The group is somewhere else than the volume. Ours.
pub(crate) const GROUP_ELSEWHERE: &str = "The volume and the protection group must be in the same pod.";

/// The group is the replica of another array's. Ours.
pub(crate) const GROUP_IS_REPLICA: &str =
    "The members of a replicated protection group cannot be changed on its target.";

/// A limit of traffic out of range (the contract of 2.37, `qos`). Ours.
pub(crate) fn out_of_range(what: &str, least: u64, most: u64) -> String {
    format!("{what} must be between {least} and {most}.")
}

/// A value that the field cannot have. Ours.
pub(crate) fn invalid_value(field: &str, value: &str) -> String {
    format!("Invalid value '{value}' for '{field}'.")
}

/// A field of the body is missing. Ours.
pub(crate) fn missing_field(field: &str) -> String {
    format!("The field '{field}' is required.")
}

/// What real arrays can do and this one cannot. Ours.
pub(crate) fn not_simulated(what: &str) -> String {
    format!("{what} is not simulated.")
}

/// A volume of the snapshot of a group is changed alone. Ours.
pub(crate) const PART_OF_GROUP_SNAPSHOT: &str =
    "Volume snapshot is part of a protection group snapshot and can only be changed with it.";

/// A volume is connected twice (seen).
pub(crate) const CONNECTION_EXISTS: &str = "Connection already exists.";

/// A connection that is not there is ended (seen).
pub(crate) const NO_CONNECTION: &str = "Connection does not exist.";

/// A request names several objects of two kinds (the contract of 2.37, `host_names`). Ours.
pub(crate) const SEVERAL_OF_BOTH: &str = "Several volumes cannot be combined with several hosts or host groups.";

/// Neither a host nor a host group is named. Ours.
pub(crate) const HOST_OR_GROUP: &str = "One of host_names and host_group_names is required.";

/// A host is not in the group. Ours.
pub(crate) fn not_in_group(host: &str, group: &str) -> String {
    format!("Host {host} does not belong to host group {group}.")
}

/// A host is in a group already (Cinder 29, `already belongs to`).
pub(crate) fn host_belongs_to(group: &str) -> String {
    format!("Host already belongs to host group {group}.")
}

/// A volume group with volumes is destroyed without `destroy_contents`. Ours, after `Pod contains ...`.
pub(crate) const VOLUME_GROUP_NOT_EMPTY: &str = "Volume group contains volumes.";

/// A host group with connections is deleted. Ours, after the sentence on hosts.
pub(crate) const HOST_GROUP_HAS_CONNECTIONS: &str = "Host group cannot be deleted due to existing connections.";

/// A host group with hosts is deleted. Ours.
pub(crate) const HOST_GROUP_NOT_EMPTY: &str = "Host group cannot be deleted: it contains hosts.";

/// A part of a tag is too long or empty (the contract of 2.37, schema `Tag`). Ours.
pub(crate) fn tag_length(part: &str, most: usize) -> String {
    format!("Tag {part} must be between 1 and {most} characters in length.")
}

/// A tag that is to be removed is not there. Ours.
pub(crate) fn no_tag(namespace: &str, key: &str) -> String {
    format!("Tag {namespace}:{key} does not exist.")
}
