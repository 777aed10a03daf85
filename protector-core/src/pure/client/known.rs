//! Which array answers at the endpoint. Its name may change, what it is may not.

use super::Shared;
use super::exchange::Outgoing;
use super::failure::Failure;
use super::session::Session;
use crate::pure::options::ArrayEndpoint;
use crate::pure::sentences::{Advice, Verdict, classify};
use crate::pure::wire::{Array, Page};
use crate::transport::Until;
use crate::{Error, ErrorKind, Result};
use reqwest::Method;
use reqwest::header::HeaderName;
use std::sync::OnceLock;

/// Id and name of the array, since somebody asked for them.
#[derive(Debug, Default)]
pub(super) struct KnownArray(OnceLock<(String, String)>);

impl KnownArray {
    /// Id of the array, if it is known by now.
    pub(super) fn id(&self) -> Option<&str> {
        self.0.get().map(|(id, _)| id.as_str())
    }

    /// Remembers the first array, and refuses any other.
    pub(super) fn check(&self, endpoint: &ArrayEndpoint, found: &Array) -> Result<()> {
        let (id, name) = self.0.get_or_init(|| (found.id.clone(), found.name.clone()));
        if *id == found.id {
            return Ok(());
        }
        Err(Error::conflict(format!(
            "at {endpoint} answers array '{}' (id {}), and not '{name}' (id {id}) as before",
            found.name, found.id
        ))
        .remedy("check what the array URL leads to; nothing was sent to that array but a log-in and this question"))
    }
}

impl Shared {
    /// Asks in a new session which array it is, if that was known before. Arrays end idle sessions, but so does an address
    /// that leads to another array from now on.
    pub(super) async fn confirm_array(&self, session: &Session, until: Until) -> Result<(), Failure> {
        if self.array.0.get().is_none() {
            return Ok(());
        }
        let question = Outgoing {
            method: Method::GET,
            path: "arrays",
            target: format!("/api/{}/arrays", session.version),
            proof: Some((HeaderName::from_static("x-auth-token"), session.token.clone())),
            body: None,
            attempt: 1,
        };
        let incoming = self.exchange(question, until).await?;
        if !incoming.is_success() {
            return Err(Failure::refused(&self.endpoint, &incoming, classify).of_session(session));
        }
        let page: Option<Page<Array>> = serde_json::from_slice(&incoming.body).ok();
        let Some(found) = page.and_then(|page| page.items?.into_iter().next()) else {
            let verdict = Verdict::new(ErrorKind::Internal, Advice::Never);
            return Err(Failure::new(verdict, format!("{} did not say what it is", self.endpoint)));
        };
        self.array.check(&self.endpoint, &found).map_err(|e| Failure::last(&e))
    }
}
