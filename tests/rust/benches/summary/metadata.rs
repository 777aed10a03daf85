//! Looking at and editing groups when there are many: on files, with fsync, on both sites.

use crate::table::Table;
use crate::{DISK, ms};
use protector_core::engine::{Engine, GroupUpdate, Page};
use protector_core::store::Durability;
use protector_tests::scale::{GROUP, numbered, prepare};
use std::time::Instant;
use tempfile::tempdir_in;

const GROUPS: usize = 10_000;
const EDITS: u32 = 400;
const PAGE: u32 = 100;

pub(crate) async fn measure(table: &mut Table) {
    println!("\n{GROUPS} groups beside one of the simulated world, on files with fsync, on both sites");
    let directory = tempdir_in(DISK).unwrap();
    let prepared = prepare(directory.path(), 4).await.unwrap();
    let copy = tempdir_in(DISK).unwrap();
    let filling = prepared.open_copy(copy.path(), Durability::Off).await.unwrap();
    let store = &filling.endpoints().store;
    for n in 0..GROUPS {
        store.create_group(&numbered(n)).await.unwrap();
    }
    drop(filling);
    let engine = prepared.reopen(copy.path(), Durability::Full).await.unwrap();
    let marker = numbered(GROUPS / 2).group.id.to_string();
    let page = Page { marker: Some(marker), limit: Some(PAGE) };
    let listed = median(async || assert_eq!(engine.protection_group_page(&page).await.unwrap().len(), PAGE as usize));
    table.add(format!("list a page of {PAGE} of {GROUPS} groups"), listed.await, "ms", 10.0);
    let shown = median(async || drop(engine.protection_group_show(GROUP).await.unwrap()));
    table.add(format!("show one of {GROUPS} groups"), shown.await, "ms", 10.0);
    let health = median(async || drop(engine.health_show(GROUP).await.unwrap()));
    table.add(format!("health of one of {GROUPS} groups"), health.await, "ms", 10.0);
    table.add("time of a metadata edit on two sites, with fsync", edits(&engine).await, "ms", 1e3 / 200.0);
}

/// One after the other, as one operator makes them.
async fn edits(engine: &Engine) -> f64 {
    let started = Instant::now();
    for n in 0..EDITS {
        let change = GroupUpdate { description: Some(format!("edit {n}")), ..GroupUpdate::default() };
        engine.protection_group_update(GROUP, &change).await.unwrap();
    }
    ms(started) / f64::from(EDITS)
}

async fn median(call: impl AsyncFn()) -> f64 {
    let mut times = Vec::new();
    for _ in 0..21 {
        let started = Instant::now();
        call().await;
        times.push(ms(started));
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
