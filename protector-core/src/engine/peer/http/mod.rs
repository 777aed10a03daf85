//! The other site's metadata over HTTP(S), from its `protector-api`.

mod exchange;
mod keystone;
#[cfg(test)]
mod tests;

use super::Reachable;
use super::wire::{self, Answer, Call, CarriedRecord, PROTOCOL, Question};
use crate::model::SiteApi;
use crate::model::{Drills, GroupRecord, ProtectionGroupId, SiteName};
use crate::ports::{OpenTest, Peer, PeerVersion};
use crate::{Error, ErrorKind, Result};
use async_trait::async_trait;
use exchange::Exchange;
use std::fmt;

/// A [`Peer`] that asks the other site's `protector-api`.
///
/// A change is sent once. If no answer comes back to it, what became of it is `Indeterminate`; whoever asks again with the
/// same record finds out. Each wait ends with [`SiteApi::timeout`].
pub struct HttpPeer {
    here: SiteName,
    site: SiteName,
    exchange: Exchange,
    reachable: Reachable,
}

impl HttpPeer {
    /// `site`, asked by `here` at the address of `api`, as long as `reachable` says so. Nothing is sent yet. `api` holds
    /// the secret itself, not where it is.
    ///
    /// # Errors
    /// CA file cannot be read → `InvalidConfiguration` naming it → mend `[site:<name>] api_ca_file`.
    pub fn new(here: SiteName, site: SiteName, api: &SiteApi, reachable: Reachable) -> Result<Self> {
        let exchange = Exchange::new(&site, api)?;
        Ok(Self { here, site, exchange, reachable })
    }

    async fn ask(&self, call: Call) -> Result<Answer> {
        if !(self.reachable)()? {
            return Err(Error::new(ErrorKind::PeerUnreachable, format!("{} does not answer", self.site)));
        }
        let changes = call.changes();
        let question = Question { protocol: PROTOCOL, from: self.here.clone(), to: self.site.clone(), call };
        let body = serde_json::to_vec(&serde_json::json!({ "question": question }))
            .map_err(|e| Error::internal("a question cannot be written as JSON").source(e))?;
        match self.exchange.send(body, changes).await? {
            Answer::Refused { code, message, remedy } => Err(wire::refusal(&code, message, remedy)),
            answer => Ok(answer),
        }
    }

    async fn told(&self, call: Call) -> Result<()> {
        let changes = call.changes();
        match self.ask(call).await? {
            Answer::Done {} => Ok(()),
            other => Err(self.exchange.not_understood(changes, &format!("{} in place of done", name(&other)))),
        }
    }

    async fn recalled(&self, call: Call) -> Result<Option<GroupRecord>> {
        match self.ask(call).await? {
            Answer::Record(record) => record.map(|record| record.unpack()).transpose(),
            other => Err(self.exchange.not_understood(false, &format!("{} in place of a record", name(&other)))),
        }
    }
}

fn name(answer: &Answer) -> &'static str {
    match answer {
        Answer::Done {} => "done",
        Answer::Version(_) => "a version",
        Answer::Record(_) => "a record",
        Answer::OpenTests(_) => "tests",
        Answer::Drills(_) => "drills",
        Answer::Refused { .. } => "a refusal",
    }
}

impl fmt::Debug for HttpPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpPeer").field("site", &self.site).field("exchange", &self.exchange).finish_non_exhaustive()
    }
}

impl fmt::Display for HttpPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.site, self.exchange)
    }
}

#[async_trait]
impl Peer for HttpPeer {
    fn site(&self) -> &SiteName {
        &self.site
    }

    async fn ping(&self) -> Result<()> {
        self.told(Call::Ping).await
    }

    async fn version(&self, group: &ProtectionGroupId) -> Result<PeerVersion> {
        match self.ask(Call::Version { group: group.clone() }).await? {
            Answer::Version(version) => Ok(wire::peer_version(version)),
            other => Err(self.exchange.not_understood(false, &format!("{} in place of a version", name(&other)))),
        }
    }

    async fn record(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.recalled(Call::Record { group: group.clone() }).await
    }

    async fn agreed(&self, group: &ProtectionGroupId) -> Result<Option<GroupRecord>> {
        self.recalled(Call::Agreed { group: group.clone() }).await
    }

    async fn open_tests(&self, group: &ProtectionGroupId) -> Result<Vec<OpenTest>> {
        match self.ask(Call::OpenTests { group: group.clone() }).await? {
            Answer::OpenTests(tests) => Ok(tests),
            other => Err(self.exchange.not_understood(false, &format!("{} in place of tests", name(&other)))),
        }
    }

    async fn drills(&self, group: &ProtectionGroupId) -> Result<Drills> {
        match self.ask(Call::Drills { group: group.clone() }).await? {
            Answer::Drills(drills) => Ok(drills),
            other => Err(self.exchange.not_understood(false, &format!("{} in place of drills", name(&other)))),
        }
    }

    async fn check_tokens(&self, record: &GroupRecord) -> Result<()> {
        self.told(Call::CheckTokens { record: Box::new(CarriedRecord::pack(record)?) }).await
    }

    async fn push(&self, record: &GroupRecord, expected: PeerVersion) -> Result<()> {
        let record = Box::new(CarriedRecord::pack(record)?);
        self.told(Call::Push { record, expected: wire::version(expected) }).await
    }

    async fn remove(&self, group: &ProtectionGroupId, expected: PeerVersion) -> Result<()> {
        self.told(Call::Remove { group: group.clone(), expected: wire::version(expected) }).await
    }
}
