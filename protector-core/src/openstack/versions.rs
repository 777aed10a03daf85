//! Microversions: which one is asked for.

use super::service::Service;
use crate::{Error, Result};
use serde::Deserialize;
use std::{fmt, str::FromStr};

/// A microversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Microversion(pub(super) u32, pub(super) u32);

impl fmt::Display for Microversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl FromStr for Microversion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (major, minor) = text.split_once('.').ok_or(())?;
        Ok(Self(major.parse().map_err(|_| ())?, minor.parse().map_err(|_| ())?))
    }
}

/// The lowest that can be worked with, the newest that was tried, and what the lowest is needed for. `None`: the service has
/// no microversions.
pub(super) fn wanted(service: Service) -> Option<(Microversion, Microversion, &'static str)> {
    match service {
        Service::Identity | Service::Network => None,
        // 3.25 lists the volumes of a group, 3.35 the pools that offer a type; 3.71 is the newest of release 2026.2
        Service::BlockStorage => {
            Some((Microversion(3, 35), Microversion(3, 71), "the pools that offer a type (Cinder 11, Pike)"))
        }
        // 2.79 says whether a volume goes with its server; from 2.96 on nothing is used
        Service::Compute => {
            Some((Microversion(2, 79), Microversion(2, 96), "delete_on_termination of a volume (Nova 20, Train)"))
        }
    }
}

/// The headers that ask for a microversion.
pub(super) fn headers(service: Service, version: Microversion) -> Vec<(&'static str, String)> {
    match service {
        Service::BlockStorage => vec![("openstack-api-version", format!("volume {version}"))],
        Service::Compute => vec![
            ("openstack-api-version", format!("compute {version}")),
            ("x-openstack-nova-api-version", version.to_string()),
        ],
        Service::Identity | Service::Network => Vec::new(),
    }
}

/// What a service says of its versions: Nova below its version, Cinder everywhere, others at their root.
#[derive(Debug, Deserialize)]
struct Advertised {
    #[serde(default)]
    version: Option<Offer>,
    #[serde(default)]
    versions: Vec<Offer>,
}

#[derive(Debug, Deserialize)]
struct Offer {
    id: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    max_version: String,
    #[serde(default)]
    min_version: String,
}

/// The microversion to ask for, out of the service's own answer: the newest that both sides know.
///
/// # Errors
/// nothing that can be read, or nothing in common → `Unsupported` naming both ranges → update the service, or Protector.
pub(super) fn negotiate(service: Service, answer: &[u8]) -> Result<Option<Microversion>> {
    let Some((lowest, newest, reason)) = wanted(service) else { return Ok(None) };
    let advertised: Option<Advertised> = serde_json::from_slice(answer).ok();
    let offers = advertised.into_iter().flat_map(|a| a.version.into_iter().chain(a.versions));
    let range = offers.filter(|offer| offer.id.starts_with(service.api())).find_map(|offer| {
        let max: Microversion = offer.version.parse().or_else(|()| offer.max_version.parse()).ok()?;
        Some((offer.min_version.parse().unwrap_or(Microversion(lowest.0, 0)), max))
    });
    let Some((min, max)) = range else {
        return Err(Error::unsupported(format!("{service} does not say which microversions it knows"))
            .remedy(format!("check that the catalogue leads to {service}: openstack catalog list")));
    };
    let agreed: Microversion = newest.min(max);
    if agreed < lowest || agreed < min {
        return Err(Error::unsupported(format!(
            "{service} knows microversions {min} to {max}, and Protector {lowest} to {newest}: it needs {lowest} for {reason}"
        ))
        .remedy(format!("update {service}")));
    }
    Ok(Some(agreed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    const CINDER: &str = r#"{"versions":[{"id":"v3.0","status":"CURRENT","version":"3.71","min_version":"3.0",
        "updated":"2024-03-13T00:00:00Z","links":[],"media-types":[]}]}"#;
    const NOVA: &str =
        r#"{"version":{"id":"v2.1","status":"CURRENT","version":"2.103","min_version":"2.1","links":[]}}"#;

    #[test]
    fn the_newest_that_both_sides_know_is_asked_for() {
        assert_eq!(negotiate(Service::BlockStorage, CINDER.as_bytes()).unwrap(), Some(Microversion(3, 71)));
        assert_eq!(negotiate(Service::Compute, NOVA.as_bytes()).unwrap(), Some(Microversion(2, 96)));
        let older = CINDER.replace("3.71", "3.62");
        assert_eq!(negotiate(Service::BlockStorage, older.as_bytes()).unwrap(), Some(Microversion(3, 62)));
        assert_eq!(negotiate(Service::Network, b"").unwrap(), None);
    }

    #[test]
    fn what_cannot_be_worked_with_is_named() {
        for (answer, words) in [
            (CINDER.replace("3.71", "3.34"), "3.0 to 3.34"),
            (
                CINDER.replace(r#""min_version":"3.0""#, r#""min_version":"3.90""#).replace("3.71", "3.99"),
                "3.90 to 3.99",
            ),
            ("<html>".to_owned(), "does not say"),
            (r#"{"versions":[{"id":"v2.0","version":""}]}"#.to_owned(), "does not say"),
        ] {
            let refused = negotiate(Service::BlockStorage, answer.as_bytes()).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Unsupported);
            assert!(refused.message().contains(words) && refused.remedy_text().is_some(), "{refused}");
        }
    }

    #[test]
    fn each_service_is_asked_in_its_own_header() {
        assert_eq!(
            headers(Service::BlockStorage, Microversion(3, 71)),
            [("openstack-api-version", "volume 3.71".to_owned())]
        );
        assert_eq!(headers(Service::Compute, Microversion(2, 96)).len(), 2);
        assert!(headers(Service::Network, Microversion(2, 0)).is_empty());
    }
}
