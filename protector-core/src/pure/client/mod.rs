//! One array, one session, shared by everybody who asks it something.

mod counters;
mod exchange;
mod failure;
mod known;
mod pages;
mod reply;
mod session;

pub use counters::Counters;
pub(super) use reply::Reply;

use super::options::{ArrayEndpoint, PureOptions};
use super::request::{Request, Safety};
use super::retry::{self, Backoff, Failed, Retry};
use super::sentences::Advice;
use super::tls;
use super::version::RestVersion;
use super::wire;
use crate::model::ArrayId;
use crate::transport::{RemoteClock, Until};
use crate::{Error, Result};
use counters::Counting;

use failure::Failure;
use jiff::Timestamp;
use known::KnownArray;
use session::SessionSlot;
use std::{fmt, sync::Arc, time::Duration};
use tokio::sync::{Mutex, Semaphore};

/// A client of one array. Clones share the session, the connections, the counters and the bound on concurrent requests.
///
/// Nothing is sent before the first call. A session that the array has ended is replaced once per call; callers that find
/// out together log in once. Proxies of the environment are not used, and redirects are not followed: the token goes to the
/// array or nowhere. Waits are bounded by the timeouts and retries of [`PureOptions`], and by the caller's deadline.
#[derive(Clone)]
pub struct FlashArrayClient {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: ArrayEndpoint,
    options: PureOptions,
    http: reqwest::Client,
    session: Mutex<SessionSlot>,
    array: KnownArray,
    permits: Semaphore,
    counting: Counting,
    clock: RemoteClock,
}

impl FlashArrayClient {
    /// A client that has not connected yet. Reads the CA file, or the certificates of this machine.
    ///
    /// # Errors
    /// CA file or fingerprint cannot be read → `InvalidConfiguration` naming it → mend `[storage] array_ca_file`.
    pub fn new(endpoint: ArrayEndpoint, options: PureOptions) -> Result<Self> {
        let most = options.max_concurrent_requests.clamp(1, Semaphore::MAX_PERMITS);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(&options.trust)?)
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // what is sent again is decided here alone
            .retry(reqwest::retry::never())
            .connect_timeout(options.connect_timeout)
            .pool_max_idle_per_host(most)
            // an idle connection that the array closes while a request is written leaves its effect unknown
            .pool_idle_timeout(Duration::from_secs(20))
            .user_agent(concat!("protector/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::internal(format!("the HTTP client for {endpoint} cannot be set up: {e}")))?;
        let permits = Semaphore::new(most);
        Ok(Self {
            shared: Arc::new(Shared {
                endpoint,
                options,
                http,
                session: Mutex::default(),
                array: KnownArray::default(),
                permits,
                counting: Counting::default(),
                clock: RemoteClock::default(),
            }),
        })
    }

    /// Where it talks to.
    pub fn endpoint(&self) -> &ArrayEndpoint {
        &self.shared.endpoint
    }

    /// How it talks.
    pub fn options(&self) -> &PureOptions {
        &self.shared.options
    }

    /// The REST version spoken. Connects if that has not been done.
    ///
    /// # Errors
    /// no connection → `Unreachable`; token refused → `Unauthenticated` → mend the token; no common version →
    /// `Unsupported` → update Purity.
    pub async fn version(&self) -> Result<RestVersion> {
        self.version_by(None).await
    }

    /// As [`Self::version`], until `deadline`.
    ///
    /// # Errors
    /// As [`Self::version`]; deadline passed → `DeadlineExceeded`.
    pub async fn version_by(&self, deadline: Option<Timestamp>) -> Result<RestVersion> {
        let mut attempts = Attempts::new(Safety::Read, deadline);
        loop {
            match self.shared.session(None, attempts.until).await {
                Ok(session) => return Ok(session.version),
                Err(failure) => self.pause(&mut attempts, failure).await?,
            }
        }
    }

    /// The array's clock: the `Date` of its newest reply, carried forward. Ours until it has replied. Exact to a second.
    pub fn array_time(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Remembers which array it is. From then on each new session begins with a look whether it still is.
    ///
    /// # Errors
    /// another one than before → `Conflict` → check what the URL leads to.
    pub(super) fn confirm_array(&self, found: &wire::Array) -> Result<()> {
        self.shared.array.check(&self.shared.endpoint, found)
    }

    /// Id of the array, if somebody has asked for it by now. It never changes.
    pub(super) fn known_id(&self) -> Option<ArrayId> {
        self.shared.array.id().map(ArrayId::from)
    }

    /// What was sent and received so far, by all clones.
    pub fn counters(&self) -> Counters {
        self.shared.counting.read()
    }

    /// Ends the session on the array, if there is one. Best effort: nothing is reported and nothing tried twice. The next
    /// call logs in again.
    pub async fn close(&self) {
        self.shared.log_out().await;
    }

    /// Sends a request until it is answered or failed for good. Bounded by the options' timeouts and retries.
    ///
    /// # Errors
    /// As [`Self::send_by`].
    pub(super) async fn send(&self, request: &Request) -> Result<Reply> {
        self.send_by(request, None).await
    }

    /// Sends a request until it is answered, failed for good, or `deadline` has come.
    ///
    /// # Errors
    /// no connection, no answer to a read → `Unreachable`; a change may or may not have been made → `Indeterminate` → look,
    /// then repeat; busy → `Transient`; token refused, or session refused twice → `Unauthenticated`; not permitted →
    /// `Forbidden`; unknown to this version → `Unsupported`; deadline passed → `DeadlineExceeded`; a refusal of the array →
    /// as its sentence says; unreadable → `Internal`.
    pub(super) async fn send_by(&self, request: &Request, deadline: Option<Timestamp>) -> Result<Reply> {
        let target = request.target()?;
        self.shared.counting.request();
        let mut attempts = Attempts::new(request.safety, deadline);
        let mut refused_session = None;
        loop {
            match self.attempt(request, &target, refused_session, &attempts).await {
                Ok(reply) => return Ok(reply),
                // the first time this is how a session ends; the second time it is about the token
                Err(Failure { advice: Advice::NewSession, session, .. }) if refused_session.is_none() => {
                    refused_session = session;
                }
                Err(failure) => self.pause(&mut attempts, failure).await.map_err(|e| of_request(e, request))?,
            }
        }
    }

    /// One sending, in the present session or in one that replaces the `refused` one.
    async fn attempt(
        &self,
        request: &Request,
        target: &str,
        refused: Option<u64>,
        attempts: &Attempts,
    ) -> Result<Reply, Failure> {
        let session = self.shared.session(refused, attempts.until).await?;
        let sent = self.shared.call(request, target, &session, attempts.until, attempts.number).await;
        sent.map_err(|failure| failure.of_session(&session))
    }

    /// Waits until the next attempt, or says why there is none.
    async fn pause(&self, attempts: &mut Attempts, failure: Failure) -> Result<()> {
        let failed = Failed {
            attempt: attempts.number,
            retries: self.shared.options.retries,
            advice: failure.advice,
            unsure_before: attempts.unsure,
            names_state: failure.names_state(),
            safety: attempts.safety,
            retry_after: failure.retry_after,
            left: attempts.until.left(),
        };
        let backoff = Backoff { first: self.shared.options.first_pause };
        match retry::next(&failed, backoff, fastrand::f64()) {
            Retry::GiveUp => Err(failure.into_error(attempts.safety)),
            Retry::Observe => Err(failure.into_indeterminate()),
            Retry::After(pause) => {
                let milliseconds = pause.as_millis() as u64;
                tracing::info!(target: "protector.engine.storage.pure", pause_ms = milliseconds, "{failure}; again");
                attempts.unsure |= failure.advice == Advice::Unsure;
                attempts.number = attempts.number.saturating_add(1);
                self.shared.counting.retry();
                tokio::time::sleep(pause).await;
                Ok(())
            }
        }
    }
}

/// The sendings of one request.
struct Attempts {
    number: u32,
    unsure: bool,
    safety: Safety,
    until: Until,
}

impl Attempts {
    fn new(safety: Safety, deadline: Option<Timestamp>) -> Self {
        Self {
            number: 1,
            unsure: false,
            safety,
            until: deadline.map_or_else(Until::none, |deadline| Until::at(deadline, Timestamp::now())),
        }
    }
}

/// Says which request it was.
fn of_request(error: Error, request: &Request) -> Error {
    error.context(format_args!("{} {}", request.method, request.path))
}

impl fmt::Display for FlashArrayClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.endpoint.fmt(f)
    }
}

impl fmt::Debug for FlashArrayClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlashArrayClient")
            .field("endpoint", &self.shared.endpoint)
            .field("options", &self.shared.options)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}
