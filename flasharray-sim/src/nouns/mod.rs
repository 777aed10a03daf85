//! One file per noun: what can be asked of it, and how it is shown.

mod arrays;
mod login;

use crate::route::Route;

/// Every request there is.
pub(crate) fn routes() -> Vec<Route> {
    [login::routes(), arrays::routes()].concat()
}
