//! One exchange with the array: a request out, a reply or a failure back.

use super::failure::Failure;
use super::{Reply, Shared};
use crate::ErrorKind;
use crate::pure::request::Request;
use crate::pure::sentences::{Advice, Verdict, classify};
use crate::transport::Until;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use std::time::{Duration, Instant};

use super::session::Session;

/// What goes out, in HTTP's terms.
pub(super) struct Outgoing<'a> {
    /// Method.
    pub(super) method: Method,
    /// Path without query, for logs.
    pub(super) path: &'a str,
    /// Path and query below `https://host`.
    pub(super) target: String,
    /// The header that proves who we are. Marked as sensitive.
    pub(super) proof: Option<(HeaderName, HeaderValue)>,
    /// JSON body.
    pub(super) body: Option<Vec<u8>>,
    /// Which attempt this is.
    pub(super) attempt: u32,
}

/// What came back, whatever its status.
pub(super) struct Incoming {
    /// Status.
    pub(super) status: u16,
    /// Headers.
    pub(super) headers: HeaderMap,
    /// Body.
    pub(super) body: bytes::Bytes,
}

impl Incoming {
    /// Whether it is a plain success. 207 means that a part was refused.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status) && self.status != 207
    }

    /// The pause that the array asks for, in seconds (`Retry-After`, `RateLimit-Reset`).
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let seconds = |name: &str| self.headers.get(name)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs);
        seconds(RETRY_AFTER.as_str()).or_else(|| seconds("ratelimit-reset"))
    }
}

impl Shared {
    /// Sends a request in a session. A success comes back as a reply.
    pub(super) async fn call(
        &self,
        request: &Request,
        target: &str,
        session: &Session,
        until: Until,
        attempt: u32,
    ) -> Result<Reply, Failure> {
        let outgoing = Outgoing {
            method: request.method.clone(),
            path: request.path,
            target: format!("/api/{}/{target}", session.version),
            proof: Some((HeaderName::from_static("x-auth-token"), session.token.clone())),
            body: request.body.as_ref().map(|body| body.to_string().into_bytes()),
            attempt,
        };
        let incoming = self.exchange(outgoing, until).await?;
        if incoming.is_success() {
            return Ok(Reply::new(&self.endpoint, request, incoming.body));
        }
        Err(Failure::refused(&self.endpoint, &incoming, classify))
    }

    /// One exchange, bounded by the request timeout and the deadline, under the bound on concurrent requests.
    pub(super) async fn exchange(&self, outgoing: Outgoing<'_>, until: Until) -> Result<Incoming, Failure> {
        let Some(permit) = until.wait(self.permits.acquire()).await else {
            return Err(Failure::too_late(&self.endpoint));
        };
        let _permit = permit.map_err(|_| {
            Failure::new(Verdict::new(ErrorKind::Internal, Advice::Never), "the client does not send any more")
        })?;
        let (longest, at_deadline) = match until.left() {
            Some(left) if left.is_zero() => return Err(Failure::too_late(&self.endpoint)),
            Some(left) if left < self.options.request_timeout => (left, true),
            _ => (self.options.request_timeout, false),
        };
        let (method, path, attempt) = (outgoing.method.clone(), outgoing.path, outgoing.attempt);
        let begun = Instant::now();
        self.counting.round_trip();
        let result = self.transmit(outgoing, longest).await;
        let status = result.as_ref().map_or(0, |incoming| incoming.status);
        let milliseconds = begun.elapsed().as_millis() as u64;
        tracing::debug!(
            target: "protector.engine.storage.pure",
            array = %self.endpoint, %method, path, status, ms = milliseconds, attempt, "request"
        );
        let incoming = result.map_err(|e| Failure::without_reply(&self.endpoint, &e, (longest, at_deadline)))?;
        self.counting.received(incoming.body.len());
        self.clock.learn(&incoming.headers);
        Ok(incoming)
    }

    async fn transmit(&self, outgoing: Outgoing<'_>, longest: Duration) -> Result<Incoming, reqwest::Error> {
        let url = format!("https://{}{}", self.endpoint, outgoing.target);
        let mut builder = self.http.request(outgoing.method, url).timeout(longest);
        if let Some((name, value)) = outgoing.proof {
            builder = builder.header(name, value);
        }
        // a POST without a body carries no content type, as from the vendor's client
        if let Some(body) = outgoing.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = builder.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?;
        Ok(Incoming { status, headers, body })
    }
}
