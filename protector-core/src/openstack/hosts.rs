//! Which of Cinder's backends offers a volume type, and which has an array volume.

use super::OpenStackCloud;
use super::answers::{CinderService, Manageable, Pool, without_pool};
use super::call::Call;
use super::calls::cinder;
use super::reads::{CLONES, NOW};
use super::session::Until;
use crate::model::{VOLUME_BACKEND_NAME, VolumeType};
use crate::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long it is remembered which pools offer a type: they change when somebody rebuilds the cloud.
const REMEMBERED: Duration = Duration::from_secs(30);

/// How many array volumes are asked for at once.
const PAGE: u32 = 1000;

/// Names of pools, `host@backend#pool`; `None`: it could not be found out.
type Offered = Option<Vec<String>>;

/// Pools by volume type, as they were a moment ago.
#[derive(Debug, Default)]
pub(super) struct Pools(Mutex<BTreeMap<String, (Instant, Offered)>>);

impl Pools {
    fn recall(&self, volume_type: &str) -> Option<Offered> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(volume_type).filter(|(at, _)| at.elapsed() < REMEMBERED).map(|(_, pools)| pools.clone())
    }

    fn keep(&self, volume_type: &str, pools: &Offered) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(volume_type.to_owned(), (Instant::now(), pools.clone()));
    }
}

/// Where an array volume can be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// On this host, and what its backend says of it.
    On(String, Manageable),
    /// On none of those that offer the type.
    Nowhere,
    /// The backends cannot be asked; this host offers the type.
    Unasked(String),
}

impl OpenStackCloud {
    /// Pools that offer a type, as the scheduler sees it; `None`: nobody can say, for example because only administrators
    /// are told. Pools are asked for by name alone.
    pub(super) async fn pools(&self, volume_type: &VolumeType, until: Until) -> Result<Offered> {
        if let Some(pools) = self.pools.recall(&volume_type.name) {
            return Ok(pools);
        }
        let pools = match self.pools_if_told(&cinder::pools(&volume_type.name), until).await? {
            // Cinder's own filters fail over pools that are provisioned thinly, as those of FlashArrays are
            None => self.pools_by_backend_name(volume_type, until).await?,
            told => told,
        };
        self.pools.keep(&volume_type.name, &pools);
        Ok(pools)
    }

    async fn pools_if_told(&self, question: &Call, until: Until) -> Result<Offered> {
        match self.session.send(question, until).await {
            Ok(reply) => Ok(Some(reply.under::<Vec<Pool>>("pools")?.into_iter().map(|pool| pool.name).collect())),
            Err(e) if is_silence(&e) => Err(e),
            Err(e) => {
                tracing::debug!(target: "protector.engine.cloud.openstack", "pools cannot be asked for: {e}");
                Ok(None)
            }
        }
    }

    /// Pools that a type may lie in by the name of its backend; all, if it names none. `None` also where it is not a plain
    /// name, which the scheduler alone can read.
    async fn pools_by_backend_name(&self, volume_type: &VolumeType, until: Until) -> Result<Offered> {
        let name = volume_type.extra_specs.get(VOLUME_BACKEND_NAME).map(String::as_str);
        if name.is_some_and(|name| name.contains(['<', '>', '=']) || name.starts_with("s!")) {
            return Ok(None);
        }
        self.pools_if_told(&cinder::pools_of_backend(name), until).await
    }

    /// Refuses a type that no backend offers, as far as that can be found out.
    ///
    /// # Errors
    /// none offers it → `Precondition`.
    pub(super) async fn offered(&self, volume_type: &VolumeType, until: Until) -> Result<Offered> {
        match self.pools(volume_type, until).await? {
            Some(pools) if pools.is_empty() => Err(self.unoffered(volume_type)),
            pools => Ok(pools),
        }
    }

    pub(super) fn unoffered(&self, volume_type: &VolumeType) -> Error {
        let (whose, name) = (self.whose(), &volume_type.name);
        Error::precondition(format!("no backend of {whose} offers volume type '{name}'")).remedy(format!(
            "compare {VOLUME_BACKEND_NAME} of the type with the backends: {} volume type show {name}",
            self.command()
        ))
    }

    /// Backend on which volumes of a type lie, `host@backend`, if there is only one and it can be found out.
    pub(super) async fn backend_of_type(&self, volume_type: &VolumeType, until: Until) -> Result<Option<String>> {
        let pools = match self.pools(volume_type, until).await? {
            Some(pools) => pools,
            None => self.service_hosts_if_told(until).await?,
        };
        let backends: BTreeSet<&str> = pools.iter().map(|host| without_pool(host)).collect();
        let mut backends = backends.into_iter();
        Ok(match (backends.next(), backends.next()) {
            (Some(only), None) => Some(only.to_owned()),
            _ => None,
        })
    }

    async fn service_hosts_if_told(&self, until: Until) -> Result<Vec<String>> {
        match self.service_hosts(until).await {
            Err(e) if !is_silence(&e) => Ok(Vec::new()),
            told => told,
        }
    }

    /// Where an array volume of this name can be taken over as one of that type.
    ///
    /// # Errors
    /// no backend offers the type, or none is up → `Precondition`; not allowed to know → `Forbidden`.
    pub(super) async fn host_of(&self, array_volume: &str, volume_type: &VolumeType, until: Until) -> Result<Found> {
        let hosts = match self.offered(volume_type, until).await? {
            Some(pools) => pools,
            None => self.service_hosts(until).await?,
        };
        let mut unasked = None;
        for host in hosts {
            match self.manageable(&host, array_volume, until).await {
                Ok(Some(found)) => return Ok(Found::On(host, found)),
                Ok(None) => {}
                Err(e) if is_silence(&e) || e.kind() == ErrorKind::Forbidden => return Err(e),
                Err(e) => {
                    tracing::debug!(target: "protector.engine.cloud.openstack", host, "cannot be asked for its volumes: {e}");
                    unasked.get_or_insert(host);
                }
            }
        }
        Ok(unasked.map_or(Found::Nowhere, Found::Unasked))
    }

    /// The array volume of this name, if a backend has it.
    async fn manageable(&self, host: &str, array_volume: &str, until: Until) -> Result<Option<Manageable>> {
        for age in [CLONES, NOW] {
            let list = self.list_manageable(host, until);
            let there = self.reads.manageable.of(host).read_within(age, until, list).await?;
            let found = there.iter().find(|volume| volume.is(array_volume));
            // what has changed meanwhile is looked at once more before it is refused
            if age == NOW || found.is_some_and(|found| found.safe_to_manage) {
                return Ok(found.cloned());
            }
        }
        Ok(None)
    }

    async fn list_manageable(&self, host: &str, until: Until) -> Result<Vec<Manageable>> {
        let mut all = Vec::new();
        loop {
            let reply = self.session.send(&cinder::manageable(host, PAGE, all.len()), until).await?;
            let page: Vec<Manageable> = reply.under("manageable-volumes")?;
            // the cloud may cut at fewer than were asked for, so the end is where nothing new comes
            if page.first().is_none_or(|first| all.contains(first)) {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Services of Cinder that talk to arrays, are up and are not disabled: `host@backend`.
    ///
    /// # Errors
    /// not allowed to know → `Forbidden`; none is up → `Precondition`.
    async fn service_hosts(&self, until: Until) -> Result<Vec<String>> {
        let services: Vec<CinderService> = self.session.send(&cinder::services(), until).await?.under("services")?;
        let usable = |service: &CinderService| service.state == "up" && service.status == "enabled";
        let hosts: Vec<String> = services.into_iter().filter(usable).map(|service| service.host).collect();
        if hosts.is_empty() {
            return Err(Error::precondition(format!("no cinder-volume of {} is up and enabled", self.whose()))
                .remedy(format!("{} volume service list", self.command())));
        }
        Ok(hosts)
    }
}

/// Whether an error says nothing about what was asked.
pub(super) fn is_silence(e: &Error) -> bool {
    matches!(
        e.kind(),
        ErrorKind::Unreachable | ErrorKind::DeadlineExceeded | ErrorKind::Unauthenticated | ErrorKind::Cancelled
    )
}
