//! Which address of the catalogue is a service's.

use super::clouds::Interface;
use super::identity::CatalogueEntry;
use super::service::Service;
use crate::{Error, Result};
use url::Url;

/// The address below which the paths of a service stand, without a slash at its end.
///
/// # Errors
/// none in that region on that interface → `Unsupported` naming what there is → register it, or choose another region or
/// interface in clouds.yaml; an address that cannot be read → `Unsupported`.
pub(super) fn endpoint(
    catalogue: &[CatalogueEntry],
    service: Service,
    region: Option<&str>,
    interface: Interface,
) -> Result<Url> {
    let fits = |kind: &str| {
        let entries = catalogue.iter().filter(|entry| entry.kind == kind);
        let mut endpoints = entries.flat_map(|entry| &entry.endpoints);
        endpoints.find(|e| e.interface == interface.word() && region.is_none_or(|region| e.is_in(region)))
    };
    let Some(found) = service.types().iter().find_map(|kind| fits(kind)) else {
        return Err(missing(catalogue, service, region, interface));
    };
    let url = Url::parse(&found.url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| {
        Error::unsupported(format!("the catalogue's address of {service} cannot be read: '{}'", found.url))
    })
}

fn missing(catalogue: &[CatalogueEntry], service: Service, region: Option<&str>, interface: Interface) -> Error {
    let place = region.map(|region| format!(" in region '{region}'")).unwrap_or_default();
    let of_service = catalogue.iter().filter(|entry| service.types().contains(&entry.kind.as_str()));
    let there: Vec<String> = of_service
        .flat_map(|entry| &entry.endpoints)
        .map(|e| format!("{} in {}", e.interface, e.region.as_deref().unwrap_or("no region")))
        .collect();
    let there =
        if there.is_empty() { "it is not listed at all".to_owned() } else { format!("there is {}", there.join(", ")) };
    Error::unsupported(format!(
        "the catalogue has no {} endpoint of {service} ({}){place}: {there}",
        interface.word(),
        service.types().join(", ")
    ))
    .remedy("compare region_name and interface in clouds.yaml with: openstack catalog list")
}

/// The address with the API's version in it. Catalogues name it with or without one; without one, Cinder before 3.67 also
/// wants the project.
pub(super) fn base(url: &Url, service: Service, project: Option<&str>) -> Url {
    let mut url = url.clone();
    let path = url.path().trim_end_matches('/').to_owned();
    let path = match (version_at(&path), service, project) {
        (Some(_), ..) => path,
        (None, Service::BlockStorage, Some(project)) => format!("{path}/{}/{project}", service.api()),
        (None, ..) => format!("{path}/{}", service.api()),
    };
    url.set_path(&path);
    url.set_query(None);
    url
}

/// Where a service tells its microversions: at its version, without the project.
pub(super) fn version_document(base: &Url) -> Url {
    let mut url = base.clone();
    let path = base.path().trim_end_matches('/');
    let end = version_at(path).unwrap_or(path.len());
    url.set_path(&format!("{}/", path.get(..end).unwrap_or(path)));
    url
}

/// Where the segment that is a version ends.
fn version_at(path: &str) -> Option<usize> {
    let mut end = 0;
    for segment in path.split('/') {
        end += segment.len();
        let number = segment.strip_prefix('v').unwrap_or_default();
        if number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Some(end);
        }
        end += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::openstack::identity::Endpoint;

    fn entry(kind: &str, interface: &str, region: &str, url: &str) -> CatalogueEntry {
        let endpoint =
            Endpoint { interface: interface.into(), region: Some(region.into()), region_id: None, url: url.into() };
        CatalogueEntry { kind: kind.into(), endpoints: vec![endpoint] }
    }

    #[test]
    fn a_service_is_found_under_any_of_its_types() {
        for kind in ["block-storage", "volumev3", "block-store", "volume"] {
            let catalogue = [entry("compute", "public", "R", "http://n"), entry(kind, "public", "R", "http://c/v3/p")];
            let found = endpoint(&catalogue, Service::BlockStorage, Some("R"), Interface::Public).unwrap();
            assert_eq!(found.as_str(), "http://c/v3/p", "{kind}");
        }
        let both =
            [entry("volumev3", "public", "R", "http://old"), entry("block-storage", "public", "R", "http://new")];
        let found = endpoint(&both, Service::BlockStorage, None, Interface::Public).unwrap();
        assert_eq!(found.as_str(), "http://new/");
    }

    #[test]
    fn region_and_interface_choose() {
        let catalogue = [
            entry("compute", "public", "R1", "http://public-1"),
            entry("compute", "internal", "R2", "http://internal-2"),
            entry("compute", "public", "R2", "http://public-2"),
        ];
        let found = |region, interface| endpoint(&catalogue, Service::Compute, region, interface);
        assert_eq!(found(Some("R2"), Interface::Public).unwrap().as_str(), "http://public-2/");
        assert_eq!(found(Some("R2"), Interface::Internal).unwrap().as_str(), "http://internal-2/");
        assert_eq!(found(None, Interface::Public).unwrap().as_str(), "http://public-1/");
        let refused = found(Some("R1"), Interface::Admin).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unsupported);
        for word in ["admin", "Nova", "'R1'", "internal in R2"] {
            assert!(refused.message().contains(word), "{word}: {refused}");
        }
        let none = endpoint(&[], Service::Network, None, Interface::Public).unwrap_err();
        assert!(none.message().contains("not listed at all"), "{none}");
    }

    #[test]
    fn the_version_is_added_where_the_catalogue_leaves_it_out() {
        for (service, url, expected) in [
            (Service::BlockStorage, "http://c:8776/v3/p1", "http://c:8776/v3/p1"),
            (Service::BlockStorage, "http://c:8776/v3/", "http://c:8776/v3"),
            (Service::BlockStorage, "http://h/volume", "http://h/volume/v3/p1"),
            (Service::Compute, "http://h/compute/", "http://h/compute/v2.1"),
            (Service::Compute, "http://n:8774/v2.1/p1/", "http://n:8774/v2.1/p1"),
            (Service::Network, "http://q:9696", "http://q:9696/v2.0"),
            (Service::Identity, "http://k:5000/v3", "http://k:5000/v3"),
            (Service::Identity, "http://k/identity?x=1", "http://k/identity/v3"),
        ] {
            assert_eq!(base(&Url::parse(url).unwrap(), service, Some("p1")).as_str(), expected, "{url}");
        }
    }

    #[test]
    fn microversions_are_told_at_the_version() {
        for (base, expected) in [
            ("http://c:8776/v3/p1", "http://c:8776/v3/"),
            ("http://h/volume/v3/p1", "http://h/volume/v3/"),
            ("http://n:8774/v2.1", "http://n:8774/v2.1/"),
            ("http://h/vaults/v2.1", "http://h/vaults/v2.1/"),
        ] {
            assert_eq!(version_document(&Url::parse(base).unwrap()).as_str(), expected, "{base}");
        }
    }
}
