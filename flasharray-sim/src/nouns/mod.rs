//! One file per noun: what can be asked of it, and how it is shown.

mod array_connections;
mod arrays;
mod choose;
mod connections;
mod default_protections;
mod empty;
mod fields;
mod hardware;
mod host_groups;
mod hosts;
mod login;
mod names;
mod pod_members;
mod pods;
mod protection_group_members;
mod protection_group_policies;
mod protection_group_snapshots;
mod protection_group_targets;
mod protection_group_transfers;
mod protection_groups;
mod replica_links;
mod show;
mod tags;
mod volume_groups;
mod volume_snapshots;
mod volumes;

use crate::route::Route;

/// Every request there is.
pub(crate) fn routes() -> Vec<Route> {
    [
        login::routes(),
        arrays::routes(),
        array_connections::routes(),
        connections::routes(),
        default_protections::routes(),
        empty::routes(),
        hardware::routes(),
        host_groups::routes(),
        hosts::routes(),
        pod_members::routes(),
        pods::routes(),
        protection_groups::routes(),
        protection_group_members::routes(),
        protection_group_snapshots::routes(),
        protection_group_targets::routes(),
        protection_group_transfers::routes(),
        replica_links::routes(),
        tags::routes(),
        volume_groups::routes(),
        volume_snapshots::routes(),
        volumes::routes(),
    ]
    .concat()
}
