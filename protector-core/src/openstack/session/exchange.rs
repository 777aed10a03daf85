//! One exchange with a service: a request out, a reply or a failure back.

use super::Shared;
use crate::ErrorKind;
use crate::openstack::failure::{Again, Failure, Refusal, shown};
use crate::openstack::service::Service;
use crate::openstack::tls;
use crate::transport::{CertificateFault, Until, root_cause};
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use std::time::{Duration, Instant};
use url::Url;

/// Name of the log.
pub(super) const TARGET: &str = "protector.engine.cloud.openstack";

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
        if let Some(fault) = CertificateFault::of(error) {
            let text = format!("{service} of cloud '{cloud}' is not trusted: {fault}");
            return Failure::new(ErrorKind::Unreachable, Again::Never, text).remedy(tls::remedy(&fault));
        }
        if error.is_connect() {
            let why = if error.is_timeout() { "no connection in time".to_owned() } else { shown(&root_cause(error)) };
            let text = format!("{service} of cloud '{cloud}' cannot be reached: {why}");
            return Failure::new(ErrorKind::Unreachable, Again::Yes, text)
                .remedy(format!("check the network and the addresses: openstack --os-cloud {cloud} catalog list"));
        }
        if error.is_timeout() {
            let text = format!("{service} of cloud '{cloud}' did not answer within {:.1} s", longest.as_secs_f64());
            return Failure::new(ErrorKind::Unreachable, Again::Unsure, text);
        }
        let text = format!(
            "{service} of cloud '{cloud}' closed the connection before it answered: {}",
            shown(&root_cause(error))
        );
        Failure::new(ErrorKind::Unreachable, Again::Unsure, text)
    }
}
