//! Which sites this process only talks to: their databases are for their own machines to open.

use super::{mock, references};
use crate::config::Settings;
use crate::model::{SiteApi, SiteName};
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Sites whose `protector-api` is asked, with the secrets in place. The local site is none of them, so that both sites may
/// have the same file.
///
/// # Errors
/// there are some, and which site this is, is not said; a secret cannot be read → `InvalidConfiguration`.
pub(super) fn sites(settings: &Settings) -> Result<BTreeMap<SiteName, SiteApi>> {
    let mut remote = BTreeMap::new();
    let configured = settings.sites.iter().filter_map(|(name, site)| Some((name, site.api.as_ref()?)));
    for (name, api) in configured {
        let Some(local) = &settings.local_site else {
            return Err(Error::configuration(format!(
                "[site:{name}] has an api_url, and [engine] local_site is not set"
            ))
            .remedy("write the name of the site of this machine: [engine] local_site = <site>"));
        };
        if name != local {
            let mut api = api.clone();
            if let Some(credential) = &mut api.credential {
                let option = format!("[site:{name}] application_credential_secret");
                credential.secret = references::resolved(settings, &option, &credential.secret)?;
            }
            remote.insert(SiteName::new(name.clone()), api);
        }
    }
    Ok(remote)
}

/// Sites whose databases this process opens.
///
/// # Errors
/// as [`sites`].
pub(super) fn own_sites(settings: &Settings) -> Result<Vec<SiteName>> {
    let remote = sites(settings)?;
    Ok(mock::site_names(settings)?.into_iter().filter(|site| !remote.contains_key(site)).collect())
}
