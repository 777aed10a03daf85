use super::*;
use crate::model::{PolicyStatus, ReplicationType};
use crate::rules::Side;
use crate::rules::testing::group;

const A: &str = "https://array-a.example.com";
const B: &str = "https://array-b.example.com";

fn policy(interval: u32, rpo_minutes: u32, url: Option<&str>) -> ReplicationPolicy {
    ReplicationPolicy {
        primary_fa_url: url.map(str::to_owned),
        primary_fa_api_token: None,
        secondary_fa_url: None,
        secondary_fa_api_token: None,
        pure_pg_name: "pg-web".into(),
        replication_interval: interval,
        rpo_minutes,
        status: PolicyStatus::Active,
    }
}

fn says(interval: Option<u32>, rpo_minutes: Option<u32>, url: Option<&str>) -> StorageSays<'_> {
    let primary = AccessIn { side: Side::Primary, url, token: None };
    let secondary = AccessIn { side: Side::Secondary, url: Some(B), token: None };
    StorageSays { replication_interval: interval, rpo_minutes, primary, secondary }
}

#[test]
fn what_differs_is_named_field_by_field() {
    // policy, settings, the fields that differ
    let table = [
        (policy(300, 15, None), says(Some(300), Some(15), Some(A)), vec![]),
        (policy(300, 15, None), says(None, None, None), vec![]),
        (policy(300, 15, None), says(Some(600), Some(15), None), vec![("replication_interval", "300", "600")]),
        (policy(300, 15, None), says(Some(300), Some(20), None), vec![("rpo_minutes", "15", "20")]),
        (
            policy(300, 15, Some(B)),
            says(Some(1800), Some(60), Some(A)),
            vec![("replication_interval", "300", "1800"), ("rpo_minutes", "15", "60"), ("primary_fa_url", B, A)],
        ),
        // one array in two spellings, or named in one place only
        (policy(300, 15, Some("https://ARRAY-A.example.com:443/")), says(None, None, Some(A)), vec![]),
        (policy(300, 15, Some(A)), says(None, None, None), vec![]),
        // another port of that host is another array
        (
            policy(300, 15, Some("https://array-a.example.com:8443")),
            says(None, None, Some(A)),
            vec![("primary_fa_url", "https://array-a.example.com:8443", A)],
        ),
    ];
    for (policy, storage, expected) in table {
        let found = drift(&group("web"), &policy, storage);
        let fields: Vec<_> = found.iter().map(|d| (&*d.field, &*d.policy_value, &*d.default_value)).collect();
        assert_eq!(fields, expected);
        assert!(found.iter().all(|d| d.protection_group == "web" && d.remedy.contains("policy-create web")));
    }
}

#[test]
fn the_remedy_changes_both_numbers_at_once() {
    let found = drift(&group("web"), &policy(300, 15, None), says(Some(1800), Some(60), None));
    let command = "openstack protector protection-group policy-create web --replication-interval 1800 --rpo-minutes 60";
    assert!(found.len() == 2 && found.iter().all(|d| d.remedy == command), "{found:?}");
}

#[test]
fn a_group_in_a_pod_has_no_interval() {
    let mut sync = group("web");
    sync.replication_type = ReplicationType::Sync;
    assert_eq!(drift(&sync, &policy(0, 15, None), says(Some(300), Some(15), None)), vec![]);
}
