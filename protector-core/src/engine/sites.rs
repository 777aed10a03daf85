//! Sites: register and look at; `site_checks` checks them.

use super::{Engine, SiteCreate, VolumeTypeView};
use crate::model::{REPLICATION_TYPE, ReplicationType, Site, SiteId, SiteName, SiteStatus, VolumeType};
use crate::rules::eligibility::check_volume_type;
use crate::{Error, Result};

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
        let cloud = self.0.endpoints.cloud(site);
        match cloud {
            Ok(cloud) if cloud.ping().await.is_ok() => SiteStatus::Active,
            _ => SiteStatus::Unreachable,
        }
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
