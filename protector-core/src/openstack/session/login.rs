//! The token and the catalogue: obtained, shared, renewed.

use super::Shared;
use super::Until;
use super::exchange::Outgoing;
use crate::ErrorKind;
use crate::openstack::call::Call;
use crate::openstack::clouds::{CloudEntry, Credential};
use crate::openstack::endpoints;
use crate::openstack::failure::{Again, Failure, judge};
use crate::openstack::identity::{self, CatalogueEntry};
use crate::openstack::service::Service;
use reqwest::Method;
use reqwest::header::HeaderValue;
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;

/// A token is not used for the last seconds of its life: it must live until the service has asked Keystone about it.
const MARGIN: Duration = Duration::from_secs(60);

/// A token with what came along.
pub(super) struct Login {
    /// Counts the logins of this session.
    pub(super) number: u64,
    /// Sent with each call. Marked as sensitive, so that it is not printed.
    pub(super) token: HeaderValue,
    /// Project that it is for.
    pub(super) project: Option<String>,
    catalogue: Vec<CatalogueEntry>,
    usable_until: Option<Instant>,
}

impl Login {
    /// The address below which a service's paths stand.
    pub(super) fn endpoint(&self, entry: &CloudEntry, service: Service) -> Result<Url, Failure> {
        let url = match entry.overrides.get(&service) {
            Some(url) => url.clone(),
            None if service == Service::Identity => entry.auth_url.clone(),
            None => endpoints::endpoint(&self.catalogue, service, entry.region.as_deref(), entry.interface)
                .map_err(|e| Failure::from(e.context(format_args!("cloud '{}'", entry.name))))?,
        };
        Ok(endpoints::base(&url, service, self.project.as_deref()))
    }

    fn is_usable(&self) -> bool {
        self.usable_until.is_none_or(|end| Instant::now() < end)
    }
}

/// The present login, and how the last try ended.
#[derive(Default)]
pub(super) struct LoginSlot {
    count: u64,
    present: Option<Arc<Login>>,
    failed: Option<(Instant, Failure)>,
}

impl Shared {
    /// The present login; a new one if there is none, it is about to end, or it is the one that was `refused`. Callers that
    /// come while one is obtained wait for it and share its end, so that a wrong password is not tried by each of them.
    pub(super) async fn login(&self, refused: Option<u64>, until: Until) -> Result<Arc<Login>, Failure> {
        let asked = Instant::now();
        let Some(mut slot) = until.wait(self.login.lock()).await else {
            let text = format!("the deadline came before Keystone of cloud '{}' was asked", self.entry.name);
            return Err(Failure::new(ErrorKind::DeadlineExceeded, Again::Yes, text));
        };
        if let Some(present) = slot.present.as_ref().filter(|login| Some(login.number) != refused && login.is_usable())
        {
            return Ok(Arc::clone(present));
        }
        if let Some((_, failure)) = slot.failed.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(failure.clone());
        }
        slot.present = None;
        match self.log_in(slot.count + 1, until).await {
            Ok(login) => {
                let login = Arc::new(login);
                slot.count = login.number;
                slot.present = Some(Arc::clone(&login));
                slot.failed = None;
                Ok(login)
            }
            Err(failure) => {
                let failure = failure.before_sending().without_secret(self.entry.credential.secret().expose());
                // one caller's deadline is not the others'
                let is_shared = failure.kind != ErrorKind::DeadlineExceeded;
                slot.failed = Some((Instant::now(), failure.clone())).filter(|_| is_shared);
                Err(failure)
            }
        }
    }

    async fn log_in(&self, number: u64, until: Until) -> Result<Login, Failure> {
        let cloud = &self.entry.name;
        let mut url = self.entry.auth_url.clone();
        url.set_path(&format!("{}/auth/tokens", url.path().trim_end_matches('/')));
        let body = identity::token_request(&self.entry.credential);
        let call = Call::post(Service::Identity, &["auth", "tokens"], serde_json::Value::Null);
        let outgoing = Outgoing {
            service: Service::Identity,
            method: Method::POST,
            path: call.path(),
            url,
            token: None,
            headers: Vec::new(),
            body: Some(body.to_string().into_bytes()),
        };
        let incoming = self.exchange(outgoing, until).await?;
        if !incoming.is_success() {
            let failure = judge(&call, &incoming.refusal(cloud));
            // Keystone does not find an application credential that was deleted, and a token that was revoked
            let is_rejected = matches!(failure.kind, ErrorKind::Unauthenticated | ErrorKind::NotFound);
            return Err(if is_rejected { self.rejected(failure) } else { failure });
        }
        let token = incoming.headers.get("x-subject-token").cloned();
        let granted = identity::granted(&incoming.body);
        let (Some(mut token), Some(granted)) = (token, granted) else {
            let text = format!("what answers as Keystone of cloud '{cloud}' at {} gives no token", self.entry.auth_url);
            return Err(Failure::new(ErrorKind::Unsupported, Again::Never, text)
                .remedy(format!("check auth_url of '{cloud}' in clouds.yaml: https://<host>:5000/v3")));
        };
        token.set_sensitive(true);
        self.counting.login();
        // measured on Keystone's own clock, which may differ from ours
        let life = granted.expires_at.map(|end| end.duration_since(self.clock.now()));
        let usable_until = life.and_then(|life| {
            let life = if life.is_negative() { Duration::ZERO } else { life.unsigned_abs() };
            Instant::now().checked_add(life.saturating_sub(MARGIN))
        });
        tracing::debug!(target: super::exchange::TARGET, %cloud, number, "token obtained");
        Ok(Login { number, token, project: granted.project, catalogue: granted.catalogue, usable_until })
    }

    /// A credential that is not accepted.
    fn rejected(&self, failure: Failure) -> Failure {
        let cloud = &self.entry.name;
        let remedy = match &self.entry.credential {
            Credential::Password { .. } => format!(
                "compare username, domains, project and password of '{cloud}' in clouds.yaml and secure.yaml: openstack \
                 --os-cloud {cloud} token issue"
            ),
            Credential::Token { .. } => format!(
                "the token of '{cloud}' in clouds.yaml has ended or was revoked, and cannot be renewed: use an application \
                 credential"
            ),
            Credential::Application { .. } => format!(
                "the application credential of '{cloud}' in clouds.yaml is wrong, has expired or was deleted, or there is a \
                 scope beside it: openstack application credential create protector"
            ),
        };
        Failure { kind: ErrorKind::Unauthenticated, ..failure }.remedy(remedy)
    }
}
