//! What a finding rests on.

use super::{Facts, SiteFacts};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// Who said what, and when: enough to see whether a finding still holds.
///
/// ```
/// use protector_core::plan::Evidence;
/// let seen = Evidence::of("array b-array", "2026-01-01T02:59:58Z".parse()?).value("age_seconds", 2820);
/// assert_eq!(seen.to_string(), "array b-array at 2026-01-01T02:59:58Z: age_seconds=2820");
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// Who was asked, for example `array b-array`, `cloud site-a` or `metadata of site-b`.
    pub source: String,
    /// When, by the clock of the site that plans.
    pub at: Timestamp,
    /// What was seen, by name; names carry the unit.
    pub values: BTreeMap<String, String>,
}

impl Evidence {
    /// `source` was asked at `at`.
    pub fn of(source: impl Display, at: Timestamp) -> Self {
        Self { source: source.to_string(), at, values: BTreeMap::new() }
    }

    /// Adds one value.
    #[must_use]
    pub fn value(mut self, name: &str, value: impl Display) -> Self {
        self.values.insert(name.to_owned(), value.to_string());
        self
    }

    /// Adds a list of names, comma separated. An empty one is said as `none`.
    #[must_use]
    pub fn names<T: Display>(self, name: &str, names: impl IntoIterator<Item = T>) -> Self {
        let names: Vec<String> = names.into_iter().map(|n| n.to_string()).collect();
        let text = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        self.value(name, text)
    }

    /// The stored record was read: what a finding rests on that needs nothing from outside.
    pub(super) fn of_record(facts: &Facts) -> Self {
        Self::of_store(facts).value("version", facts.record.version)
    }

    /// The store of the site that plans was read.
    pub(super) fn of_store(facts: &Facts) -> Self {
        Self::of(format_args!("store of {}", facts.local_site), facts.now)
    }

    /// The cloud of a site was asked.
    pub(super) fn of_cloud(site: &SiteFacts, now: Timestamp) -> Self {
        Self::of(format_args!("cloud {}", site.site), site.observed_at.unwrap_or(now))
    }

    /// The array of a site was asked.
    pub(super) fn of_array(site: &SiteFacts, now: Timestamp) -> Self {
        let at = site.observed_at.unwrap_or(now);
        match site.array.known() {
            Some(array) => Self::of(format_args!("array {}", array.name), at),
            None => Self::of(format_args!("array of {}", site.site), at),
        }
    }
}

impl Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.source, self.at)?;
        for (position, (name, value)) in self.values.iter().enumerate() {
            write!(f, "{} {name}={value}", if position == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}
