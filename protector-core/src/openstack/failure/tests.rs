//! Bodies as real services write them, and what they mean.

use super::*;
use serde_json::json;

fn asked(service: Service, changes: bool) -> Call {
    let path = ["things", "1"];
    if changes { Call::post(service, &path, json!({})) } else { Call::get(service, &path) }
}

fn judged(service: Service, changes: bool, status: u16, body: &str) -> Error {
    let call = asked(service, changes);
    let refusal =
        Refusal { cloud: "site-b", status, body: body.as_bytes(), request_id: Some("req-7"), retry_after: None };
    judge(&call, &refusal).into_error(changes)
}

const CINDER_POLICY: &str = r#"{"forbidden": {"code": 403, "message":
    "Policy doesn't allow volume_extension:volume_manage to be performed."}}"#;
const CINDER_QUOTA: &str = r#"{"overLimit": {"code": 413, "message":
    "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 2G, quota is 1000G and 999G has been consumed.", "retryAfter": "0"}}"#;
const CINDER_COUNT: &str = r#"{"overLimit": {"code": 413, "message":
    "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'.", "retryAfter": "0"}}"#;
const CINDER_MISSING: &str = r#"{"itemNotFound": {"code": 404, "message": "Volume gone could not be found."}}"#;
const CINDER_STATE: &str = r#"{"badRequest": {"code": 400, "message":
    "Invalid volume: Volume status must be available, but current status is: in-use."}}"#;
const NOVA_STATE: &str = r#"{"conflictingRequest": {"code": 409, "message":
    "Cannot 'stop' instance 1 while it is in vm_state paused"}}"#;
const NOVA_QUOTA: &str = r#"{"forbidden": {"code": 403, "message":
    "Quota exceeded for cores: Requested 4, but already used 20 of 20 cores"}}"#;
const NOVA_FAULT: &str = r#"{"computeFault": {"code": 500, "message":
    "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if possible."}}"#;
const NEUTRON_TAKEN: &str = r#"{"NeutronError": {"type": "IpAddressAlreadyAllocated", "message":
    "IP address 10.2.0.77 already allocated in subnet 7", "detail": ""}}"#;
const NEUTRON_POLICY: &str = r#"{"NeutronError": {"type": "PolicyNotAuthorized", "message":
    "(rule:create_port and (rule:create_port:fixed_ips)) is disallowed by policy", "detail": ""}}"#;
const NEUTRON_QUOTA: &str =
    r#"{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['port'].", "detail": ""}}"#;
const KEYSTONE_PASSWORD: &str = r#"{"error": {"code": 401, "message":
    "The request you have made requires authentication.", "title": "Unauthorized"}}"#;
const UNROUTED: &str = r#"{"itemNotFound": {"code": 404, "message": "The resource could not be found."}}"#;
const HTML: &str = "<html><body>503 Service Unavailable planted</body></html>";

/// Who answers, with which status and body; the kind, a part of the message, a part of the remedy.
type Row<'a> = (Service, u16, &'a str, ErrorKind, &'a str, Option<&'a str>);

#[test]
fn each_refusal_has_its_kind_its_sentence_and_its_remedy() {
    use ErrorKind::*;
    let table: [Row<'_>; 15] = [
        (
            Service::BlockStorage,
            403,
            CINDER_POLICY,
            Forbidden,
            "Policy doesn't allow",
            Some("volume_extension:volume_manage"),
        ),
        (Service::BlockStorage, 413, CINDER_QUOTA, LimitReached, "gigabytes quota", Some("quota show")),
        (Service::BlockStorage, 413, CINDER_COUNT, LimitReached, "quota 'volumes'", Some("quota show")),
        (Service::BlockStorage, 404, CINDER_MISSING, NotFound, "Volume gone could not be found", None),
        (Service::BlockStorage, 400, CINDER_STATE, Precondition, "current status is: in-use", None),
        (Service::Compute, 409, NOVA_STATE, Precondition, "vm_state paused", None),
        (Service::Compute, 403, NOVA_QUOTA, LimitReached, "cores", Some("quota show")),
        (Service::Network, 409, NEUTRON_TAKEN, Conflict, "10.2.0.77", None),
        (Service::Network, 403, NEUTRON_POLICY, Forbidden, "disallowed by policy", Some("policy rule create_port ")),
        (Service::Network, 409, NEUTRON_QUOTA, LimitReached, "['port']", Some("quota show")),
        (
            Service::Identity,
            401,
            KEYSTONE_PASSWORD,
            Unauthenticated,
            "requires authentication",
            Some("'site-b' in clouds.yaml"),
        ),
        (Service::BlockStorage, 404, UNROUTED, Unsupported, "could not be found", Some("catalog list")),
        (Service::BlockStorage, 404, "<html>", Unsupported, "without a reason", Some("catalog list")),
        (Service::Compute, 503, HTML, Transient, "without a reason", Some("req-7")),
        (Service::Network, 302, "", Unsupported, "302", Some("catalog list")),
    ];
    for (service, status, body, kind, words, remedy) in table {
        let error = judged(service, true, status, body);
        assert_eq!(error.kind(), kind, "{error}");
        for word in [words, "site-b", "things/1", "req-7", &status.to_string(), &service.to_string()] {
            assert!(error.message().contains(word), "{word}: {error}");
        }
        match remedy {
            Some(words) => assert!(error.remedy_text().is_some_and(|text| text.contains(words)), "{error}"),
            None => assert_eq!(error.remedy_text(), None),
        }
        assert!(!error.to_string().contains("planted"), "{error}");
    }
}

#[test]
fn a_change_whose_end_is_not_known_is_looked_for_and_a_read_is_repeated() {
    for (status, body) in [(500, NOVA_FAULT), (502, HTML), (504, "")] {
        let change = judged(Service::Compute, true, status, body);
        assert_eq!(change.kind(), ErrorKind::Indeterminate, "{change}");
        assert!(change.message().contains(&status.to_string()), "{change}");
        assert_eq!(judged(Service::Compute, false, status, body).kind(), ErrorKind::Transient);
    }
}

#[test]
fn only_what_had_no_effect_is_sent_again_whatever_it_is() {
    for (status, body, again) in [
        (503, HTML, Again::Yes),
        (429, "", Again::Yes),
        (413, CINDER_QUOTA, Again::Never),
        (500, NOVA_FAULT, Again::Unsure),
        (504, "", Again::Unsure),
        (404, CINDER_MISSING, Again::Never),
    ] {
        let call = asked(Service::BlockStorage, true);
        let refusal = Refusal { cloud: "c", status, body: body.as_bytes(), request_id: None, retry_after: Some(3) };
        let failure = judge(&call, &refusal);
        assert_eq!((failure.again, failure.retry_after), (again, Some(Duration::from_secs(3))), "{status}");
    }
}

#[test]
fn rules_of_policies_are_found_in_each_services_words() {
    for (message, rule) in [
        (
            "Policy doesn't allow volume_extension:volume_manage to be performed.",
            Some("volume_extension:volume_manage"),
        ),
        ("Policy doesn't allow os_compute_api:servers:create to be performed.", Some("os_compute_api:servers:create")),
        ("(rule:create_port and rule:x) is disallowed by policy", Some("create_port")),
        ("You are not authorized to perform the requested action: identity:list_users.", Some("identity:list_users")),
        ("no", None),
    ] {
        assert_eq!(policy_rule(message), rule, "{message}");
    }
}

#[test]
fn a_long_sentence_is_cut_and_put_on_one_line() {
    assert_eq!(shown(" a\n\tb\u{7}c "), "a b c");
    let long = shown(&"ü".repeat(1000));
    assert_eq!(long.chars().count(), LONGEST + 1);
    assert!(long.ends_with('…'));
}

#[test]
fn a_secret_that_was_sent_back_is_taken_out() {
    let failure =
        Failure::new(ErrorKind::Internal, Again::Never, "password planted is wrong").without_secret("planted");
    assert_eq!(failure.message, "password *** is wrong");
    assert_eq!(failure.clone().without_secret("").message, failure.message);
}
