//! What speaks against a move.

use crate::engine::Engine;
use crate::model::{FailoverType, FenceDue, GroupRecord, Mappings};
use crate::plan::{FindingCode, Plan, Request};
use crate::ports::PeerVersion;

impl Engine {
    /// The blockers of a planned move, and sites that wait to be fenced.
    pub(super) async fn reasons_against_failover(&self, record: &GroupRecord) -> Vec<String> {
        let request = if record.group.is_home() {
            Request::Failover {
                failover_type: FailoverType::Planned,
                force: false,
                reason: None,
                mappings: Mappings::default(),
            }
        } else {
            Request::Failback { mappings: Mappings::default() }
        };
        let mut reasons = match self.plan(record.group.id.as_str(), &request).await {
            Ok(plan) => blockers(&plan),
            Err(e) => vec![e.to_string()],
        };
        reasons.extend(record.fences_due.iter().map(|due| fence_due(record, due)));
        reasons
    }

    /// The blockers of an unplanned move with the documented consents, while the site where the workload runs is taken as
    /// lost: nothing of it is asked. Whoever would run it works from the standby site, so what that one knows counts.
    pub(super) async fn reasons_against_unplanned(&self, record: &GroupRecord) -> Vec<String> {
        let request = Request::Failover {
            failover_type: FailoverType::Unplanned,
            force: true,
            reason: None,
            mappings: Mappings::default(),
        };
        let mut reasons = self.unknown_to_standby(record).await;
        // boxed: whoever awaits this should not carry all that was looked at
        let plan = match Box::pin(self.facts_without_source(record)).await {
            Ok(facts) => crate::plan::plan(&facts, &request),
            Err(e) => Err(e),
        };
        match plan {
            Ok(plan) => reasons.extend(blockers(&plan)),
            Err(e) => reasons.push(e.to_string()),
        }
        reasons
    }

    /// Asked from the site that would be lost: whether the other one knows the group as it is.
    async fn unknown_to_standby(&self, record: &GroupRecord) -> Vec<String> {
        let standby = record.group.standby_site();
        if self.0.site == *standby {
            return Vec::new();
        }
        let (name, ours) = (&record.group.name, record.version);
        let remedy = format!("openstack protector protection-group sync {name}");
        match self.0.endpoints.peer.version(&record.group.id).await {
            Ok(PeerVersion::At(version)) if version == ours => Vec::new(),
            Ok(PeerVersion::At(version)) => {
                vec![format!("{standby} holds version {version} of '{name}', here is {ours}: {remedy}")]
            }
            Ok(PeerVersion::Absent) => vec![format!("{standby} has never heard of '{name}': {remedy}")],
            Err(e) => vec![format!("what {standby} knows about '{name}' is not known: {}", e.message())],
        }
    }
}

/// All but missing mappings, which may still be given with the command.
fn blockers(plan: &Plan) -> Vec<String> {
    let counts = plan.blockers().filter(|finding| finding.code != FindingCode::NetworkMappingMissing);
    counts.map(|finding| finding.message.clone()).collect()
}

/// A move would work it off itself; until then two sites may take writes.
fn fence_due(record: &GroupRecord, due: &FenceDue) -> String {
    let FenceDue { site, since, operation, .. } = due;
    let name = &record.group.name;
    format!(
        "{site} was left by {operation} and waits since {since} to be stopped and fenced: \
         openstack protector reprotect {name}"
    )
}
