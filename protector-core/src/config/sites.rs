//! `[site:<name>]`: what one site is, and how the other one reaches it.

use super::choices::ArrayRole;
use super::rules;
use super::settings::Read;
use crate::model::{ApplicationCredential, SiteApi};
use crate::{Error, Result};

/// One `[site:<name>]` section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteSettings {
    /// The site's name in `clouds.yaml`.
    pub cloud: Option<String>,
    /// Which of the two arrays of `[storage]` stands there.
    pub array: Option<ArrayRole>,
    /// Where `protector-api` of that site answers. Its database is then for the machines of that site alone to open.
    pub api: Option<SiteApi>,
}

impl SiteSettings {
    /// # Errors
    /// address refused, or a part of the credential missing → `InvalidConfiguration` naming the option.
    pub(super) fn read(read: &mut Read<'_>, section: &str) -> Result<Self> {
        let array = read.text(section, "array")?.map(|found| match found.value.as_str() {
            "primary" => ArrayRole::Primary,
            _ => ArrayRole::Secondary,
        });
        Ok(Self { cloud: read.text(section, "cloud")?.map(|f| f.value), array, api: site_api(read, section)? })
    }
}

fn site_api(read: &mut Read<'_>, section: &str) -> Result<Option<SiteApi>> {
    let ca_file = read.path(section, "api_ca_file")?;
    let timeout = read.number(section, "api_timeout")?.map_or(30, |found| found.value);
    let credential = application_credential(read, section)?;
    let Some(url) = read.text(section, "api_url")? else {
        if ca_file.is_none() && credential.is_none() {
            return Ok(None);
        }
        let message = format!("[{section}] says how to talk to the site's protector-api, and not where it is");
        return Err(Error::configuration(message).remedy(format!("add to [{section}]: api_url = https://<host>:8788")));
    };
    let url = rules::service_url(section, "api_url", &url)?;
    Ok(Some(SiteApi { url, ca_file, timeout, credential }))
}

fn application_credential(read: &mut Read<'_>, section: &str) -> Result<Option<ApplicationCredential>> {
    let auth_url = read.text(section, "auth_url")?;
    let id = read.text(section, "application_credential_id")?;
    let secret = read.secret(section, "application_credential_secret")?;
    match (auth_url, id, secret) {
        (None, None, None) => Ok(None),
        (Some(auth_url), Some(id), Some(secret)) => {
            let auth_url = rules::service_url(section, "auth_url", &auth_url)?;
            Ok(Some(ApplicationCredential { auth_url, id: id.value, secret }))
        }
        (auth_url, id, secret) => {
            let options = [
                ("auth_url", auth_url.is_some()),
                ("application_credential_id", id.is_some()),
                ("application_credential_secret", secret.is_some()),
            ];
            let missing: Vec<&str> = options.iter().filter(|(_, set)| !set).map(|(name, _)| *name).collect();
            Err(Error::configuration(format!("[{section}] lacks {}", missing.join(" and ")))
                .remedy("make one on that site: openstack application credential create protector-peer --role admin"))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ErrorKind;
    use crate::config::{Settings, SiteSettings};

    fn read(section: &str) -> crate::Result<SiteSettings> {
        let text = format!("[site:site-b]\n{section}\n");
        let settings = Settings::from_text(&text, &Default::default())?;
        Ok(settings.sites.get("site-b").cloned().unwrap())
    }

    #[test]
    fn where_a_site_answers_and_who_we_are_there() {
        assert_eq!(read("cloud = b").unwrap().api, None);
        let plain = read("api_url = http://127.0.0.1:8788").unwrap().api.unwrap();
        assert_eq!((plain.url.as_str(), plain.timeout, plain.credential), ("http://127.0.0.1:8788/", 30, None));
        let whole = read(
            "api_url = https://b.example.com:8788\napi_ca_file = /ca.pem\napi_timeout = 5\n\
             auth_url = https://b.example.com:5000/v3\napplication_credential_id = 1f\n\
             application_credential_secret = planted",
        );
        let whole = whole.unwrap().api.unwrap();
        assert!(!format!("{whole:?}").contains("planted"));
        assert_eq!((whole.timeout, whole.ca_file.unwrap().to_str()), (5, Some("/ca.pem")));
        let credential = whole.credential.unwrap();
        assert_eq!((credential.id.as_str(), credential.secret.expose()), ("1f", "planted"));
    }

    #[test]
    fn what_cannot_work_is_named() {
        for (section, words) in [
            ("api_url = http://b.example.com:8788", "HTTPS only"),
            ("api_url = b.example.com", "https://"),
            ("api_url = https://u:planted@b.example.com", "credentials do not belong"),
            ("api_url = https://b.example.com?x=1", "only https://host"),
            ("api_ca_file = /ca.pem", "not where it is"),
            (
                "api_url = https://b\nauth_url = https://k/v3",
                "application_credential_id and application_credential_secret",
            ),
            (
                "api_url = https://b\nauth_url = http://k/v3\napplication_credential_id = 1\n\
                 application_credential_secret = planted",
                "[site:site-b] auth_url",
            ),
        ] {
            let e = read(section).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::InvalidConfiguration, "{e}");
            assert!(e.to_string().contains(words) && e.message().contains("site:site-b"), "{section}: {e}");
            assert!(!e.to_string().contains("planted"), "{e}");
        }
    }
}
