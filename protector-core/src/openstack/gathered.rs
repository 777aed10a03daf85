//! Servers that are asked for one by one, and answered together.

use super::OpenStackCloud;
use super::answers::Server;
use super::calls::nova;
use super::reads::Flight;
use super::session::Until;
use crate::Result;
use crate::model::ServerId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many servers are asked for at the same time before all of the project are listed instead.
const SEVERAL: usize = 3;
/// Whoever asks within this time what the answer before said already is answered with that, once: less than a list takes.
const AT_ONCE: Duration = Duration::from_millis(250);

/// What was found of those who were asked for.
#[derive(Debug)]
enum Found {
    Each(BTreeMap<ServerId, Option<Server>>),
    All(Vec<Server>),
}

/// Servers that somebody asks for.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    asked: Mutex<BTreeSet<ServerId>>,
    flight: Flight<Found>,
    /// As they were seen when somebody who waited was told of them.
    kept: Mutex<BTreeMap<ServerId, (Instant, Server)>>,
}

impl Gathered {
    fn ask(&self, id: &ServerId) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
    }

    fn take(&self) -> BTreeSet<ServerId> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps what Nova has said of a server, for whoever asks next, at once.
    pub(super) fn keep(&self, server: &Server) {
        let id = ServerId::from(server.id.as_str());
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(id, (Instant::now(), server.clone()));
    }

    /// It is about to change.
    pub(super) fn forget(&self, id: &ServerId) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    fn take_kept(&self, id: &ServerId) -> Option<Server> {
        let (at, server) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(id)?;
        (at.elapsed() < AT_ONCE).then_some(server)
    }
}

impl OpenStackCloud {
    /// The server with this id, if there is one.
    pub(super) async fn asked_server(&self, id: &ServerId, until: Until) -> Result<Option<Server>> {
        let gathered = &self.reads.asked_servers;
        if let Some(server) = gathered.take_kept(id) {
            return Ok(Some(server));
        }
        gathered.ask(id);
        let told = match &*gathered.flight.read(until, self.find_servers(id, until)).await? {
            Found::Each(found) => found.get(id).cloned(),
            Found::All(listed) => listed.iter().find(|server| server.id == id.as_str()).cloned().map(Some),
        };
        match told {
            Some(found) => Ok(found),
            // it may be another project's, which is not the same as gone
            None => self.find_server(id, until).await,
        }
    }

    /// All that are asked for by now, and this one.
    async fn find_servers(&self, id: &ServerId, until: Until) -> Result<Found> {
        let mut asked = self.reads.asked_servers.take();
        asked.insert(id.clone());
        if asked.len() >= SEVERAL {
            return self.session.list(&nova::servers(), "servers", until).await.map(Found::All);
        }
        let each = asked.into_iter().map(|id| async {
            let found = self.find_server(&id, until).await?;
            Ok::<_, crate::Error>((id, found))
        });
        Ok(Found::Each(futures::future::try_join_all(each).await?.into_iter().collect()))
    }
}
