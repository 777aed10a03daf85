//! How a plan reads.

use super::{ExpectedLoss, Finding, OnFailure, Plan, Severity, Step, forecast};
use std::fmt::{self, Write as _};

impl Plan {
    /// The plan for people: what, how long, findings with remedies, steps by phase. Ends with a newline.
    pub fn to_text(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} of '{}', {} -> {}", self.id, self.kind, self.group_name, self.source, self.target)?;
        writeln!(f, "hash {}, epoch {}, metadata version {}", self.hash, self.epoch, self.version)?;
        writeln!(f, "expected loss: {}", self.expected_loss)?;
        if let Some(forecast) = &self.forecast {
            forecast::text::write(f, forecast, &self.steps)?;
        }
        findings(f, "blockers", self.blockers())?;
        findings(f, "warnings", self.findings.iter().filter(|x| x.severity == Severity::Warning))?;
        steps(f, &self.steps)?;
        match self.blockers().count() {
            0 => writeln!(f, "This plan can be accepted."),
            count => writeln!(f, "This plan cannot be accepted: {count} blocker(s)."),
        }
    }
}

impl fmt::Display for ExpectedLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("nothing"),
            Self::Unknown => f.write_str("not known: there is no recovery point"),
            Self::AfterPivot {} => {
                f.write_str("whatever the source acknowledges once the plan has taken its recovery point")
            }
            Self::After { point, created, age_seconds } => {
                write!(f, "all writes after {created} ({age_seconds} s before this plan), recovery point {point}")
            }
        }
    }
}

fn findings<'a>(f: &mut fmt::Formatter<'_>, title: &str, findings: impl Iterator<Item = &'a Finding>) -> fmt::Result {
    let mut findings = findings.peekable();
    if findings.peek().is_none() {
        return Ok(());
    }
    writeln!(f, "\n{title}:")?;
    for finding in findings {
        writeln!(f, "  ! {} [{}]", finding.message, finding.code)?;
        for evidence in &finding.evidence {
            writeln!(f, "    seen:    {evidence}")?;
        }
        if let Some(remedy) = &finding.remedy {
            writeln!(f, "    remedy:  {remedy}")?;
        }
        if let Some(consent) = finding.consent {
            let state = if finding.severity == Severity::Blocker { "needed" } else { "given" };
            writeln!(f, "    consent: {consent} ({state})")?;
        }
    }
    Ok(())
}

fn steps(f: &mut fmt::Formatter<'_>, steps: &[Step]) -> fmt::Result {
    writeln!(f, "\n{} steps:", steps.len())?;
    let mut phase = None;
    for (number, step) in steps.iter().enumerate() {
        if phase != Some(step.phase) {
            phase = Some(step.phase);
            writeln!(f, "  {}", step.phase)?;
        }
        let mut line = format!("  {:>4}  {}", number + 1, step.title);
        if step.on_failure == OnFailure::Skip {
            write!(line, " (best effort)")?;
        }
        writeln!(f, "{line}")?;
    }
    writeln!(f)
}
