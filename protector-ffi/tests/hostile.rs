//! Whatever a program hands in, an exported function returns: it neither crashes nor panics, and a refusal has its status, its
//! text and no result. (A fuzzer that looks at coverage needs nightly Rust; here the corpus are requests that the library
//! takes, cut short, mended at random, or repeated until they are long.)

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

use proptest::prelude::*;
use protector::*;
use std::ffi::{CStr, CString, c_char};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

type OneText = unsafe extern "C" fn(
    *const protector_engine,
    *const c_char,
    *mut *mut c_char,
    *mut *mut protector_error,
) -> protector_status;
type TwoTexts = unsafe extern "C" fn(
    *const protector_engine,
    *const c_char,
    *const c_char,
    *mut *mut c_char,
    *mut *mut protector_error,
) -> protector_status;
type Pure = unsafe extern "C" fn(*const c_char, *mut *mut c_char, *mut *mut protector_error) -> protector_status;
type PureOfTwo =
    unsafe extern "C" fn(*const c_char, *const c_char, *mut *mut c_char, *mut *mut protector_error) -> protector_status;

/// What is called; what leads to the simulated world alone, so that the whole of it may be hostile.
const ONE_TEXT: [OneText; 24] = [
    protector_site_create,
    protector_site_show,
    protector_site_validate,
    protector_site_list_volume_types,
    protector_protection_group_create,
    protector_protection_group_page,
    protector_protection_group_show,
    protector_mapping_show,
    protector_mapping_suggest,
    protector_policy_show,
    protector_member_list,
    protector_consistency_group_show,
    protector_consistency_group_volumes,
    protector_answer_peer,
    protector_sync_status,
    protector_sync_metadata,
    protector_reconcile,
    protector_divergence_list,
    protector_operation_accept,
    protector_operation_show,
    protector_operation_accepted_plan,
    protector_operation_report,
    protector_health_show,
    protector_engine_mock_servers,
];
const TWO_TEXTS: [TwoTexts; 10] = [
    protector_protection_group_update,
    protector_mapping_set,
    protector_policy_create,
    protector_member_add,
    protector_plan_reconcile,
    protector_divergence_discard,
    protector_operation_plan,
    protector_operation_graph,
    protector_operation_cancel,
    protector_plan_site_failover,
];
const PURE: [Pure; 4] = [protector_plan_text, protector_reconcile_text, protector_report_text, protector_report_html];
const PURE_OF_TWO: [PureOfTwo; 2] = [protector_plan, protector_plan_graph];

const CONFIG: &CStr =
    c"[engine]\nstorage_driver = mock\nmock_clock = virtual\ncloud_driver = mock\n[database]\nconnection = sqlite://\n";

/// Requests that are taken as they stand.
const CORPUS: [&str; 12] = [
    r#"{"name":"web","replication_type":"async","primary_site":"site-a","secondary_site":"site-b","volume_type":"replicated-ssd"}"#,
    r#"{"pure_pg_name":"pg-web","replication_interval":300,"rpo_minutes":15}"#,
    r#"{"instance_id":"11111111-1111-4111-8111-111111111111","tier":1,"boot_check":null}"#,
    r#"{"operation":"failover","type":"planned","mappings":{"networks":{"net-primary-web":"net-secondary-web"}}}"#,
    r#"{"operation":"sync"}"#,
    r#"{"marker":"x","limit":4294967295}"#,
    r#"{"mappings":{"networks":{"a":"b"},"flavors":{},"security_groups":{}},"suggested":true}"#,
    r#"{"entry":"x","reason":"y"}"#,
    r#"{"type":"unplanned","force":true,"reason":"\u0000\ud83d\ude00"}"#,
    "web",
    "site-a",
    "mermaid",
];

struct Shared(*const protector_engine);
// SAFETY: an engine may be used by any number of threads
unsafe impl Send for Shared {}
// SAFETY: as above
unsafe impl Sync for Shared {}

/// One engine, with a group that requests may speak of.
fn engine() -> *const protector_engine {
    static ENGINE: OnceLock<Shared> = OnceLock::new();
    ENGINE
        .get_or_init(|| {
            let (mut engine, mut made) = (null_mut(), null_mut());
            // SAFETY: texts and local variables
            unsafe {
                let opened = protector_engine_open_text(CONFIG.as_ptr(), null(), &raw mut engine, null_mut());
                assert_eq!(opened, protector_status::Ok);
                let request = CString::new(CORPUS[0]).unwrap();
                let created = protector_protection_group_create(engine, request.as_ptr(), &raw mut made, null_mut());
                assert_eq!(created, protector_status::Ok);
                protector_string_free(made);
            }
            Shared(engine)
        })
        .0
}

/// The call came to a result or to an error, and to nothing that speaks of a defect.
fn check(call: impl FnOnce(*mut *mut c_char, *mut *mut protector_error) -> protector_status) {
    let (mut out, mut error) = (std::ptr::dangling_mut::<c_char>(), std::ptr::dangling_mut());
    let status = call(&raw mut out, &raw mut error);
    if status == protector_status::Ok {
        assert!(error.is_null());
    } else {
        assert!(out.is_null() && !error.is_null(), "{status:?}");
        // SAFETY: the error that the call has just made
        let message = unsafe { CStr::from_ptr(protector_error_message(error)) }.to_str().unwrap();
        assert!(!message.is_empty());
        assert!(!matches!(status, protector_status::Panic | protector_status::Internal), "{message}");
    }
    // SAFETY: NULL, or what the call has just made
    unsafe {
        protector_string_free(out);
        protector_error_free(error);
    }
}

/// Text for C, or NULL.
#[derive(Debug, Clone)]
struct Hostile(Option<CString>);

impl Hostile {
    fn pointer(&self) -> *const c_char {
        self.0.as_ref().map_or(null(), |text| text.as_ptr())
    }
}

fn text(bytes: Vec<u8>) -> Hostile {
    Hostile(CString::new(bytes.into_iter().filter(|byte| *byte != 0).collect::<Vec<_>>()).ok())
}

fn hostile() -> impl Strategy<Value = Hostile> {
    let seed = || proptest::sample::select(&CORPUS[..]).prop_map(|text| text.as_bytes().to_vec());
    prop_oneof![
        1 => Just(Hostile(None)),
        2 => seed().prop_map(text),
        2 => proptest::collection::vec(any::<u8>(), 0..200).prop_map(text),
        3 => (seed(), any::<proptest::sample::Index>()).prop_map(|(mut seed, at)| {
            seed.truncate(at.index(seed.len() + 1));
            text(seed)
        }),
        3 => (seed(), any::<proptest::sample::Index>(), any::<u8>()).prop_map(|(mut seed, at, byte)| {
            let at = at.index(seed.len());
            seed[at] = byte;
            text(seed)
        }),
        1 => (seed(), 1..2000_usize).prop_map(|(seed, times)| text(seed.repeat(times))),
        1 => (1..200_000_usize).prop_map(|depth| text(b"[".repeat(depth))),
        1 => (1..50_000_usize).prop_map(|depth| text(br#"{"mappings":"#.repeat(depth))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_returns_with_a_result_or_a_reason(one in hostile(), two in hostile(), flag in any::<bool>()) {
        let engine = if flag { engine() } else { null() };
        for call in ONE_TEXT {
            // SAFETY: an engine or NULL, and text or NULL
            check(|out, error| unsafe { call(engine, one.pointer(), out, error) });
        }
        for call in TWO_TEXTS {
            // SAFETY: as above
            check(|out, error| unsafe { call(engine, one.pointer(), two.pointer(), out, error) });
            let group = c"web".as_ptr();
            // SAFETY: as above
            check(|out, error| unsafe { call(engine, group, two.pointer(), out, error) });
        }
        for call in PURE {
            // SAFETY: text or NULL
            check(|out, error| unsafe { call(one.pointer(), out, error) });
        }
        for call in PURE_OF_TWO {
            // SAFETY: text or NULL
            check(|out, error| unsafe { call(one.pointer(), two.pointer(), out, error) });
        }
        // SAFETY: as above
        check(|out, error| unsafe {
            protector_operation_run(engine, one.pointer(), None, null_mut(), null(), out, error)
        });
        // SAFETY: as above
        check(|out, error| unsafe {
            protector_operation_abort(engine, one.pointer(), two.pointer(), None, null_mut(), null(), out, error)
        });
        // SAFETY: as above
        check(|out, error| unsafe {
            protector_site_failover(engine, one.pointer(), flag, None, null_mut(), null(), out, error)
        });
        // SAFETY: as above
        check(|out, error| unsafe {
            protector_member_update(engine, c"web".as_ptr(), one.pointer(), two.pointer(), out, error)
        });
    }

    #[test]
    fn a_configuration_of_any_kind_is_refused_or_opened(one in hostile(), two in hostile()) {
        let mut engine = std::ptr::dangling_mut();
        check(|out, error| {
            // SAFETY: text or NULL, and a local variable
            let status = unsafe { protector_engine_open_text(one.pointer(), two.pointer(), &raw mut engine, error) };
            // SAFETY: the place that `check` has made
            unsafe { out.write(null_mut()) };
            assert_eq!(status == protector_status::Ok, !engine.is_null());
            status
        });
        // SAFETY: NULL, or what the call has just made
        unsafe { protector_engine_free(engine) };
    }
}
