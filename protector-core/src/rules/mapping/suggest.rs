//! Which thing of the other site stands for one of this site, as far as names and likeness tell.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A network, a flavor or a security group of one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// Its name.
    pub name: String,
    /// What makes it like another one: address ranges of a network, the size of a flavor.
    pub likeness: BTreeSet<String>,
}

/// What a suggestion rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// The other site has one of the same name.
    Name,
    /// It has one that is alike: an address range in common, or the same size.
    Likeness,
}

/// What is suggested for one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Its name.
    pub source: String,
    /// What stands for it on the other site, and why; `None`: nothing does, or several might.
    pub target: Option<(String, Likeness)>,
    /// Those that might, if it is not clear.
    pub candidates: Vec<String>,
}

/// What stands for each of `sources`, in their order: the one of the same name, else the only one that is alike. All
/// suggestions together can be inverted: what two would lead to is a candidate of both.
pub fn suggest(sources: &[Thing], targets: &[Thing]) -> Vec<Suggestion> {
    let found: Vec<(Vec<&str>, Likeness)> = sources.iter().map(|source| alike(source, targets)).collect();
    let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
    for only in found.iter().filter_map(|(names, _)| only(names)) {
        *wanted.entry(only).or_default() += 1;
    }
    let suggestion = |(source, (names, why)): (&Thing, (Vec<&str>, Likeness))| {
        let is_clear =
            |name: &&str| wanted.get(name) == Some(&1) && targets.iter().filter(|t| t.name == **name).count() == 1;
        let target = only(&names).filter(is_clear).map(|name| (name.to_owned(), why));
        let candidates: BTreeSet<&str> = names.into_iter().filter(|_| target.is_none()).collect();
        Suggestion {
            source: source.name.clone(),
            target,
            candidates: candidates.into_iter().map(str::to_owned).collect(),
        }
    };
    sources.iter().zip(found).map(suggestion).collect()
}

fn only<'a>(names: &[&'a str]) -> Option<&'a str> {
    match names {
        [only] => Some(only),
        _ => None,
    }
}

/// Those of the same name, else those that are alike.
fn alike<'a>(source: &Thing, targets: &'a [Thing]) -> (Vec<&'a str>, Likeness) {
    let named: Vec<&str> = targets.iter().map(|t| t.name.as_str()).filter(|name| *name == source.name).collect();
    if !named.is_empty() {
        return (named, Likeness::Name);
    }
    let alike = targets.iter().filter(|target| !target.likeness.is_disjoint(&source.likeness));
    (alike.map(|target| target.name.as_str()).collect(), Likeness::Likeness)
}

/// The address ranges of a network, so that two spellings of one are equal.
pub fn network_likeness<'a>(cidrs: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    cidrs.into_iter().map(|cidr| normalised(cidr).unwrap_or_else(|| cidr.trim().to_lowercase())).collect()
}

/// The range from its first address.
fn normalised(cidr: &str) -> Option<String> {
    let (address, length) = cidr.trim().split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let first: IpAddr = match address.parse().ok()? {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(length)?).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    };
    Some(format!("{first}/{length}"))
}

#[cfg(test)]
mod tests;
