//! A call as a value: built by pure functions, looked at in tests, sent by the session.

use super::service::Service;
use super::versions::Microversion;
use crate::{Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;
use std::fmt::Write as _;

/// What stands in a URL as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What may happen when a call is sent a second time although the first may have been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Safety {
    /// It changes nothing.
    Read,
    /// It asks for a state: the second time changes nothing more.
    Repeatable,
    /// It makes something, or begins something: sent once.
    Once,
}

/// One call. The path is below the service's endpoint.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) service: Service,
    pub(super) method: Method,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    pub(super) safety: Safety,
    /// The microversion to ask for, where it is not the one that is spoken otherwise.
    pub(super) version: Option<Microversion>,
}

impl Call {
    /// A read.
    pub(super) fn get(service: Service, segments: &[&str]) -> Self {
        Self::new(service, Method::GET, segments, None, Safety::Read)
    }

    /// Something to make, or to begin.
    pub(super) fn post(service: Service, segments: &[&str], body: Value) -> Self {
        Self::new(service, Method::POST, segments, Some(body), Safety::Once)
    }

    /// A change to a state.
    pub(super) fn put(service: Service, segments: &[&str], body: Value) -> Self {
        Self::new(service, Method::PUT, segments, Some(body), Safety::Repeatable)
    }

    /// A removal.
    pub(super) fn delete(service: Service, segments: &[&str]) -> Self {
        Self::new(service, Method::DELETE, segments, None, Safety::Repeatable)
    }

    fn new(service: Service, method: Method, segments: &[&str], body: Option<Value>, safety: Safety) -> Self {
        let segments = segments.iter().map(|segment| (*segment).to_owned()).collect();
        Self { service, method, segments, query: Vec::new(), body, safety, version: None }
    }

    /// Adds a parameter.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Sets a parameter, whatever it was.
    #[must_use]
    pub(super) fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.retain(|(present, _)| *present != name);
        self.with(name, value)
    }

    /// Asks for a microversion of its own.
    #[must_use]
    pub(super) fn at(mut self, version: Microversion) -> Self {
        self.version = Some(version);
        self
    }

    /// Says that sending it twice does no harm.
    #[must_use]
    pub(super) fn repeatable(mut self) -> Self {
        self.safety = Safety::Repeatable;
        self
    }

    /// Says that it is sent once, although its method could be repeated.
    #[must_use]
    pub(super) fn once(mut self) -> Self {
        self.safety = Safety::Once;
        self
    }

    /// Whether it may change something.
    pub(super) fn changes(&self) -> bool {
        self.safety != Safety::Read
    }

    /// Path without query, for logs and messages.
    pub(super) fn path(&self) -> String {
        self.segments.join("/")
    }

    /// Path and query as they are sent, below the endpoint.
    ///
    /// # Errors
    /// an empty segment → `InvalidRequest`: without its id the path of an object is that of all of them.
    pub(super) fn target(&self) -> Result<String> {
        let mut target = String::new();
        for (at, segment) in self.segments.iter().enumerate() {
            if segment.is_empty() || segment == "." || segment == ".." {
                return Err(Error::invalid(format!("{} {}: '{segment}' is no id", self.method, self.path())));
            }
            let slash = if at == 0 { "" } else { "/" };
            // writing to a String does not fail
            let _ = write!(target, "{slash}{}", utf8_percent_encode(segment, ENCODED));
        }
        for (at, (name, value)) in self.query.iter().enumerate() {
            let sign = if at == 0 { '?' } else { '&' };
            let _ = write!(target, "{sign}{name}={}", utf8_percent_encode(value, ENCODED));
        }
        Ok(target)
    }
}

#[cfg(test)]
pub(super) fn shown(call: &Call) -> String {
    let target = call.target().unwrap_or_default();
    let body = call.body.as_ref().map(|body| format!(" {body}")).unwrap_or_default();
    format!("{} {} {target}{body}", call.service, call.method)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn segments_and_values_are_encoded() {
        let call =
            Call::get(Service::BlockStorage, &["volumes", "a/b?c"]).with("name", "web server+ü").set("limit", "5");
        assert_eq!(call.target().unwrap(), "volumes/a%2Fb%3Fc?name=web%20server%2B%C3%BC&limit=5");
        assert_eq!(call.clone().set("limit", "6").target().unwrap().matches("limit").count(), 1);
        assert_eq!(call.path(), "volumes/a/b?c");
    }

    #[test]
    fn without_its_id_an_object_is_not_asked_for() {
        for id in ["", ".", ".."] {
            let refused = Call::delete(Service::Network, &["ports", id]).target().unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidRequest, "{refused}");
        }
    }

    #[test]
    fn what_makes_something_is_sent_once() {
        let body = serde_json::json!({});
        let service = Service::Compute;
        assert_eq!(Call::post(service, &["servers"], body.clone()).safety, Safety::Once);
        assert_eq!(Call::put(service, &["servers"], body.clone()).safety, Safety::Repeatable);
        assert_eq!(Call::put(service, &["servers"], body).once().safety, Safety::Once);
        assert!(!Call::get(service, &["servers"]).changes() && Call::delete(service, &["servers"]).changes());
    }
}
