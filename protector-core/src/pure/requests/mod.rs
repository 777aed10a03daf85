//! Every call that the driver makes, one function each, as a value.
//!
//! Lists of names must not be empty, and are cut by [`batches`](super::request::batches) before. Units are those of the
//! model (seconds, bytes) and become the array's here.

pub(super) mod arrays;
pub(super) mod groups;
pub(super) mod hosts;
pub(super) mod members;
pub(super) mod pods;
pub(super) mod snapshots;
pub(super) mod tags;
pub(super) mod targets;
pub(super) mod volumes;

#[cfg(test)]
mod testing {
    use super::super::request::Request;

    /// `METHOD target body`, as a trace would show it.
    pub(super) fn shown(request: &Request) -> String {
        let body = request.body.as_ref().map(|body| format!(" {body}")).unwrap_or_default();
        format!("{} {}{body}", request.method, request.target().unwrap())
    }
}
