//! What is allowed: pure functions over [`crate::model`], without I/O, without waiting, without a clock.
//!
//! Every rule answers with all that is wrong at once, in an order that does not depend on the order of its input, and a
//! refusal names what, which value, and the command that mends it. Unknown never reads as good.

/// Whether two sites agree about a group, and which of them went on.
pub mod agreement;
/// Which recovery point a failover clones from.
pub mod choose;
/// Array URLs and tokens: policy first, then `[storage]`, HTTPS only.
pub mod credentials;
/// What differs between the records of two sites, in words.
pub mod difference;
/// Whether volume types and volumes can be protected; all violations at once.
pub mod eligibility;
/// Whether anybody takes up what is accepted.
pub mod engine_service;
/// Whose hold on a group may end.
pub mod hold;
/// Mappings of networks, flavors and security groups: parse, merge, invert, suggest.
pub mod mapping;
/// All name arithmetic: array objects, replicas, snapshots, clones, Cinder's names.
pub mod naming;
/// One protection group, one consistency group, one array group; and whether their members agree.
pub mod one_to_one;
/// Where a policy and what `[storage]` says by now are not the same.
pub mod policy_drift;
/// One record of two that went apart: the winner's, with all that the loser's knows of the world.
pub mod reconcile;
/// Age of the newest recovery point against the recovery point objective.
pub mod rpo;
/// How much of the time a group kept its recovery point objective.
pub mod rpo_history;
/// In which order members start, and what may depend on what.
pub mod start_order;
/// The status word, what it allows, and what leads out of it.
pub mod status;
/// The volume type of a site that stands for a type named on the other site.
pub mod volume_types;

pub(crate) mod shell;
#[cfg(test)]
mod testing;

pub use choose::{ExpectedVolumes, PassedOver, PointFault, newest_usable};
pub use credentials::{AccessIn, ArrayAccess, Side, validate_fa_url};
pub use eligibility::{Candidate, Violation, check_candidates, check_volume_type, violations_error};
pub use one_to_one::{MappingViolation, MembershipDrift, check_mapping, compare_membership};
pub use rpo::{RecoveryPointAge, RpoVerdict, age_of, check_interval, check_rpo, check_schedule};
pub use status::{check_allowed, group_status, operation_verbs_out, verbs_out, with_protection};
pub use volume_types::match_volume_type;
