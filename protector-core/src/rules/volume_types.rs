//! Volume types are matched by what they can do; names and ids may differ between sites.

use super::eligibility::{
    Violation, check_volume_type, is_replicated, openstack, replication_properties, set_volume_type,
};
use super::shell::word;
use crate::model::{ReplicationType, SiteName, VOLUME_BACKEND_NAME, VolumeType};
use crate::{Error, ErrorKind, Result};

/// The volume type of `site` that stands for a type called `name` on the other site: the one of that name if it
/// replicates as `wanted`, else the only one that does. A type that a user names for `site` itself is checked with
/// [`check_volume_type`] instead.
///
/// # Errors
/// No type fits, or several do and none has the name → `NotEligible` → run the command that the error names.
pub fn match_volume_type<'a>(
    site: &SiteName,
    name: &str,
    types: &'a [VolumeType],
    wanted: ReplicationType,
) -> Result<&'a VolumeType> {
    let eligible: Vec<&VolumeType> = types.iter().filter(|t| check_volume_type(site, t, wanted).is_empty()).collect();
    if let Some(found) = eligible.iter().find(|t| t.name == name) {
        return Ok(found);
    }
    let named = types.iter().find(|t| t.name == name);
    let problem = match eligible.as_slice() {
        [only] => return Ok(only),
        [] => format!("no volume type of site '{site}' replicates as '{wanted}'; it has {}", list(types.iter())),
        several => {
            format!("several volume types of site '{site}' replicate as '{wanted}': {}", list(several.iter().copied()))
        }
    };
    let (reason, remedy) = match named {
        Some(named) => {
            let faults: Vec<String> = check_volume_type(site, named, wanted).iter().map(Violation::message).collect();
            (faults.join("; "), set_volume_type(site, name, wanted))
        }
        None => (
            format!("site '{site}' has no volume type '{name}'"),
            format!("{} volume type create {} {}", openstack(site), word(name), replication_properties(wanted)),
        ),
    };
    Err(Error::new(ErrorKind::NotEligible, format!("{reason}, and {problem}")).remedy(remedy))
}

/// A type without replication on the same backend as the type called `name`: the first one by name. Under it volumes are
/// taken over that shall lie on one array alone.
pub fn plain_type_beside<'a>(types: &'a [VolumeType], name: &str) -> Option<&'a VolumeType> {
    let backend = backend_of(types.iter().find(|t| t.name == name)?)?;
    let is_plain = |t: &&VolumeType| !is_replicated(t) && backend_of(t) == Some(backend);
    types.iter().filter(is_plain).min_by(|a, b| a.name.cmp(&b.name))
}

/// The backend that a type names. A type that names none may land on any.
pub fn backend_of(volume_type: &VolumeType) -> Option<&str> {
    volume_type.extra_specs.get(VOLUME_BACKEND_NAME).map(|name| name.trim())
}

fn list<'a>(types: impl Iterator<Item = &'a VolumeType>) -> String {
    let mut names: Vec<String> = types.map(|t| format!("'{}'", t.name)).collect();
    names.sort();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests;
