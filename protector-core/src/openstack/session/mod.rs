//! One cloud, one token, shared by everybody who asks it something. The only place that sends.

mod counters;
mod exchange;
mod login;
mod pages;
mod reply;

pub(super) use crate::transport::Until;
pub use counters::Counters;
pub(super) use reply::Reply;

use super::call::{Call, Safety};
use super::clouds::CloudEntry;
use super::failure::{Again, Failure, Refusal, judge};
use super::options::OpenStackOptions;
use super::service::Service;
use super::tls;
use super::versions::{self, Microversion};
use crate::transport::RemoteClock;
use crate::{Error, ErrorKind, Result};
use counters::Counting;
use exchange::Outgoing;
use jiff::Timestamp;
use login::{Login, LoginSlot};
use std::collections::BTreeMap;
use std::{
    fmt,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, OnceCell, Semaphore};

/// A session with one cloud. Clones share the token, the connections, the counters and the bounds on concurrent requests.
///
/// Nothing is sent before the first call. A token that a service refuses is replaced once per call; callers that find out
/// together log in once. Proxies of the environment are not used, and redirects are not followed: the token goes to the
/// addresses of the catalogue or nowhere. Bodies are never logged: some of Cinder's carry the tokens of arrays.
#[derive(Clone)]
pub(super) struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    entry: CloudEntry,
    options: OpenStackOptions,
    http: reqwest::Client,
    login: Mutex<LoginSlot>,
    services: BTreeMap<Service, PerService>,
    counting: Counting,
    clock: RemoteClock,
    /// When a change was sent last.
    changed: std::sync::Mutex<Option<Instant>>,
}

/// What is kept of one service.
struct PerService {
    permits: Semaphore,
    /// Agreed upon once.
    microversion: OnceCell<Option<Microversion>>,
}

impl Session {
    /// A session that has not begun yet. Reads the CA file, or the certificates of this machine.
    ///
    /// # Errors
    /// CA file cannot be read → `InvalidConfiguration` naming it → mend `cacert` in clouds.yaml.
    pub(super) fn new(entry: CloudEntry, options: OpenStackOptions) -> Result<Self> {
        let most = options.max_concurrent_requests.clamp(1, Semaphore::MAX_PERMITS);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(&entry.trust)?)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // what is sent again is decided here alone
            .retry(reqwest::retry::never())
            .connect_timeout(options.connect_timeout)
            .pool_max_idle_per_host(most)
            // an idle connection that a service closes while a request is written leaves its effect unknown; uWSGI's
            // keep-alive is 4 s by default, HAProxy's 10 s
            .pool_idle_timeout(Duration::from_secs(3))
            .user_agent(concat!("protector/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::internal(format!("the HTTP client for {} cannot be set up: {e}", entry.name)))?;
        let services = Service::ALL
            .map(|service| (service, PerService { permits: Semaphore::new(most), microversion: OnceCell::new() }));
        Ok(Self {
            shared: Arc::new(Shared {
                entry,
                options,
                http,
                login: Mutex::default(),
                services: services.into(),
                counting: Counting::default(),
                clock: RemoteClock::default(),
                changed: std::sync::Mutex::default(),
            }),
        })
    }

    /// Name of the cloud in clouds.yaml.
    pub(super) fn cloud(&self) -> &str {
        &self.shared.entry.name
    }

    /// The entry it was made from.
    pub(super) fn entry(&self) -> &CloudEntry {
        &self.shared.entry
    }

    /// What was sent and received so far, by all clones.
    pub(super) fn counters(&self) -> Counters {
        self.shared.counting.read()
    }

    /// The cloud's clock: the `Date` of its newest reply, carried forward. Ours until it has replied. Exact to a second.
    pub(super) fn cloud_time(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Project that the token is for.
    ///
    /// # Errors
    /// as [`Self::send`]; a token without a project → `Precondition` → name one in clouds.yaml.
    pub(super) async fn project(&self, until: Until) -> Result<String> {
        let login = self.shared.login(None, until).await.map_err(|failure| failure.into_error(false))?;
        login.project.clone().ok_or_else(|| {
            Error::precondition(format!("the token for cloud '{}' is for no project", self.cloud()))
                .remedy("name a project in clouds.yaml, or make the application credential in one")
        })
    }

    /// Asks Keystone for its version, with a token that it has accepted.
    ///
    /// # Errors
    /// as [`Self::send`].
    pub(super) async fn greet(&self) -> Result<()> {
        let until = Until::none();
        self.shared.login(None, until).await.map_err(|failure| failure.into_error(false))?;
        let question = Outgoing::bare(Service::Identity, self.shared.entry.auth_url.clone());
        let incoming = self.shared.exchange(question, until).await.map_err(|failure| failure.into_error(false))?;
        if incoming.is_success() || incoming.status == 300 {
            return Ok(());
        }
        let call = Call::get(Service::Identity, &["v3"]);
        Err(judge(&call, &incoming.refusal(self.cloud())).into_error(false))
    }

    /// Whether nothing was changed from here for so long.
    pub(super) fn is_quiet_for(&self, age: Duration) -> bool {
        let changed = *self.shared.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.is_none_or(|at| at.elapsed() > age)
    }

    /// Sends a call until it is answered, failed for good, or the deadline has come.
    ///
    /// # Errors
    /// no connection, no answer to a read → `Unreachable`; a change may or may not have been made → `Indeterminate` → look,
    /// then repeat; busy, faulty → `Transient`; credentials or token refused → `Unauthenticated`; not permitted →
    /// `Forbidden` naming the rule; over quota → `LimitReached`; unknown to that service → `Unsupported`; deadline passed →
    /// `DeadlineExceeded`; a refusal → as its sentence says; unreadable → `Internal`.
    pub(super) async fn send(&self, call: &Call, until: Until) -> Result<Reply> {
        let changes = call.safety != Safety::Read;
        let note = || {
            if changes {
                *self.shared.changed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            }
        };
        note();
        let answer = self.send_until_answered(call, until).await;
        note();
        answer
    }

    async fn send_until_answered(&self, call: &Call, until: Until) -> Result<Reply> {
        let target = call.target()?;
        let shared = &self.shared;
        shared.counting.call();
        let (mut refused_login, mut unsure, mut repeated) = (None, false, false);
        loop {
            let mut failure = match shared.attempt(call, &target, refused_login, until).await {
                Ok(reply) => return Ok(reply),
                // the first time this is how a token ends; the second time it is about the user
                Err((failure, Some(login)))
                    if failure.kind == ErrorKind::Unauthenticated && refused_login.is_none() =>
                {
                    refused_login = Some(login);
                    continue;
                }
                Err((failure, _)) => failure,
            };
            let may_repeat = match failure.again {
                Again::Never => false,
                Again::Yes => !unsure || call.safety != Safety::Once,
                Again::Unsure => call.safety != Safety::Once,
            };
            let pause = failure.retry_after.unwrap_or_default().max(shared.options.pause);
            let in_time = until.left().is_none_or(|left| pause < left) && pause <= Duration::from_secs(30);
            if repeated || !may_repeat || !in_time {
                // what an earlier sending may have done is not undone by a later refusal
                if unsure && failure.again != Again::Never {
                    failure.again = Again::Unsure;
                }
                return Err(failure.into_error(call.changes()));
            }
            tracing::info!(target: exchange::TARGET, pause_ms = pause.as_millis() as u64, "{failure}; again");
            unsure |= failure.again == Again::Unsure;
            repeated = true;
            shared.counting.retry();
            tokio::time::sleep(pause).await;
        }
    }

    /// As [`Self::send`], for an object that may be missing.
    ///
    /// # Errors
    /// as [`Self::send`], but for `NotFound`.
    pub(super) async fn find(&self, call: &Call, until: Until) -> Result<Option<Reply>> {
        match self.send(call, until).await {
            Ok(reply) => Ok(Some(reply)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
}

impl Shared {
    /// One sending, with the present token or with one that replaces the `refused` one. A failure comes with the login it
    /// happened in, if it got that far.
    async fn attempt(
        &self,
        call: &Call,
        target: &str,
        refused: Option<u64>,
        until: Until,
    ) -> Result<Reply, (Failure, Option<u64>)> {
        let login = self.login(refused, until).await.map_err(|failure| (failure, None))?;
        let sent = self.send_in(&login, call, target, until).await;
        sent.map_err(|failure| {
            let token = login.token.to_str().unwrap_or_default();
            (failure.without_secret(token), Some(login.number))
        })
    }

    async fn send_in(&self, login: &Login, call: &Call, target: &str, until: Until) -> Result<Reply, Failure> {
        let base = login.endpoint(&self.entry, call.service)?;
        let spoken = self.microversion(login, call.service, &base, until).await?;
        let microversion = spoken.map(|spoken| call.version.unwrap_or(spoken));
        let url = format!("{}/{target}", base.as_str().trim_end_matches('/'));
        let url =
            url::Url::parse(&url).map_err(|e| Failure::from(Error::internal(format!("'{url}' is no URL: {e}"))))?;
        let outgoing = Outgoing {
            service: call.service,
            method: call.method.clone(),
            path: call.path(),
            url,
            token: Some(login.token.clone()),
            headers: microversion.map(|version| versions::headers(call.service, version)).unwrap_or_default(),
            body: call.body.as_ref().map(|body| body.to_string().into_bytes()),
        };
        let incoming = self.exchange(outgoing, until).await?;
        if incoming.is_success() {
            let what = format!("{} of cloud '{}', {} {}", call.service, self.entry.name, call.method, call.path());
            return Ok(Reply::new(what, incoming.body));
        }
        Err(judge(call, &incoming.refusal(&self.entry.name)))
    }

    /// The microversion that is spoken with a service; asked for once. Cinder tells it below its version only to those who
    /// bring a token.
    async fn microversion(
        &self,
        login: &Login,
        service: Service,
        base: &url::Url,
        until: Until,
    ) -> Result<Option<Microversion>, Failure> {
        let Some(kept) = self.services.get(&service) else { return Ok(None) };
        if versions::wanted(service).is_none() {
            return Ok(None);
        }
        let agreed = kept.microversion.get_or_try_init(|| async {
            let bare = Outgoing::bare(service, super::endpoints::version_document(base));
            let question = Outgoing { token: Some(login.token.clone()), ..bare };
            let incoming = self.exchange(question, until).await.map_err(Failure::before_sending)?;
            if !incoming.is_success() && incoming.status != 300 {
                let call = Call::get(service, &["versions"]);
                let refusal: Refusal<'_> = incoming.refusal(&self.entry.name);
                return Err(judge(&call, &refusal).before_sending());
            }
            versions::negotiate(service, &incoming.body)
                .map_err(|e| Failure::from(e.context(format_args!("cloud '{}'", self.entry.name))))
        });
        agreed.await.copied()
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.cloud())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("cloud", &self.shared.entry)
            .field("options", &self.shared.options)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
