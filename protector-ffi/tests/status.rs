//! The numbers that C programs were compiled with. Adding one is fine; changing one breaks them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

use protector::{protector_status, protector_status_name};
use protector_core::ErrorKind;
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::path::Path;

const NUMBERS: [(i32, &str); 27] = [
    (0, "ok"),
    (1, "invalid_request"),
    (2, "invalid_configuration"),
    (3, "not_found"),
    (4, "already_exists"),
    (5, "conflict"),
    (6, "precondition"),
    (7, "not_eligible"),
    (8, "plan_blocked"),
    (9, "plan_stale"),
    (10, "peer_unreachable"),
    (11, "unreachable"),
    (12, "unauthenticated"),
    (13, "forbidden"),
    (14, "transient"),
    (15, "indeterminate"),
    (16, "deadline_exceeded"),
    (17, "cancelled"),
    (18, "pending_eradication"),
    (19, "limit_reached"),
    (20, "unsupported"),
    (21, "data_safety"),
    (22, "storage"),
    (23, "internal"),
    (100, "null_argument"),
    (101, "invalid_utf8"),
    (102, "panic"),
];

fn name_of(number: i32) -> Option<&'static str> {
    let name = protector_status_name(number);
    // SAFETY: names are literals of the library
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_str().unwrap())
}

#[test]
fn every_number_has_its_name_for_ever() {
    let found: Vec<(i32, &str)> = (-1000..1000).filter_map(|n| Some((n, name_of(n)?))).collect();
    assert_eq!(found, NUMBERS);
}

#[test]
fn every_kind_of_error_has_a_number_of_its_own_under_its_own_name() {
    for kind in ErrorKind::ALL {
        let status = protector_status::from(kind);
        assert_eq!(name_of(status as i32), Some(kind.code()), "{kind:?}");
    }
}

/// The list that all languages share.
#[test]
fn the_shared_list_of_errors_has_the_same_numbers() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/errors.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("skipped: there is no tests/data/errors.json");
        return;
    };
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let listed: BTreeMap<i64, &str> =
        rows.iter().map(|row| (row["status"].as_i64().unwrap(), row["code"].as_str().unwrap())).collect();
    let ours: BTreeMap<i64, &str> = NUMBERS[1..24].iter().map(|(number, name)| (i64::from(*number), *name)).collect();
    assert_eq!(listed, ours);
}
