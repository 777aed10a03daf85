//! Sections that are named by whoever writes the file: of sites, and of drivers.

use std::collections::BTreeMap;

use super::error::Location;
use super::parse::Assignment;
use super::reader::{Config, normal};
use super::schema::{DRIVER, Kind, OWN_SECTIONS, Opt, SITE};
use super::value::is_driver_name;
use crate::{Error, Result};

/// The sections `[site:<name>]`, by name. oslo.config takes two spellings for one section and a reader of names for two.
pub(super) fn site_sections(config: &Config) -> Result<BTreeMap<String, String>> {
    let mut spelled: BTreeMap<String, (&str, Location)> = BTreeMap::new();
    let mut sections = BTreeMap::new();
    for (section, at) in config.sections() {
        let Some((prefix, name)) = section.name.split_at_checked(SITE.len()) else { continue };
        if !prefix.eq_ignore_ascii_case(SITE) {
            continue;
        }
        if name.is_empty() || name.trim() != name {
            let message = format!("{at}: [{}] does not name a site", section.name);
            return Err(Error::configuration(message).remedy("write [site:<name>] without spaces around the name"));
        }
        if let Some((other, other_at)) = spelled.get(&normal(name)).filter(|(other, _)| *other != name) {
            let message = format!("{other_at}: [{SITE}{other}] and {at}: [{SITE}{name}] differ only in case");
            return Err(Error::configuration(message).remedy("spell the name of the site in one way"));
        }
        spelled.insert(normal(name), (name, at));
        sections.insert(name.to_owned(), section.name.clone());
    }
    Ok(sections)
}

/// What stands in the sections `[driver:<name>]`, each once, with the driver it is for.
pub(super) fn driver_options(config: &Config) -> Result<Vec<(String, Opt)>> {
    let mut options: Vec<(String, Opt)> = Vec::new();
    for (section, at) in config.sections() {
        let name = driver_name(&section.name);
        if name.as_ref().is_some_and(|name| !is_driver_name(name)) {
            let message = format!("{at}: [{}] does not name a driver", section.name);
            return Err(Error::configuration(message).remedy("write [driver:<name>], as in [engine] storage_driver"));
        }
    }
    for (assignment, _) in config.unknown() {
        let Some(driver) = driver_name(&assignment.section) else { continue };
        if !options.iter().any(|(other, option)| *other == driver && option.name == assignment.key) {
            let option = Opt::new(assignment.section.clone(), assignment.key.clone(), Kind::Text).secret();
            options.push((driver, option));
        }
    }
    Ok(options)
}

/// The driver that a section is for.
fn driver_name(section: &str) -> Option<String> {
    normal(section).strip_prefix(DRIVER).map(str::to_owned)
}

/// oslo.config ignores what it does not know, so a slip of the pen would go unseen.
pub(super) fn unknown_options(config: &Config) -> Vec<String> {
    let own = |section: &str| OWN_SECTIONS.contains(&section) || section.starts_with(SITE);
    let unknown = config.unknown().filter(|(assignment, _)| own(&normal(&assignment.section)));
    let warning = |(assignment, at): (&Assignment, Location)| {
        // the first word alone: behind it may stand the value, when somebody forgot the '='
        let name = assignment.key.split_whitespace().next().unwrap_or_default();
        format!("{at}: [{}] {name}: no such option; the line has no effect", assignment.section)
    };
    unknown.map(warning).collect()
}
