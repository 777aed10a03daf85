//! Sites: register, look at, check.

use super::{Engine, SiteCheck, SiteCreate, SiteValidation, VolumeTypeView};
use crate::model::{REPLICATION_TYPE, ReplicationType, Site, SiteId, SiteName, SiteStatus, VolumeType};
use crate::ports::{PeerArray, ReplicationLink};
use crate::rules::eligibility::check_volume_type;
use crate::{Error, Result};
use std::time::Duration;

/// How long the check of a link waits for the array at its other end.
const LINK_PATIENCE: Duration = Duration::from_secs(10);

impl Engine {
    /// Registers a site on this site's store.
    ///
    /// # Errors
    /// empty name → `InvalidRequest`; name taken → `AlreadyExists`.
    pub async fn site_create(&self, request: &SiteCreate) -> Result<Site> {
        self.for_all_projects("registering a site")?;
        let name = request.name.trim();
        if name.is_empty() || name != request.name || name.contains(['/', ':']) {
            return Err(Error::invalid(format!(
                "site name '{}' is empty, or has spaces around it, '/' or ':' in it",
                request.name
            )));
        }
        let store = &self.0.endpoints.store;
        if store.sites().await?.iter().any(|s| s.name.as_str() == name) {
            return Err(Error::already_exists(format!("site '{name}' is registered already"))
                .remedy(format!("openstack protector site show {name}")));
        }
        let site = Site {
            id: SiteId::new(self.0.endpoints.identifiers.uuid()),
            name: SiteName::new(name),
            auth_url: request.auth_url.clone(),
            cloud: request.cloud.clone(),
            description: request.description.clone(),
            status: SiteStatus::Active,
        };
        store.create_site(&site).await?;
        Ok(site)
    }

    /// All sites; each with the status that was just observed.
    ///
    /// # Errors
    /// store cannot be read → `Storage`.
    pub async fn site_list(&self) -> Result<Vec<Site>> {
        let mut sites = self.0.endpoints.store.sites().await?;
        for site in &mut sites {
            site.status = self.observed_status(&site.name).await;
        }
        Ok(sites)
    }

    /// One site by name or id.
    ///
    /// # Errors
    /// not registered → `NotFound`.
    pub async fn site_show(&self, name: &str) -> Result<Site> {
        let mut site = self.registered(name).await?;
        site.status = self.observed_status(&site.name).await;
        Ok(site)
    }

    /// Forgets a site.
    ///
    /// # Errors
    /// not registered → `NotFound`; groups refer to it → `Conflict`.
    pub async fn site_delete(&self, name: &str) -> Result<()> {
        self.for_all_projects("deleting a site")?;
        let site = self.registered(name).await?;
        self.0.endpoints.store.delete_site(&site.name).await
    }

    /// Checks cloud, array, link to the other array and volume types of a site. What fails is in the result, with what to
    /// do about it.
    ///
    /// # Errors
    /// not registered → `NotFound`.
    pub async fn site_validate(&self, name: &str) -> Result<SiteValidation> {
        let site = self.registered(name).await?.name;
        let checks = vec![
            check("cloud", self.check_cloud(&site).await),
            check("array", self.check_array(&site).await),
            check("link", self.check_link(&site).await),
            check("volume types", self.check_types(&site).await),
        ];
        Ok(SiteValidation { valid: checks.iter().all(|c| c.result == "ok"), site, checks })
    }

    /// Volume types of a site, with whether a protection group can use them.
    ///
    /// # Errors
    /// not registered → `NotFound`; cloud does not answer → `Unreachable`.
    pub async fn site_list_volume_types(&self, name: &str) -> Result<Vec<VolumeTypeView>> {
        let site = self.registered(name).await?.name;
        let types = self.0.endpoints.cloud(&site)?.volume_types().await?;
        Ok(types.into_iter().map(|t| volume_type(&site, t)).collect())
    }

    pub(super) async fn registered(&self, name_or_id: &str) -> Result<Site> {
        let sites = self.0.endpoints.store.sites().await?;
        let known = sites.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
        sites.into_iter().find(|s| s.name.as_str() == name_or_id || s.id.as_str() == name_or_id).ok_or_else(|| {
            Error::not_found(format!("site '{name_or_id}' is not registered (registered: {known})"))
                .remedy("openstack protector site list")
        })
    }

    async fn observed_status(&self, site: &SiteName) -> SiteStatus {
        match self.check_cloud(site).await {
            Ok(_) => SiteStatus::Active,
            Err(_) => SiteStatus::Unreachable,
        }
    }

    async fn check_cloud(&self, site: &SiteName) -> Result<String> {
        let info = self.0.endpoints.cloud(site)?.ping().await?;
        Ok(format!("'{}' answers", info.name))
    }

    async fn check_array(&self, site: &SiteName) -> Result<String> {
        let array = self.0.endpoints.array(site)?;
        let info = array.info().await?;
        Ok(format!("{} ({}, {}) answers", info.name, array.driver_name(), info.version))
    }

    /// The array must be connected to that of the other site. One that does not answer in time counts against its own site
    /// only; then any connection will do.
    async fn check_link(&self, site: &SiteName) -> Result<String> {
        let array = self.0.endpoints.array(site)?;
        let (here, peers) = tokio::try_join!(array.info(), array.peers())?;
        let connected: Vec<_> = peers.iter().filter(|p| p.link == ReplicationLink::Connected).collect();
        let names = |peers: &[&PeerArray]| peers.iter().map(|p| p.name.to_string()).collect::<Vec<_>>().join(", ");
        if connected.is_empty() {
            let all = peers.iter().map(|p| format!("{} is {:?}", p.name, p.link)).collect::<Vec<_>>().join(", ");
            return Err(
                Error::precondition(format!("no connected array ({all})")).remedy("connect the arrays for replication")
            );
        }
        for (other_site, other) in self.0.endpoints.arrays.iter().filter(|(name, _)| *name != site) {
            let Ok(Ok(there)) = tokio::time::timeout(LINK_PATIENCE, other.info()).await else { continue };
            if there.id == here.id {
                return Err(Error::configuration(format!(
                    "'{}' is the array of {site} and of {other_site}",
                    here.name
                ))
                .remedy("name the two arrays that replicate to each other in [storage]"));
            }
            if !connected.iter().any(|peer| peer.id == there.id) {
                let message =
                    format!("not connected to '{}' of {other_site}, but to {}", there.name, names(&connected));
                return Err(Error::precondition(message).remedy("connect the arrays for replication"));
            }
        }
        Ok(format!("connected to {}", names(&connected)))
    }

    async fn check_types(&self, site: &SiteName) -> Result<String> {
        let types = self.site_list_volume_types(site.as_str()).await?;
        let eligible: Vec<_> = types.iter().filter(|t| t.eligible).map(|t| t.name.as_str()).collect();
        if eligible.is_empty() {
            return Err(Error::precondition(format!("no volume type of {site} is enabled for replication")).remedy(format!(
                "openstack --os-cloud {site} volume type set <type> --property replication_enabled='<is> True' --property replication_type='<in> async'"
            )));
        }
        Ok(format!("{} can be protected", eligible.join(", ")))
    }
}

fn check(name: &str, result: Result<String>) -> SiteCheck {
    let check = name.to_owned();
    match result {
        Ok(detail) => SiteCheck { check, result: "ok".to_owned(), detail, remedy: None },
        Err(e) => SiteCheck {
            check,
            result: "failed".to_owned(),
            detail: e.message().to_owned(),
            remedy: e.remedy_text().map(str::to_owned),
        },
    }
}

fn volume_type(site: &SiteName, found: VolumeType) -> VolumeTypeView {
    let kinds = [ReplicationType::Async, ReplicationType::Sync];
    let fits = kinds.into_iter().find(|kind| check_volume_type(site, &found, *kind).is_empty());
    let wanted = if found.extra_specs.get(REPLICATION_TYPE).is_some_and(|s| s.contains("sync") && !s.contains("async"))
    {
        ReplicationType::Sync
    } else {
        ReplicationType::Async
    };
    let reason = fits.is_none().then(|| {
        check_volume_type(site, &found, wanted).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    });
    VolumeTypeView {
        id: found.id,
        name: found.name,
        replication_type: fits,
        eligible: fits.is_some(),
        extra_specs: found.extra_specs,
        reason,
    }
}
