//! How often an array is asked about the objectives of all its groups.

use crate::ms;
use crate::table::Table;
use protector_core::ports::StorageDriver as _;
use protector_tests::flash_arrays::{FlashArrays, NAMES};
use std::time::Instant;

const GROUPS: usize = 500;

pub(crate) async fn measure(table: &mut Table) {
    println!("\n{GROUPS} groups of one volume on a simulated FlashArray over HTTPS");
    let arrays = FlashArrays::start("2.37", |_| {}).await.unwrap();
    let images = arrays.replicate(GROUPS).await.unwrap();
    let fresh = arrays.driver(NAMES[1], |_| {}).unwrap();
    let (before, started) = (fresh.client().counters().requests, Instant::now());
    let found = fresh.standby_groups(&images).await.unwrap().value;
    let (requests, took) = (fresh.client().counters().requests - before, ms(started));
    assert_eq!(found.values().filter(|standby| standby.newest_complete.is_some()).count(), GROUPS);
    println!("{requests} requests in {took:.0} ms");
    // one list of transfers, and one of what the newest points hold for each hundred
    table.add(format!("requests of a sweep of {GROUPS} groups"), requests as f64, "", 6.0);
}
