//! A site is lost and comes back: what is written then.

use super::{Door, GROUP};
use protector_core::model::GroupRecord;
use protector_core::ports::{Cancel, GroupChange};
use serde_json::json;

/// Everything moves to site-b, by a plan of the site.
pub(super) async fn failover(door: &Door) {
    door.set_site("site-a", false);
    let away = door.deployment.engine(Some("site-b")).unwrap();
    door.gives("site_validate", &away.site_validate("site-a").await.unwrap());
    door.gives("sync_status", &away.sync_status(GROUP).await.unwrap());
    door.gives("health_show", &away.health_show(GROUP).await.unwrap());
    let request = json!({ "type": "unplanned", "force": true, "reason": "site-a is lost" });
    let request = door.asks("plan_site_failover", "request", &request);
    let plan = door.gives("plan_site_failover", &away.plan_site_failover("site-a", &request).await.unwrap());
    let options = door.asks("site_failover", "options", &json!({ "skip_blocked": true }));
    let (progress, events) = door.listen();
    let plan = door.asks("site_failover", "request", &plan);
    let moved = away.site_failover(&plan, &options, &Cancel::default(), &progress).await.unwrap();
    assert_eq!(door.gives("site_failover", &moved)["moved"], 1, "{moved:#?}");
    door.heard("site_failover", &events);
    let ledger = door.gives("divergence_list", &away.divergence_list(GROUP).await.unwrap());
    assert_eq!(ledger.as_array().unwrap().len(), 1);
    let group = door.gives("protection_group_show", &away.protection_group_show(GROUP).await.unwrap());
    assert_eq!(group["fences_due"].as_array().unwrap().len(), 1, "{group:#}");
    for operation in away.operation_list().await.unwrap() {
        door.gives("operation_report", &away.operation_report(operation.id.as_str()).await.unwrap());
    }
}

/// site-a is back, and something was edited there meanwhile. Then it is fenced, and what it alone holds is given up.
pub(super) async fn reconciliation(door: &Door) {
    door.set_site("site-a", true);
    let store = &door.engine.endpoints().store;
    let record = store.group(GROUP).await.unwrap().unwrap();
    store.update_group(&edited(record)).await.unwrap();
    let away = door.deployment.engine(Some("site-b")).unwrap();
    door.gives("sync_status", &away.sync_status(GROUP).await.unwrap());
    let plan = door.gives("plan_reconcile", &away.plan_reconcile(GROUP, "site-b").await.unwrap());
    assert!(!plan["differences"].as_array().unwrap().is_empty());
    let plan = door.asks("reconcile", "request", &plan);
    door.gives("reconcile", &away.reconcile(&plan).await.unwrap());

    let request = door.asks("operation_plan", "request", &json!({ "operation": "reprotect" }));
    let plan = away.plan(GROUP, &request).await.unwrap();
    let operation = away.accept(&plan).await.unwrap();
    let (progress, _) = door.listen();
    let done = away.run(operation.id.as_str(), &Cancel::default(), &progress).await.unwrap();
    assert_eq!(door.gives("operation_run", &done)["status"], "completed", "{done:#?}");
    let entry = away.divergence_list(GROUP).await.unwrap().remove(0).id;
    let request = door.asks("divergence_discard", "request", &json!({ "entry": entry, "reason": "nothing of worth" }));
    door.gives("divergence_discard", &away.divergence_discard(GROUP, &request).await.unwrap());
}

fn edited(mut record: GroupRecord) -> GroupChange {
    let expected = record.version;
    record.version = expected.next();
    record.group.description = Some("edited where nobody heard of it".to_owned());
    GroupChange { record, expected, agreed: false }
}
