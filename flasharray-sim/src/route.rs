//! Which requests there are.

use crate::call::Handler;
use crate::version::RestVersion;
use hyper::Method;
use std::collections::HashMap;

/// One kind of request.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// Behind the version, for example `volumes/batch`.
    pub(crate) path: &'static str,
    /// The first version that has it.
    pub(crate) since: RestVersion,
    pub(crate) access: Access,
    pub(crate) handle: Handler,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Who has a session.
    Session,
    /// Everybody.
    Open,
    /// Everybody, and the path is the whole path, without a version.
    Unversioned,
}

impl Route {
    /// A request since version 2.`since`.
    pub(crate) const fn new(method: Method, path: &'static str, since: u16, handle: Handler) -> Self {
        Self { method, path, since: RestVersion::new(2, since), access: Access::Session, handle }
    }

    /// The same with another access.
    pub(crate) fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    pub(crate) const fn get(path: &'static str, since: u16, handle: Handler) -> Self {
        Self::new(Method::GET, path, since, handle)
    }

    pub(crate) const fn post(path: &'static str, since: u16, handle: Handler) -> Self {
        Self::new(Method::POST, path, since, handle)
    }

    pub(crate) const fn put(path: &'static str, since: u16, handle: Handler) -> Self {
        Self::new(Method::PUT, path, since, handle)
    }

    pub(crate) const fn patch(path: &'static str, since: u16, handle: Handler) -> Self {
        Self::new(Method::PATCH, path, since, handle)
    }

    pub(crate) const fn delete(path: &'static str, since: u16, handle: Handler) -> Self {
        Self::new(Method::DELETE, path, since, handle)
    }
}

/// All requests there are.
#[derive(Debug)]
pub(crate) struct Routes(HashMap<&'static str, Vec<Route>>);

impl Routes {
    pub(crate) fn new(routes: Vec<Route>) -> Self {
        let mut table: HashMap<&'static str, Vec<Route>> = HashMap::new();
        for route in routes {
            table.entry(route.path).or_default().push(route);
        }
        Self(table)
    }

    /// The request with this method and path; no version: of those whose path has none. `None`: there is none, or only
    /// in later versions.
    pub(crate) fn find(&self, method: &Method, path: &str, version: Option<RestVersion>) -> Option<&Route> {
        let serves = |route: &&Route| match version {
            Some(version) => route.since <= version && route.access != Access::Unversioned,
            None => route.access == Access::Unversioned,
        };
        self.0.get(path)?.iter().find(|route| route.method == *method && serves(route))
    }

    /// Whether there is such a path in any version, with any method.
    pub(crate) fn knows(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Reply;

    #[test]
    fn a_request_is_found_by_method_path_and_version() {
        let routes = Routes::new(vec![Route::post("volumes/batch", 32, |_| Ok(Reply::empty()))]);
        let find =
            |method: Method, path: &str, minor| routes.find(&method, path, Some(RestVersion::new(2, minor))).is_some();
        assert!(find(Method::POST, "volumes/batch", 32));
        assert!(find(Method::POST, "volumes/batch", 37));
        assert!(!find(Method::POST, "volumes/batch", 26));
        assert!(!find(Method::GET, "volumes/batch", 37));
        assert!(!find(Method::POST, "volumes", 37));
        assert!(routes.find(&Method::POST, "volumes/batch", None).is_none());
        assert!(routes.knows("volumes/batch") && !routes.knows("volumes"));
    }

    #[test]
    fn no_request_is_there_twice() {
        let mut seen = std::collections::HashSet::new();
        for route in crate::nouns::routes() {
            assert!(seen.insert((route.method.clone(), route.path)), "{} {}", route.method, route.path);
            assert!(route.since.is_published(), "{}", route.path);
        }
    }
}
