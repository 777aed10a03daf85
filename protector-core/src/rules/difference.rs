//! What differs between the records of two sites, field by field, in words that operators know.

mod fields;

use crate::ApiToken;
use crate::model::{GroupRecord, SiteName};
use fields::{Fields, fields};
use serde::{Deserialize, Serialize};

/// Two records, and the one that both sites agreed on last.
#[derive(Debug, Clone, Copy)]
pub struct ThreeWay<'a> {
    /// What both agreed on last; `None`: not known.
    pub base: Option<&'a GroupRecord>,
    /// A site, and what it holds.
    pub here: (&'a SiteName, &'a GroupRecord),
    /// The other site, and what it holds.
    pub there: (&'a SiteName, &'a GroupRecord),
}

/// A field that is not the same on both sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Difference {
    /// The field in words, for example `policy: replication interval`.
    pub field: String,
    /// Its value when both sites agreed last; absent: it was not there, or what they agreed on is not known.
    pub base: Option<String>,
    /// Its value on this site; absent: it is not there.
    pub here: Option<String>,
    /// Its value on the other site; absent: it is not there.
    pub there: Option<String>,
    /// Where it was changed since; empty: not known.
    pub changed_on: Vec<SiteName>,
    /// The same in one line, for people.
    pub text: String,
}

/// All that differs, in the order of the record; empty: nothing does. Of secrets it is said that they differ, and no more.
pub fn differences(sites: ThreeWay<'_>) -> Vec<Difference> {
    let ThreeWay { base, here: (here_site, here), there: (there_site, there) } = sites;
    let base_fields = base.map(fields);
    let (ours, theirs) = (fields(here), fields(there));
    let mut found: Vec<Difference> = names(&[&ours, &theirs])
        .filter(|name| ours.get(name) != theirs.get(name))
        .map(|name| {
            let (here, there) = (ours.get(name), theirs.get(name));
            let before = base_fields.as_ref().map(|base| base.get(name));
            let changed_on = match before {
                None => Vec::new(),
                Some(before) => [(here, here_site), (there, there_site)]
                    .into_iter()
                    .filter(|(value, _)| *value != before)
                    .map(|(_, site)| site.clone())
                    .collect(),
            };
            let owned = |value: Option<&str>| value.map(str::to_owned);
            let base = owned(before.flatten());
            let (field, text) = (name.to_owned(), String::new());
            Difference { field, base, here: owned(here), there: owned(there), changed_on, text }
        })
        .collect();
    found.extend(secrets(here, there));
    if found.is_empty() && here != there {
        found.push(rest(here, there));
    }
    for difference in &mut found {
        difference.text = line(difference, here_site, there_site);
    }
    found
}

fn line(difference: &Difference, here_site: &SiteName, there_site: &SiteName) -> String {
    let Difference { field, base, here, there, changed_on, .. } = difference;
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let (before, here_now, there_now) = (value(base), value(here), value(there));
    match changed_on.as_slice() {
        [] => format!("{field}: {here_now} on {here_site}, {there_now} on {there_site}"),
        [one] => match (base, if one == here_site { here } else { there }) {
            (None, Some(now)) => format!("{field}: {now}, new on {one}"),
            (_, None) => format!("{field}: was {before}, gone from {one}"),
            (Some(_), Some(now)) => format!("{field}: was {before}, is {now} on {one}"),
        },
        _ => format!("{field}: was {before}, is {here_now} on {here_site} and {there_now} on {there_site}"),
    }
}

/// What a site gives up and what it gets if `next` takes the place of `held`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SiteChange {
    /// The site.
    pub site: SiteName,
    /// What it holds now and will not hold any more.
    pub loses: Vec<String>,
    /// What it will hold and does not hold now.
    pub gains: Vec<String>,
}

/// What changes on `site`.
pub fn site_change(site: &SiteName, held: &GroupRecord, next: &GroupRecord) -> SiteChange {
    let (mut loses, mut gains) = (Vec::new(), Vec::new());
    for difference in differences(ThreeWay { base: None, here: (site, held), there: (site, next) }) {
        let Difference { field, here, there, .. } = difference;
        loses.extend(here.map(|value| format!("{field}: {value}")));
        gains.extend(there.map(|value| format!("{field}: {value}")));
    }
    SiteChange { site: site.clone(), loses, gains }
}

/// Names of fields in the order of the first record that has them.
fn names<'a>(records: &[&'a Fields]) -> impl Iterator<Item = &'a str> + use<'a> {
    let mut seen = std::collections::BTreeSet::new();
    let all: Vec<&'a str> =
        records.iter().flat_map(|fields| fields.names()).filter(|name| seen.insert(*name)).collect();
    all.into_iter()
}

fn secrets(here: &GroupRecord, there: &GroupRecord) -> Vec<Difference> {
    let tokens = |record: &GroupRecord| {
        record.policy.as_ref().map(|p| (p.primary_fa_api_token.clone(), p.secondary_fa_api_token.clone()))
    };
    let (here, there) = (tokens(here).unwrap_or_default(), tokens(there).unwrap_or_default());
    let difference = |site: &str, here: Option<ApiToken>, there: Option<ApiToken>| {
        let shown = |token: &Option<ApiToken>| token.as_ref().map(|_| "changed".to_owned());
        (here != there).then(|| Difference {
            field: format!("policy: array token of the {site} site"),
            base: None,
            here: shown(&here),
            there: shown(&there),
            changed_on: Vec::new(),
            text: String::new(),
        })
    };
    [difference("primary", here.0, there.0), difference("secondary", here.1, there.1)].into_iter().flatten().collect()
}

/// Records that differ in nothing that has a name for operators.
fn rest(here: &GroupRecord, there: &GroupRecord) -> Difference {
    let (field, here, there) = match here.version == there.version {
        true => ("time of the last change", here.group.updated_at.to_string(), there.group.updated_at.to_string()),
        false => ("version", here.version.to_string(), there.version.to_string()),
    };
    let (field, here, there) = (field.to_owned(), Some(here), Some(there));
    Difference { field, base: None, here, there, changed_on: Vec::new(), text: String::new() }
}

#[cfg(test)]
mod tests;
