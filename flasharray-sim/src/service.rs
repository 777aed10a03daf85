//! One request: what it asks, whether it may, and the reply.

use crate::body::Body;
use crate::call::Call;
use crate::faults::Outcome;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Access;
use crate::sentences;
use crate::state::{Served, Shared};
use crate::version::RestVersion;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Body as _, Incoming},
    header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderName, HeaderValue, RETRY_AFTER},
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// The largest body that is read.
const BODY_LIMIT: usize = 8 << 20;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const X_NEXT_TOKEN: HeaderName = HeaderName::from_static("x-next-token");

/// The connection closes without a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed without a reply")
    }
}

impl std::error::Error for Closed {}

/// Answers one request.
///
/// # Errors
/// the array is down, or a fault swallows the request or its reply → [`Closed`].
pub(crate) async fn answer(
    sim: Arc<Shared>,
    served: Arc<Served>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Closed> {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let path = Path::of(head.uri.path());
    sim.requests.count(served.name.as_str(), &head.method, path.name);
    let verdict = sim.faults.judge(served.name.as_str(), &head.method, path.name);
    pause(sim.options.latency + verdict.delay).await;
    let query = Query::new(head.uri.query().unwrap_or(""));
    let asked = Asked { sim: &sim, served: &served, head: &head, path, query };
    let outcome = asked.serve(body, verdict.outcome).await;
    let status = outcome.as_ref().map_or_else(ToString::to_string, |reply| reply.status.to_string());
    tracing::info!(
        target: "flasharray_sim::requests",
        "{} {} {} {status} {:.1}ms",
        served.name, head.method, head.uri, begun.elapsed().as_secs_f64() * 1e3
    );
    Ok(finish(&sim, &served, &head.headers, outcome?))
}

async fn pause(duration: Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}

/// The parts of a path: `/api/2.37/volumes/batch` is 2.37 and `volumes/batch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Path<'a> {
    version: Option<RestVersion>,
    /// Behind the version; the whole path where there is none.
    name: &'a str,
}

impl<'a> Path<'a> {
    fn of(path: &'a str) -> Self {
        let versioned = path.strip_prefix("/api/").and_then(|rest| {
            let (version, name) = rest.split_once('/')?;
            Some(Self { version: Some(version.parse().ok()?), name: name.trim_end_matches('/') })
        });
        versioned.unwrap_or(Self { version: None, name: path.trim_matches('/') })
    }
}

/// A request on its way to its handler.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    sim: &'a Shared,
    served: &'a Served,
    head: &'a hyper::http::request::Parts,
    path: Path<'a>,
    query: Query<'a>,
}

impl Asked<'_> {
    /// Does with the request what the faults say.
    async fn serve(self, body: Incoming, outcome: Outcome) -> Result<Reply, Closed> {
        match outcome {
            Outcome::Serve => self.reply(body).await,
            Outcome::ServeAs { status } => Ok(Reply { status, ..self.reply(body).await? }),
            Outcome::LoseReply => self.reply(body).await.and(Err(Closed)),
            Outcome::Close => Err(Closed),
            Outcome::Reply { status, body: Some(body), retry_after, .. } => {
                Ok(Reply { retry_after, ..Reply::new(status, body.into()) })
            }
            Outcome::Reply { status, message, body: None, as_errors, retry_after } => {
                Ok(Reply { retry_after, ..self.injected(status, message, as_errors) })
            }
        }
    }

    async fn reply(self, body: Incoming) -> Result<Reply, Closed> {
        let outcome = read(body).await.and_then(|body| self.dispatch(&body));
        outcome.or_else(|refusal| self.refuse(&refusal))
    }

    fn dispatch(self, body: &[u8]) -> Result<Reply, Refusal> {
        let Self { sim, served, head, path, query } = self;
        if !sim.world.array_is_available(&served.name)? {
            return Err(Refusal::silence());
        }
        if path.version.is_some_and(|version| version > sim.options.rest_max) {
            return Err(self.unknown());
        }
        let version = self.version();
        let headers = &head.headers;
        let call = Call { sim, array: &served.name, served, version, query, body: Body(body), headers };
        let route = sim.routes.find(&head.method, path.name, path.version);
        if let Some(open) = route.filter(|route| route.access != Access::Session) {
            return (open.handle)(&call);
        }
        if path.version.is_none() {
            return Err(self.unknown());
        }
        if !self.has_session() {
            return Err(Refusal::invalid_session());
        }
        let route = route.ok_or_else(|| self.unknown())?;
        self.check_context()?;
        (route.handle)(&call)
    }

    /// The version asked for; where the path has none, the newest.
    fn version(self) -> RestVersion {
        self.path.version.unwrap_or(self.sim.options.rest_max)
    }

    fn refuse(self, refusal: &Refusal) -> Result<Reply, Closed> {
        if refusal.silent { Err(Closed) } else { Ok(Reply::refusal(refusal, &self.served.name, self.version())) }
    }

    /// The reply of a fault.
    fn injected(self, status: u16, message: Option<String>, as_errors: Option<bool>) -> Reply {
        let usual = match status {
            401 => sentences::INVALID_SESSION,
            500 => sentences::INTERNAL,
            _ => StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error"),
        };
        let message = message.unwrap_or_else(|| usual.to_owned());
        Reply::refusal_in_form(
            &Refusal::with_status(status, None, message),
            &self.served.name,
            self.version(),
            as_errors,
        )
    }

    fn has_session(self) -> bool {
        let token = session_token(&self.head.headers);
        token.is_some_and(|token| self.sim.sessions.is_open(&self.served.name, token, self.sim.now_ms()))
    }

    /// `context_names` may be empty or name the array itself: there is no fleet to reach others through.
    fn check_context(self) -> Result<(), Refusal> {
        let others = self.query.list("context_names").unwrap_or_default();
        match others.into_iter().find(|name| *name != self.served.name.as_str()) {
            Some(other) => Err(Refusal::missing("Array", &other)),
            None => Ok(()),
        }
    }

    fn unknown(self) -> Refusal {
        let known = self.sim.routes.knows(self.path.name);
        let why = if known { "not in this version, or not with this method" } else { "not simulated" };
        tracing::warn!("{} {} {}: {why}", self.served.name, self.head.method, self.head.uri.path());
        Refusal::not_found()
    }
}

/// The token of a session: `x-auth-token`, or `Authorization: Bearer`.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    text(&X_AUTH_TOKEN).or_else(|| text(&AUTHORIZATION)?.strip_prefix("Bearer "))
}

async fn read(body: Incoming) -> Result<Bytes, Refusal> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(e) if e.is::<LengthLimitError>() => {
            Err(Refusal::bad("body", format!("The request body is larger than {BODY_LIMIT} bytes.")))
        }
        // the client has gone
        Err(_) => Err(Refusal::silence()),
    }
}

/// The headers that all replies have. `Date` is the array's own clock.
fn finish(sim: &Shared, served: &Served, asked: &HeaderMap, reply: Reply) -> Response<Full<Bytes>> {
    let is_empty = reply.body.is_empty();
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if !is_empty {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(id) = asked.get(X_REQUEST_ID) {
        headers.insert(X_REQUEST_ID, id.clone());
    }
    let tokens = [(X_NEXT_TOKEN, reply.next_token), (X_AUTH_TOKEN, reply.auth_token)];
    for (name, token) in tokens {
        if let Some(value) = token.and_then(|token| HeaderValue::from_maybe_shared(Bytes::from(token)).ok()) {
            headers.insert(name, value);
        }
    }
    if let Some(seconds) = reply.retry_after {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if let Some(date) = http_date(sim.now_ms().saturating_add(served.clock_skew_ms())) {
        headers.insert(DATE, date);
    }
    response
}

/// An instant as HTTP writes it: `Thu, 01 Jan 2026 00:00:00 GMT`.
fn http_date(ms: i64) -> Option<HeaderValue> {
    let at = jiff::Timestamp::from_millisecond(ms).ok()?;
    HeaderValue::from_maybe_shared(Bytes::from(at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_version_and_a_name() {
        let path = Path::of("/api/2.26/volumes/batch");
        assert_eq!((path.version, path.name), (Some(RestVersion::new(2, 26)), "volumes/batch"));
        for (text, name) in [
            ("/api/api_version", "api/api_version"),
            ("/oauth2/1.0/token", "oauth2/1.0/token"),
            ("/api/2.12/volumes", "api/2.12/volumes"),
            ("/api/2.26", "api/2.26"),
            ("/", ""),
        ] {
            assert_eq!(Path::of(text), Path { version: None, name }, "{text}");
        }
    }

    #[test]
    fn dates_are_as_http_has_them() {
        assert_eq!(http_date(1_767_225_600_000).unwrap(), "Thu, 01 Jan 2026 00:00:00 GMT");
    }
}
