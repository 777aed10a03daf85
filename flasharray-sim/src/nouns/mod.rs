//! One file per noun: what can be asked of it, and how it is shown.

mod array_connections;
mod arrays;
mod fields;
mod login;
mod protection_group_members;
mod protection_group_policies;
mod protection_group_snapshots;
mod protection_group_targets;
mod protection_group_transfers;
mod protection_groups;

use crate::route::Route;

/// Every request there is.
pub(crate) fn routes() -> Vec<Route> {
    [
        login::routes(),
        arrays::routes(),
        array_connections::routes(),
        protection_groups::routes(),
        protection_group_members::routes(),
        protection_group_snapshots::routes(),
        protection_group_targets::routes(),
        protection_group_transfers::routes(),
    ]
    .concat()
}
