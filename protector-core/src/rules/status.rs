//! The status word of a protection group, what it allows, and what leads out of it.

use crate::model::{GroupStatus, OperationKind, OperationStatus, Protection, ProtectionGroup};
use crate::{Error, Result};

/// The documented status word, from the stored facts: where the workload runs and which operation is open.
///
/// A test failover, its cleanup, a sync, a reprotect and a commit leave the word as it is. A group that is not configured yet is `active`: it
/// may be edited. `creating` and `deleting` are shown by the calls that create and delete; nothing stored yields them.
/// `members_in_error` tells whether any member failed to arrive in the last operation.
pub fn group_status(group: &ProtectionGroup, members_in_error: bool) -> GroupStatus {
    match group.operation.as_ref().map(|operation| operation.kind) {
        Some(OperationKind::PlannedFailover | OperationKind::UnplannedFailover) => return GroupStatus::FailingOver,
        Some(OperationKind::Failback) => return GroupStatus::FailingBack,
        // on its way to be complete where it is
        Some(OperationKind::RetryFailed) if group.is_home() => return GroupStatus::FailingBack,
        Some(OperationKind::RetryFailed) => return GroupStatus::FailingOver,
        Some(
            OperationKind::Sync
            | OperationKind::TestFailover
            | OperationKind::TestCleanup
            | OperationKind::Reprotect
            | OperationKind::Commit,
        )
        | None => {}
    }
    match (group.is_home(), group.partial || members_in_error) {
        (true, false) => GroupStatus::Active,
        (true, true) => GroupStatus::Error,
        (false, false) => GroupStatus::FailedOver,
        (false, true) => GroupStatus::FailedOverPartial,
    }
}

/// The commands that lead on from here, best first; never empty.
///
/// While an operation is open, only commands on that operation are possible: it comes with how it stands, and whether it can
/// still be aborted. `divergence` puts `reconcile` first, since everything else waits for it.
pub fn verbs_out(
    status: GroupStatus,
    divergence: bool,
    open_operation: Option<(OperationStatus, bool)>,
) -> Vec<&'static str> {
    if let Some((operation, can_abort)) = open_operation {
        let mut verbs = operation_verbs_out(operation);
        verbs.retain(|verb| can_abort || *verb != "abort");
        return verbs;
    }
    let mut verbs = match status {
        GroupStatus::Creating => vec!["create", "delete"],
        GroupStatus::Active => vec!["failover", "test-failover", "sync"],
        GroupStatus::FailedOver => vec!["failback", "reprotect", "test-failover", "sync"],
        GroupStatus::FailedOverPartial => vec!["retry-failed", "failback", "reprotect", "member-remove"],
        GroupStatus::FailingOver | GroupStatus::FailingBack => vec!["resume", "abort"],
        GroupStatus::Error => vec!["retry-failed", "reconcile", "reprotect", "member-remove"],
        GroupStatus::Deleting => vec!["delete"],
    };
    if divergence {
        verbs.retain(|verb| *verb != "reconcile");
        verbs.insert(0, "reconcile");
    }
    verbs
}

/// The same list with what protection and leftovers add: a workload that runs unprotected is protected before it is moved,
/// and what is retained can be released once it is. `reprotect` of a protected workload is refused, so it is not offered.
pub fn with_protection(mut verbs: Vec<&'static str>, protection: Protection, retained: bool) -> Vec<&'static str> {
    match protection {
        Protection::Unprotected if verbs.contains(&"failback") || verbs.contains(&"failover") => {
            verbs.retain(|verb| *verb != "reprotect" && *verb != "test-failover" && *verb != "sync");
            let at = usize::from(verbs.first() == Some(&"reconcile"));
            verbs.insert(at, "reprotect");
        }
        Protection::Unprotected => {}
        Protection::Protected | Protection::NotConfigured => verbs.retain(|verb| *verb != "reprotect"),
    }
    let offers_moves = verbs.contains(&"test-failover");
    if protection == Protection::Protected && retained && offers_moves {
        verbs.push("commit");
    }
    verbs
}

/// The commands that lead on from an open operation, best first; `abort` only as long as the pivot is not done.
pub fn operation_verbs_out(status: OperationStatus) -> Vec<&'static str> {
    match status {
        OperationStatus::Running => vec!["watch", "cancel", "abort"],
        OperationStatus::Pending | OperationStatus::Interrupted | OperationStatus::Failed => vec!["resume", "abort"],
        // it ended but still holds the group: resume finds nothing left to do and lets go
        OperationStatus::Completed
        | OperationStatus::CompletedPartial
        | OperationStatus::RolledBack
        | OperationStatus::Cancelled => vec!["resume"],
    }
}

/// Whether an operation of `kind` may start on a group of `status`.
///
/// # Errors
/// It may not → `Precondition` → use the command that the error names. A second failover from `failed_over` is the way
/// back, which is called failback.
pub fn check_allowed(kind: OperationKind, status: GroupStatus) -> Result<()> {
    let from = allowed_from(kind);
    if from.contains(&status) {
        return Ok(());
    }
    let words: Vec<String> = from.iter().map(|s| format!("'{s}'")).collect();
    Err(Error::precondition(format!(
        "{kind} is refused: the protection group is '{status}', it must be {}",
        words.join(" or ")
    ))
    .remedy(way_on(kind, status)))
}

fn allowed_from(kind: OperationKind) -> &'static [GroupStatus] {
    use GroupStatus::{Active, Creating, Error, FailedOver, FailedOverPartial, FailingBack, FailingOver};
    match kind {
        OperationKind::PlannedFailover => &[Active],
        // the site that took over may be lost, too, whoever had arrived there; a failback or a retry would need it
        OperationKind::UnplannedFailover => &[Active, FailedOver, FailedOverPartial, Error],
        OperationKind::Failback => &[FailedOver, FailedOverPartial],
        OperationKind::TestFailover | OperationKind::Sync | OperationKind::Commit => &[Active, FailedOver],
        OperationKind::Reprotect => &[Active, FailedOver, FailedOverPartial, Error],
        // at home a group with members that did not arrive is in error
        OperationKind::RetryFailed => &[FailedOverPartial, Error],
        OperationKind::TestCleanup => {
            &[Creating, Active, FailingOver, FailedOver, FailedOverPartial, FailingBack, Error]
        }
    }
}

fn way_on(kind: OperationKind, status: GroupStatus) -> &'static str {
    match status {
        GroupStatus::Creating => "wait until it is created: openstack protector protection-group show <group>",
        GroupStatus::Active => "it runs on its primary site already; to move it: openstack protector failover <group>",
        GroupStatus::FailingOver | GroupStatus::FailingBack => {
            "finish the open operation, or give it up: openstack protector operation list, then \
             openstack protector operation resume <operation-id>, or abort <operation-id>"
        }
        GroupStatus::FailedOver if kind.moves_workload() => {
            "it runs on its secondary site; to move it back: openstack protector failback <group>"
        }
        GroupStatus::FailedOver if matches!(kind, OperationKind::RetryFailed) => {
            "all members are there: openstack protector protection-group show <group>"
        }
        GroupStatus::FailedOver | GroupStatus::FailedOverPartial => {
            "bring all members to one site first: openstack protector failover <group> --retry-failed, \
             or openstack protector failback <group>"
        }
        GroupStatus::Error => {
            "see what is wrong: openstack protector protection-group show <group>, then \
             openstack protector failover <group> --retry-failed"
        }
        GroupStatus::Deleting => "it is being deleted: openstack protector protection-group delete <group>",
    }
}

#[cfg(test)]
mod tests;
