//! How a test failover went, as the report of the site that made it judges it.

use super::OperationId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The verdict on an operation. The first that holds, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It has not ended.
    NotEnded,
    /// It did not complete, or a server does not run.
    Failed,
    /// The data was older than the objective allows.
    ObjectiveMissed,
    /// Something that the verdict depends on is not known.
    NotConclusive,
    /// A test whose things are not all removed.
    NotCleanedUp,
    /// Everything went as it should.
    Passed,
}

/// A test failover that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// The test.
    pub operation: OperationId,
    /// What it came to.
    pub verdict: Verdict,
    /// The same in one line.
    pub headline: String,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// What is worth knowing about the drills of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drills {
    /// The newest one that has ended.
    pub last: Option<Drill>,
    /// The newest one that passed.
    pub last_successful: Option<Drill>,
}

impl Drills {
    /// Those of two sites taken together: each keeps the journals of its own.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { last: newer(self.last, other.last), last_successful: newer(self.last_successful, other.last_successful) }
    }
}

fn newer(one: Option<Drill>, other: Option<Drill>) -> Option<Drill> {
    [one, other].into_iter().flatten().max_by_key(|drill| drill.ended_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drill(second: i64, verdict: Verdict) -> Option<Drill> {
        let ended_at = Timestamp::from_second(second).unwrap();
        Some(Drill { operation: format!("op-{second}").into(), verdict, headline: String::new(), ended_at })
    }

    #[test]
    fn of_two_sites_the_newest_counts_on_its_own() {
        let here = Drills { last: drill(3, Verdict::Failed), last_successful: drill(1, Verdict::Passed) };
        let there = Drills { last: drill(2, Verdict::Passed), last_successful: drill(2, Verdict::Passed) };
        let both = Drills { last: drill(3, Verdict::Failed), last_successful: drill(2, Verdict::Passed) };
        assert_eq!(here.clone().and(there.clone()), both);
        assert_eq!(there.and(here.clone()), both);
        assert_eq!(here.clone().and(Drills::default()), here);
    }
}
