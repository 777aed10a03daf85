//! What is said of pods, beside what the simulated world says itself. No wording of a real array is known of any of it: ours.

/// A copy of a pod that is not there.
pub(crate) const NO_SOURCE: &str = "Source pod does not exist.";

/// `POST pods/test` is only for copies (the contract of 2.37: "It does not support pod creation").
pub(crate) const TEST_WITHOUT_SOURCE: &str = "A test of cloning a pod requires a source.";

/// Failover preferences that give only ids.
pub(crate) const PREFERENCE_WITHOUT_NAME: &str = "Failover preferences are given by the names of arrays.";

/// One PATCH that renames and destroys.
pub(crate) const NAME_AND_DESTROYED: &str = "A pod cannot be renamed and destroyed or recovered in one request.";

/// One new name for several pods.
pub(crate) const ONE_NAME: &str = "Only one pod can be renamed in one request.";

/// A pod is asked to be something else than promoted or demoted.
pub(crate) const PROMOTION_STATE: &str = "requested_promotion_state must be promoted or demoted.";

/// A quota that is neither a number nor the empty text, which unsets it (the contract of 2.37, `_quota_limit_patch`).
pub(crate) const QUOTA: &str = "quota_limit must be a number of bytes, or \"\" for none.";

/// `from_member_names`, `to_member_names`: moves between realms.
pub(crate) const REALMS: &str = "Moving a pod between realms is not simulated.";

/// A parameter that says how to promote or demote, without a request to do so.
pub(crate) fn without_promotion(parameter: &str) -> String {
    format!("The parameter '{parameter}' requires a requested_promotion_state that it belongs to.")
}

/// Several local pods, and not as many remote ones.
pub(crate) const NOT_IN_PAIRS: &str = "local_pod_names and remote_pod_names must have the same number of names.";

/// No remote array is named, and there is more than one.
pub(crate) const WHICH_REMOTE: &str = "remote_names is required: several arrays are connected.";
