//! What the arrays say. Clients match parts of these sentences, so each one names who does, or where it was seen.
//!
//! "Cinder 29" is `cinder/volume/drivers/pure.py` of Cinder 29.0.0; "seen" means: quoted from a real array in a public
//! repository; where nothing is known, the sentence is ours.

pub(crate) mod pods;
pub(crate) mod volumes;

/// Something named is not there: `Volume does not exist.`, `Host does not exist.` (Cinder 29, `does not exist` and
/// `Host does not exist`; seen).
pub(crate) fn does_not_exist(noun: &str) -> String {
    format!("{noun} does not exist.")
}

/// It is destroyed and waits for eradication (Cinder 29, `has been destroyed`; seen for volumes).
pub(crate) fn has_been_destroyed(noun: &str) -> String {
    format!("{noun} has been destroyed.")
}

/// The name is taken (Cinder 29, `already exists`; seen as `Connection already exists.`).
pub(crate) fn already_exists(noun: &str) -> String {
    format!("{noun} already exists.")
}

/// A copy names a source that is not there (Cinder 29; seen).
pub(crate) const NO_SUCH_VOLUME_OR_SNAPSHOT: &str = "No such volume or snapshot.";

/// Cinder 29, `could not be found`.
pub(crate) fn could_not_be_found(noun: &str, name: &str) -> String {
    format!("{noun} {name} could not be found.")
}

/// A target is added to a protection group twice (Cinder 29, `already includes`).
pub(crate) fn already_includes(group: &str, target: &str) -> String {
    format!("Protection group {group} already includes {target}.")
}

/// A replica is allowed twice (Cinder 29, `already allowed on`).
pub(crate) fn already_allowed_on(group: &str, array: &str) -> String {
    format!("Protection group {group} is already allowed on {array}.")
}

/// A member is added to a protection group twice (Cinder 29, `already belongs to`).
pub(crate) fn already_belongs_to(noun: &str, group: &str) -> String {
    format!("{noun} already belongs to protection group {group}.")
}

/// A host that still has volumes is deleted (Cinder 29, the whole sentence).
pub(crate) const HOST_HAS_CONNECTIONS: &str = "Host cannot be deleted due to existing connections.";

/// A LUN or an initiator is taken (Cinder 29, `already in use`).
pub(crate) fn already_in_use(what: &str) -> String {
    format!("{what} is already in use.")
}

/// There are as many as the array can hold (Cinder 29, `limit reached`).
pub(crate) fn limit_reached(noun: &str) -> String {
    format!("{noun} limit reached.")
}

/// A PATCH whose body changes nothing (seen).
pub(crate) const NO_ATTRIBUTE: &str = "No attribute specified.";

/// A snapshot suffix that breaks the rule (seen, context `suffix`).
pub(crate) const SNAPSHOT_SUFFIX: &str = "Snapshot suffix must be between 1 and 63 characters (alphanumeric and '-') in \
    length and begin and end with a letter or number. The suffix must include at least one letter or '-'.";

/// The session is unknown or was idle for too long (seen, with status 401).
pub(crate) const INVALID_SESSION: &str = "Invalid session.";

/// The API token is unknown. Ours: the contract is silent.
pub(crate) const INVALID_TOKEN: &str = "Invalid API token.";

/// The array is too busy; with status 500 (py-pure-client 1.96 retries on exactly this message; seen).
pub(crate) const BUSY: &str = "Server is busy";

/// The path is unknown, or not of this version. Ours.
pub(crate) const NOT_SIMULATED: &str = "Not found: this request is not simulated.";

/// A defect of the simulator. Ours.
pub(crate) const INTERNAL: &str = "Internal error.";

/// The body is no JSON, or not of the right form. Ours.
pub(crate) fn malformed_body(why: &str) -> String {
    format!("The request body is malformed: {why}.")
}

/// A parameter has a value that cannot be. Ours.
pub(crate) fn invalid_parameter(name: &str, value: &str) -> String {
    format!("Invalid value '{value}' for parameter '{name}'.")
}

/// A parameter without which nothing can be done. Ours.
pub(crate) fn missing_parameter(name: &str) -> String {
    format!("The parameter '{name}' is required.")
}

/// Two parameters that exclude each other (the contract of 2.37: "cannot be set together").
pub(crate) fn exclusive_parameters(one: &str, other: &str) -> String {
    format!("The parameters '{one}' and '{other}' cannot be set together.")
}

/// A filter that cannot be read. Ours.
pub(crate) fn invalid_filter(why: &str) -> String {
    format!("Invalid filter: {why}.")
}

/// A name that no protection group can have. Ours, after the sentence for suffixes.
pub(crate) const GROUP_NAME: &str = "Protection group name must be between 1 and 63 characters (alphanumeric and '-') in \
    length and begin and end with a letter or number. The name must include at least one letter or '-'.";

/// A number that is too small or too large. Ours; the bounds are those of the contract.
pub(crate) fn out_of_bounds(name: &str, value: i64, bounds: &std::ops::RangeInclusive<i64>) -> String {
    format!("Invalid value '{value}' for '{name}': it must be between {} and {}.", bounds.start(), bounds.end())
}

/// A request changes an image of a group of another array. Ours.
pub(crate) fn not_local(what: &str) -> String {
    format!("{what} belongs to another array and cannot be modified here.")
}

/// Replication is refused twice. Ours.
pub(crate) fn already_disallowed_on(group: &str, array: &str) -> String {
    format!("Protection group {group} is already disallowed on {array}.")
}

/// `allowed` is set on the source (the contract of 2.37: "must be set from the target array").
pub(crate) const ALLOWED_ON_TARGET: &str = "Allowed must be set from the target array.";

/// A member or target is removed that is none. Ours.
pub(crate) fn does_not_belong_to(noun: &str, group: &str) -> String {
    format!("{noun} does not belong to protection group {group}.")
}

/// SafeMode holds an object, or the array forbids eradication by hand. Ours.
pub(crate) fn retention_locked(what: &str) -> String {
    format!("{what} is not permitted because of SafeMode.")
}

/// Something is eradicated that is not destroyed. Ours.
pub(crate) fn not_destroyed(noun: &str) -> String {
    format!("{noun} has not been destroyed.")
}

/// Objects of different pods are put together, or an object into a pod that is none. Ours.
pub(crate) const OTHER_POD: &str = "Objects must be in the same pod, or in none.";

/// A connection cannot be used right now. Ours.
pub(crate) fn not_connected(array: &str) -> String {
    format!("Array {array} is not connected.")
}

/// Replication without a target. Ours.
pub(crate) const NO_TARGETS: &str = "Protection group does not have any targets.";

/// A group is copied over one that has other volumes (the contract of 2.37: "must match").
pub(crate) const OTHER_VOLUMES: &str = "The volumes of the protection group do not match the volumes of the snapshot.";

/// Ours.
pub(crate) const INVALID_CONNECTION_KEY: &str = "Invalid connection key.";

/// A connection that something goes over is deleted. Ours.
pub(crate) fn connection_in_use(array: &str) -> String {
    already_in_use(&format!("Connection to {array}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cinder_looks_for_is_said() {
        let said = [
            (does_not_exist("Host"), "Host does not exist"),
            (does_not_exist("Volume"), "does not exist"),
            (NO_SUCH_VOLUME_OR_SNAPSHOT.to_owned(), "No such volume or snapshot"),
            (has_been_destroyed("Volume"), "has been destroyed"),
            (already_exists("Volume"), "already exists"),
            (could_not_be_found("Array", "arrB"), "could not be found"),
            (already_includes("pg", "arrB"), "already includes"),
            (already_allowed_on("arrA:pg", "arrB"), "already allowed on"),
            (already_belongs_to("Volume", "pg"), "already belongs to"),
            (HOST_HAS_CONNECTIONS.to_owned(), "cannot be deleted due to existing connections"),
            (already_in_use("LUN"), "already in use"),
            (limit_reached("Volume"), "limit reached"),
        ];
        for (sentence, part) in said {
            assert!(sentence.contains(part), "{sentence}");
        }
    }
}
