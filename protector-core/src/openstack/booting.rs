//! Servers that Nova builds for us. To show one in full costs Nova and Neutron a good part of what it costs to build it, so
//! those who wait ask for less: which ones are not built yet.

use super::OpenStackCloud;
use super::answers::{Server, ServerEntry};
use super::calls::nova;
use super::reads::Flight;
use super::session::Until;
use crate::Result;
use crate::model::{OpKey, ServerId};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What has become of a server that was ordered.
#[derive(Debug)]
pub(super) enum Ordered {
    /// Nova builds it.
    Building,
    /// It was built, or is in error.
    Built(Box<Server>),
    /// It was not ordered here, or is gone.
    Unknown,
}

/// Servers that were ordered here, by the key that they were ordered under.
#[derive(Debug, Default)]
pub(super) struct Booting {
    ordered: Mutex<BTreeMap<OpKey, ServerId>>,
    unbuilt: Flight<Vec<ServerEntry>>,
}

impl Booting {
    /// Remembers it until it is built.
    pub(super) fn note(&self, key: &OpKey, id: ServerId) {
        self.ordered().insert(key.clone(), id);
    }

    fn ordered(&self) -> MutexGuard<'_, BTreeMap<OpKey, ServerId>> {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenStackCloud {
    pub(super) async fn ordered(&self, key: &OpKey, until: Until) -> Result<Ordered> {
        let id = self.booting.ordered().get(key).cloned();
        let Some(id) = id else { return Ok(Ordered::Unknown) };
        let list = async { self.session.list(&nova::unbuilt(), "servers", until).await };
        let unbuilt = self.booting.unbuilt.read(until, list).await?;
        if unbuilt.iter().any(|server| server.id == id.as_str()) {
            return Ok(Ordered::Building);
        }
        let found = self.asked_server(&id, until).await?;
        self.booting.ordered().remove(key);
        Ok(found.map_or(Ordered::Unknown, |server| Ordered::Built(Box::new(server))))
    }
}
