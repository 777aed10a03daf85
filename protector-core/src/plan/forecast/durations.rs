//! What was measured, by kind of step and site.

use crate::model::SiteName;
use crate::plan::Action;
use crate::ports::StepDurations;
use serde::{Deserialize, Serialize};

/// What a kind of step takes at one site.
///
/// Mean and variance instead of the samples: they are what a forecast needs, they stay small in facts and plans, and
/// sums of them are exact in integers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepTime {
    /// Its word, as in [`Action::word`].
    pub action: String,
    /// Site whose cloud or array it needs; absent for steps on the metadata of both sites.
    pub site: Option<SiteName>,
    /// How many durations this is made of; 0: an assumption.
    pub samples: usize,
    /// Milliseconds.
    pub mean_ms: u64,
    /// Squared milliseconds.
    pub variance: u64,
}

/// What steps take, by kind and site. Ordered, each kind and site once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Durations(Vec<StepTime>);

impl Durations {
    /// Sums up what a store has kept.
    pub fn of_samples(samples: &[StepDurations]) -> Self {
        Self::new(samples.iter().filter_map(summary).collect())
    }

    pub(super) fn new(mut times: Vec<StepTime>) -> Self {
        times.sort_by(|a, b| (&a.action, &a.site).cmp(&(&b.action, &b.site)));
        Self(times)
    }

    /// Only those of these sites and of none.
    #[must_use]
    pub fn at_sites(mut self, sites: &[&SiteName]) -> Self {
        self.0.retain(|time| time.site.as_ref().is_none_or(|site| sites.contains(&site)));
        self
    }

    /// What is known about a step.
    pub fn get(&self, action: &Action) -> Option<&StepTime> {
        let (word, site) = (action.word(), action.endpoint().site);
        self.0.iter().find(|time| time.action == word && time.site == site)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &StepTime> {
        self.0.iter()
    }
}

fn summary(kind: &StepDurations) -> Option<StepTime> {
    let samples = u128::try_from(kind.milliseconds.len()).ok().filter(|n| *n > 0)?;
    let sum: u128 = kind.milliseconds.iter().map(|ms| u128::from(*ms)).sum();
    let mean_ms = u64::try_from((sum + samples / 2) / samples).ok()?;
    let squares: u128 = kind.milliseconds.iter().map(|ms| u128::from(ms.abs_diff(mean_ms)).pow(2)).sum();
    // one duration says nothing about how much they differ
    let variance = if samples > 1 { squares / (samples - 1) } else { u128::from(guessed_variance(mean_ms)) };
    Some(StepTime {
        action: kind.action.clone(),
        site: kind.site.clone(),
        samples: kind.milliseconds.len(),
        mean_ms,
        variance: u64::try_from(variance).unwrap_or(u64::MAX),
    })
}

/// Of a duration about whose variance nothing is known: its standard deviation is taken as half of it.
pub(super) fn guessed_variance(mean_ms: u64) -> u64 {
    (mean_ms / 2).saturating_pow(2)
}
