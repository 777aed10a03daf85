//! Mappings of networks, flavors and security groups: parse, merge, invert; `suggest` proposes them.

mod suggest;

pub use suggest::{Likeness, Suggestion, Thing, network_likeness, suggest};

use crate::model::Mappings;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Reads one `SOURCE=TARGET` given for `flag`. Spaces around the names do not count.
///
/// # Errors
/// No `=`, more than one, or a side is empty → `InvalidRequest` naming the flag and the value.
///
/// ```
/// use protector_core::rules::mapping::parse_pair;
/// let (source, target) = parse_pair("net-primary-web=net-secondary-web", "--network-mapping")?;
/// assert_eq!((source.as_str(), target.as_str()), ("net-primary-web", "net-secondary-web"));
/// # Ok::<(), protector_core::Error>(())
/// ```
pub fn parse_pair(text: &str, flag: &str) -> Result<(String, String)> {
    let fault = |why: &str| {
        Error::invalid(format!("{flag} '{text}' is not SOURCE=TARGET: {why}"))
            .remedy(format!("{flag} net-primary-web=net-secondary-web"))
    };
    let (source, target) = text.split_once('=').ok_or_else(|| fault("it has no '='"))?;
    if target.contains('=') {
        return Err(fault("it has more than one '='"));
    }
    match (source.trim(), target.trim()) {
        ("", _) => Err(fault("the source is empty")),
        (_, "") => Err(fault("the target is empty")),
        (source, target) => Ok((source.to_owned(), target.to_owned())),
    }
}

/// `stored`, with what is in `given` put over it, name by name.
pub fn merge(stored: &Mappings, given: &Mappings) -> Mappings {
    let over = |stored: &BTreeMap<String, String>, given: &BTreeMap<String, String>| {
        stored.iter().chain(given).map(|(source, target)| (source.clone(), target.clone())).collect()
    };
    Mappings {
        networks: over(&stored.networks, &given.networks),
        flavors: over(&stored.flavors, &given.flavors),
        security_groups: over(&stored.security_groups, &given.security_groups),
    }
}

/// The mappings for the way back.
///
/// # Errors
/// Two names lead to the same target → `InvalidRequest` naming all three → give that pair for the way back yourself.
pub fn invert(mappings: &Mappings) -> Result<Mappings> {
    towards(mappings, &Mappings::default(), false)
}

/// The mappings to use for a move: `stored` (primary → secondary) turned towards the target, with `given` put over it.
/// `given` is already in the direction of the move, and settles a target that could not be inverted.
///
/// # Errors
/// The move leads to the primary site, two stored names lead to the same target, and `given` does not say where that one
/// goes → `InvalidRequest` naming all three → give that pair.
pub fn towards(stored: &Mappings, given: &Mappings, target_is_secondary: bool) -> Result<Mappings> {
    if target_is_secondary {
        return Ok(merge(stored, given));
    }
    let inverted = Mappings {
        networks: inverted("network", &stored.networks, &given.networks)?,
        flavors: inverted("flavor", &stored.flavors, &given.flavors)?,
        security_groups: inverted("security-group", &stored.security_groups, &given.security_groups)?,
    };
    Ok(merge(&inverted, given))
}

fn inverted(
    kind: &str,
    stored: &BTreeMap<String, String>,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let mut back: BTreeMap<String, String> = BTreeMap::new();
    for (source, target) in stored.iter().filter(|(_, target)| !given.contains_key(*target)) {
        if let Some(first) = back.insert(target.clone(), source.clone()) {
            return Err(Error::invalid(format!(
                "the {kind} mapping cannot be inverted: '{first}' and '{source}' both lead to '{target}'"
            ))
            .remedy(format!("--{kind}-mapping {target}={first} or --{kind}-mapping {target}={source}")));
        }
    }
    Ok(back)
}

#[cfg(test)]
mod tests;
