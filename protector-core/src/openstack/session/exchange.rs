//! One exchange with a service: a request out, a reply or a failure back.

use super::Shared;
use crate::ErrorKind;
use crate::openstack::failure::{Again, Failure, Refusal, shown};
use crate::openstack::service::Service;
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// Name of the log.
pub(super) const TARGET: &str = "protector.engine.cloud.openstack";

/// When the caller stops waiting, by time that passes.
#[derive(Debug, Clone, Copy)]
pub(in crate::openstack) struct Until(Option<tokio::time::Instant>);

impl Until {
    /// No deadline but the time-outs.
    pub(in crate::openstack) fn none() -> Self {
        Self(None)
    }

    /// A deadline on the clock that says `now`.
    pub(in crate::openstack) fn at(deadline: Timestamp, now: Timestamp) -> Self {
        let left = deadline.duration_since(now);
        let left = if left.is_negative() { Duration::ZERO } else { left.unsigned_abs() };
        // what does not fit is too far away to matter
        Self(tokio::time::Instant::now().checked_add(left))
    }

    /// Time left.
    pub(super) fn left(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(tokio::time::Instant::now()))
    }

    /// Waits for something, but not past the deadline. `None`: it came first.
    pub(in crate::openstack) async fn wait<T>(self, future: impl Future<Output = T>) -> Option<T> {
        match self.0 {
            Some(end) => tokio::time::timeout_at(end, future).await.ok(),
            None => Some(future.await),
        }
    }
}

/// What goes out, in HTTP's terms.
pub(super) struct Outgoing {
    pub(super) service: Service,
    pub(super) method: Method,
    /// Path without query, for logs.
    pub(super) path: String,
    pub(super) url: Url,
    /// Marked as sensitive.
    pub(super) token: Option<HeaderValue>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Vec<u8>>,
}

impl Outgoing {
    /// A question that needs no token.
    pub(super) fn bare(service: Service, url: Url) -> Self {
        let path = url.path().to_owned();
        Self { service, method: Method::GET, path, url, token: None, headers: Vec::new(), body: None }
    }
}

/// What came back, whatever its status.
pub(super) struct Incoming {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Incoming {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The service's id of the request.
    fn request_id(&self) -> Option<&str> {
        let id = |name: &str| self.headers.get(name)?.to_str().ok();
        id("x-openstack-request-id").or_else(|| id("x-compute-request-id"))
    }

    pub(super) fn refusal<'a>(&'a self, cloud: &'a str) -> Refusal<'a> {
        let retry_after = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Refusal { cloud, status: self.status, body: &self.body, request_id: self.request_id(), retry_after }
    }
}

impl Failure {
    /// Before the call itself was sent, so it had no effect.
    pub(super) fn before_sending(mut self) -> Self {
        if self.again == Again::Unsure {
            self.again = Again::Yes;
        }
        self
    }
}

impl Shared {
    /// One exchange, bounded by the request time-out and the deadline, under the bound on concurrent requests.
    pub(super) async fn exchange(&self, outgoing: Outgoing, until: Until) -> Result<Incoming, Failure> {
        let _permit = match self.services.get(&outgoing.service) {
            None => None,
            Some(service) => match until.wait(service.permits.acquire()).await {
                None => return Err(self.too_late(outgoing.service)),
                Some(permit) => permit.ok(),
            },
        };
        let longest = match until.left() {
            Some(left) if left.is_zero() => return Err(self.too_late(outgoing.service)),
            Some(left) => left.min(self.options.request_timeout),
            None => self.options.request_timeout,
        };
        let (service, method, path) = (outgoing.service, outgoing.method.clone(), outgoing.path.clone());
        let _counted = self.counting.exchange();
        let begun = Instant::now();
        let result = self.transmit(outgoing, longest).await;
        let status = result.as_ref().map_or(0, |incoming| incoming.status);
        let id = result.as_ref().ok().and_then(|incoming| incoming.request_id()).unwrap_or_default();
        tracing::debug!(
            target: TARGET,
            cloud = %self.entry.name, %service, %method, path, status, ms = begun.elapsed().as_millis() as u64, id, "request"
        );
        let incoming = result.map_err(|e| self.without_reply(service, &e, longest))?;
        self.clock.learn(&incoming.headers);
        Ok(incoming)
    }

    async fn transmit(&self, outgoing: Outgoing, longest: Duration) -> Result<Incoming, reqwest::Error> {
        let mut builder = self.http.request(outgoing.method, outgoing.url).timeout(longest);
        if let Some(token) = outgoing.token {
            builder = builder.header("x-auth-token", token);
        }
        for (name, value) in outgoing.headers {
            builder = builder.header(name, value);
        }
        builder = builder.header("accept", "application/json");
        if let Some(body) = outgoing.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = builder.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?;
        Ok(Incoming { status, headers, body })
    }

    fn too_late(&self, service: Service) -> Failure {
        let text = format!("the deadline came before {service} of cloud '{}' was asked", self.entry.name);
        Failure::new(ErrorKind::DeadlineExceeded, Again::Yes, text)
    }

    fn without_reply(&self, service: Service, error: &reqwest::Error, longest: Duration) -> Failure {
        let cloud = &self.entry.name;
        if error.is_connect() {
            let why = if error.is_timeout() { "no connection in time".to_owned() } else { root_cause(error) };
            let text = format!("{service} of cloud '{cloud}' cannot be reached: {why}");
            return Failure::new(ErrorKind::Unreachable, Again::Yes, text).remedy(format!(
                "check the network, cacert in clouds.yaml, and the addresses: openstack --os-cloud {cloud} catalog list"
            ));
        }
        if error.is_timeout() {
            let text = format!("{service} of cloud '{cloud}' did not answer within {:.1} s", longest.as_secs_f64());
            return Failure::new(ErrorKind::Unreachable, Again::Unsure, text);
        }
        let text =
            format!("{service} of cloud '{cloud}' closed the connection before it answered: {}", root_cause(error));
        Failure::new(ErrorKind::Unreachable, Again::Unsure, text)
    }
}

/// The innermost cause, which says most.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    shown(&cause.to_string())
}

/// The cloud's clock, as its newest reply showed it.
#[derive(Debug, Default)]
pub(super) struct CloudClock(Mutex<Option<(Timestamp, Instant)>>);

impl CloudClock {
    /// Reads the `Date` of a reply. A date that cannot be read teaches nothing.
    fn learn(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|value| value.to_str().ok());
        let time = date.and_then(|text| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
        if let Some(time) = time {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((time, Instant::now()));
        }
    }

    /// Carried forward to now; ours while it is not known.
    pub(super) fn now(&self) -> Timestamp {
        let seen = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let carried = seen.and_then(|(time, at)| time.checked_add(at.elapsed()).ok());
        carried.unwrap_or_else(Timestamp::now)
    }
}
