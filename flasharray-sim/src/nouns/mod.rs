//! One file per noun: what can be asked of it, and how it is shown.

mod arrays;
mod choose;
mod connections;
mod default_protections;
mod empty;
mod hardware;
mod host_groups;
mod hosts;
mod login;
mod names;
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
        connections::routes(),
        default_protections::routes(),
        empty::routes(),
        hardware::routes(),
        host_groups::routes(),
        hosts::routes(),
        tags::routes(),
        volume_groups::routes(),
        volume_snapshots::routes(),
        volumes::routes(),
    ]
    .concat()
}
