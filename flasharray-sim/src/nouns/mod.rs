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

use crate::call::Handler;
use crate::route::Route;
use hyper::Method;

/// Every request that needs a session.
pub(crate) fn routes() -> Vec<Route> {
    [
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

/// Requests whose path has no version; they need no session.
pub(crate) fn unversioned(method: &Method, path: &str) -> Option<Handler> {
    match (method.as_str(), path) {
        ("GET", "api/api_version") => Some(arrays::api_version),
        ("POST", "oauth2/1.0/token") => Some(login::exchange_token),
        _ => None,
    }
}

/// Requests of all versions that need no session.
pub(crate) fn without_session(method: &Method, path: &str) -> Option<Handler> {
    match (method.as_str(), path) {
        ("POST", "login") => Some(login::login),
        ("POST", "logout") => Some(login::logout),
        _ => None,
    }
}
