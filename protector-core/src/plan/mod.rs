//! Facts in, plan out. No I/O, no clock, no randomness: the same facts and request give the same plan, to the byte, in
//! every language.
//!
//! [`plan`] chooses the file of the kind: `sync`, `test_failover`, `test_cleanup`, `relocate` (failover and failback),
//! `retry`, `reprotect`, `commit`. Each of them first collects findings, then lays out steps. A plan with blockers still
//! lists its steps, so that people see what would happen, and each one says how long it will take (`schedule`,
//! `forecast`).

mod action;
mod build;
mod by_member;
mod checks;
mod commit;
pub mod divergence;
mod evidence;
mod facts;
mod finding;
mod forecast;
pub mod graph;
mod old_site;
mod output;
mod placement;
#[cfg(test)]
mod pods_tests;
mod reconcile;
mod relocate;
mod reprotect;
mod request;
mod retry;
mod schedule;
mod sealed;
mod side_by_side;
mod site;
mod step;
mod sync;
mod test_cleanup;
mod test_failover;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod text;
pub mod transition;

pub use action::{Action, PointSource};
pub use evidence::Evidence;
pub use facts::{
    ArrayFacts, CloudFacts, FACTS_SCHEMA, Facts, Observation, PeerFacts, SimulatedStorage, SiteFacts, TestRun,
};
pub use finding::{Consent, ConsentKind, Finding, FindingCode, Severity};
pub use forecast::{Durations, Forecast, StepProgress, StepTime, Timeline, forecast, remaining_seconds, simulate};
pub use graph::{Graph, GraphFormat, plan_graph_json};
pub use output::{Outputs, StepOutput};
pub use reconcile::{ReconcilePlan, plan_reconcile, reconciliation_id};
pub use request::Request;
pub use schedule::{Limits, Schedule};
pub use sealed::{ExpectedLoss, OLDEST_PLAN_SCHEMA, PLAN_SCHEMA, Plan};
pub use site::{SiteFailoverRequest, SiteGroup, SitePlan, SiteWork, in_moving_order};
pub use step::{Endpoint, EndpointKind, OnFailure, Phase, Step};

use crate::model::OperationKind;
use crate::{Error, Result};

/// Plans `request` on `facts`.
///
/// # Errors
/// request contradicts itself → `InvalidRequest`; facts of another schema → `Unsupported`; facts that lack what the
/// request is about (for a cleanup: the test) → `Precondition`. Everything the world objects to is a finding, not an error.
pub fn plan(facts: &Facts, request: &Request) -> Result<Plan> {
    request.validate()?;
    facts.validate()?;
    match request.kind(facts) {
        OperationKind::Sync => Ok(sync::plan(facts)),
        OperationKind::TestFailover => Ok(test_failover::plan(facts, request)),
        OperationKind::TestCleanup => test_cleanup::plan(facts),
        OperationKind::PlannedFailover | OperationKind::UnplannedFailover | OperationKind::Failback => {
            Ok(relocate::plan(facts, request))
        }
        OperationKind::Reprotect => Ok(reprotect::plan(facts)),
        OperationKind::Commit => Ok(commit::plan(facts)),
        OperationKind::RetryFailed => Ok(retry::plan(facts, request)),
    }
}

/// [`plan`] on JSON text, for the bindings.
///
/// # Errors
/// text that is not the expected JSON → `InvalidRequest`; else as [`plan`].
pub fn plan_on_json(facts: &str, request: &str) -> Result<Plan> {
    let facts: Facts = serde_json::from_str(facts).map_err(|e| Error::from(e).context("facts"))?;
    let request: Request = serde_json::from_str(request).map_err(|e| Error::from(e).context("request"))?;
    plan(&facts, &request)
}

/// [`plan_on_json`], with the plan as JSON text, too.
///
/// # Errors
/// as [`plan_on_json`].
pub fn plan_json(facts: &str, request: &str) -> Result<String> {
    Ok(serde_json::to_string(&plan_on_json(facts, request)?)?)
}
