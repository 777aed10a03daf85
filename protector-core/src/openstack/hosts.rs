//! Which of Cinder's backends offers a volume type, and which has an array volume.

use super::OpenStackCloud;
use super::answers::{CinderService, Manageable, Pool, without_pool};
use super::call::Call;
use super::calls::cinder;
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
        let mut pools = self.told_pools(&cinder::pools(&volume_type.name), until).await?;
        if pools.is_none() {
            let all = self.told_pools(&cinder::all_pools(), until).await?;
            pools = all.map(|all| all.into_iter().filter(|pool| may_hold(pool, volume_type)).collect());
        }
        self.pools.keep(&volume_type.name, &pools);
        Ok(pools)
    }

    async fn told_pools(&self, call: &Call, until: Until) -> Result<Offered> {
        match self.session.send(call, until).await {
            Ok(reply) => Ok(Some(reply.under::<Vec<Pool>>("pools")?.into_iter().map(|pool| pool.name).collect())),
            Err(e) if is_silence(&e) => Err(e),
            Err(e) => {
                tracing::debug!(target: "protector.engine.cloud.openstack", "pools cannot be asked for: {e}");
                Ok(None)
            }
        }
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
        let mut offset = 0;
        loop {
            let reply = self.session.send(&cinder::manageable(host, PAGE, offset), until).await?;
            let page: Vec<Manageable> = reply.under("manageable-volumes")?;
            let length = page.len();
            if let Some(found) = page.into_iter().find(|volume| volume.is(array_volume)) {
                return Ok(Some(found));
            }
            // the cloud may cut at fewer than were asked for, so only an empty page is the end
            if length == 0 {
                return Ok(None);
            }
            offset += length;
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

/// Whether a pool may be one for a type, going by names: Cinder calls the only pool of a backend as `volume_backend_name` says,
/// and the driver of FlashArrays has no others. Cinder 29.0 itself does not say where the scheduler filters by capacity, as it
/// does by default: it calculates with a size that nobody named, and answers 400.
fn may_hold(pool: &str, volume_type: &VolumeType) -> bool {
    let Some(backend) = volume_type.extra_specs.get(VOLUME_BACKEND_NAME) else { return true };
    let is_condition = backend.starts_with('<') || backend.contains("==");
    is_condition || pool.split_once('#').is_none_or(|(_, pool)| pool == backend)
}

/// Whether an error says nothing about what was asked.
pub(super) fn is_silence(e: &Error) -> bool {
    matches!(
        e.kind(),
        ErrorKind::Unreachable | ErrorKind::DeadlineExceeded | ErrorKind::Unauthenticated | ErrorKind::Cancelled
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_called_as_its_backend() {
        let of = |spec: Option<&str>| VolumeType {
            id: "t".into(),
            name: "t".into(),
            extra_specs: spec.map(|name| (VOLUME_BACKEND_NAME.to_owned(), name.to_owned())).into_iter().collect(),
        };
        for (pool, spec, expected) in [
            ("h@b#pure@b", Some("pure@b"), true),
            ("h@b#pure@b", Some("pure@a"), false),
            ("h@b#pure@b", None, true),
            ("h@b", Some("pure@b"), true),
            ("h@b#pure@b", Some("<or> pure@a <or> pure@b"), true),
            ("h@b#pure@b", Some("s== pure@b"), true),
        ] {
            assert_eq!(may_hold(pool, &of(spec)), expected, "{pool} {spec:?}");
        }
    }
}
