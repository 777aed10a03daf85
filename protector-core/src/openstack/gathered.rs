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

/// How many servers are asked for at the same time before all of the project are listed instead.
const SEVERAL: usize = 3;

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
}

impl Gathered {
    fn ask(&self, id: &ServerId) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
    }

    fn take(&self) -> BTreeSet<ServerId> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl OpenStackCloud {
    /// The server with this id, if there is one.
    pub(super) async fn asked_server(&self, id: &ServerId, until: Until) -> Result<Option<Server>> {
        let gathered = &self.reads.asked_servers;
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
