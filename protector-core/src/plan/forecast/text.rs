//! How a forecast reads.

use super::Forecast;
use crate::model::StepId;
use crate::plan::{Action, Step};
use std::collections::HashMap;
use std::fmt;

/// Titles that a critical path is shown with; those in between are counted.
const SHOWN_STEPS: usize = 12;

/// Two or three lines: what it will take, and what that rests on.
pub(in crate::plan) fn write(f: &mut fmt::Formatter<'_>, forecast: &Forecast, steps: &[Step]) -> fmt::Result {
    let (p50, p95) = (about(forecast.p50_seconds), at_most(forecast.p95_seconds));
    writeln!(f, "forecast: about {p50}, 95 % within {p95}; critical path: {}", critical_path(forecast, steps))?;
    let assumed: Vec<String> = forecast
        .basis
        .iter()
        .filter(|time| time.samples == 0)
        .map(|time| {
            let site = time.site.as_ref().map(|site| format!(" on {site}")).unwrap_or_default();
            format!("{}{site} {}", time.action, about(time.mean_ms / 1000))
        })
        .collect();
    if assumed.is_empty() {
        return Ok(());
    }
    let all = forecast.measured_steps + forecast.unmeasured_steps;
    writeln!(f, "  not measured yet ({} of {all} steps): assumes {}", forecast.unmeasured_steps, assumed.join(", "))
}

/// Titles in order; steps of one kind in a row are one title and a number, and those that only wait are left out.
fn critical_path(forecast: &Forecast, steps: &[Step]) -> String {
    let by_id: HashMap<&StepId, &Step> = steps.iter().map(|s| (&s.id, s)).collect();
    let mut runs: Vec<(&Step, usize)> = Vec::new();
    for step in forecast.critical_path.iter().filter_map(|id| by_id.get(id)) {
        match runs.last_mut() {
            _ if matches!(step.action, Action::Barrier {}) => {}
            Some((first, count)) if first.action.word() == step.action.word() => *count += 1,
            _ => runs.push((step, 1)),
        }
    }
    if runs.is_empty() {
        return "no steps".to_owned();
    }
    let title = |(step, count): &(&Step, usize)| match count {
        1 => step.title.clone(),
        more => format!("{} (and {} more of it)", step.title, more - 1),
    };
    let mut titles: Vec<String> = runs.iter().map(title).collect();
    if titles.len() > SHOWN_STEPS {
        let hidden = titles.len() - SHOWN_STEPS;
        titles.splice(SHOWN_STEPS / 2..SHOWN_STEPS / 2 + hidden, [format!("({hidden} more)")]);
    }
    titles.join(" > ")
}

/// A time in the unit that people would say it in, to the nearest.
pub(in crate::plan) fn about(seconds: u64) -> String {
    readable(seconds, |whole, unit| (whole + unit / 2) / unit)
}

/// The same, rounded up.
pub(in crate::plan) fn at_most(seconds: u64) -> String {
    readable(seconds, u64::div_ceil)
}

fn readable(seconds: u64, round: fn(u64, u64) -> u64) -> String {
    if seconds < 100 {
        return format!("{seconds} s");
    }
    match round(seconds, 60) {
        minutes @ ..100 => format!("{minutes} min"),
        minutes => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}
