//! What can be ordered, and how long it takes.

use protector_core::blocking::Engine;
use protector_core::config::Settings;
use protector_core::plan::{Plan, plan_on_json};
use protector_core::{Error, Result};
use protector_tests::{failover, scale};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::thread::scope;
use std::time::Instant;

/// What is to be done, as `tests/bench/doors.py` says it.
#[derive(Debug, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub(crate) enum Order {
    /// Write facts of a group of that size and the request that is planned on them, for both sides to read.
    Write { servers: usize, volumes: usize, facts: PathBuf, request: PathBuf },
    /// Make plans, all of them in so many threads.
    Plan {
        facts: PathBuf,
        request: PathBuf,
        times: usize,
        threads: usize,
        #[serde(default)]
        look: Look,
    },
    /// Read from an engine of a deployment in memory.
    Read { settings: PathBuf, site: String, call: String, name: String, times: usize },
}

/// What is done with a plan beyond making it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Look {
    /// Nothing.
    #[default]
    None,
    /// It becomes text.
    Json,
}

/// What stays between orders.
#[derive(Debug, Default)]
pub(crate) struct Contender {
    engine: Option<Engine>,
}

impl Contender {
    pub(crate) fn answer(&mut self, order: &Order) -> Result<Value> {
        match order {
            Order::Write { servers, volumes, facts, request } => {
                write(facts, &serde_json::to_string(&scale::facts_of(*servers, *volumes))?)?;
                write(request, &serde_json::to_string(&failover())?)?;
                Ok(json!({}))
            }
            Order::Plan { facts, request, times, threads, look } => {
                let (facts, request) = (text(facts)?, text(request)?);
                plans(&|| seen(plan_on_json(&facts, &request)?, *look), *times, *threads)
            }
            Order::Read { settings, site, call, name, times } => {
                let engine = self.engine(&text(settings)?, site)?;
                let read: &dyn Fn() -> Result<()> = match call.as_str() {
                    "site_show" => &|| engine.site_show(name).map(|site| drop(black_box(site))),
                    "site_show_json" => &|| {
                        drop(black_box(serde_json::to_string(&engine.site_show(name)?)?));
                        Ok(())
                    },
                    "site_validate" => &|| engine.site_validate(name).map(|found| drop(black_box(found))),
                    other => return Err(Error::invalid(format!("no read '{other}' is measured"))),
                };
                Ok(json!({ "seconds": timed(*times, read)? }))
            }
        }
    }

    fn engine(&mut self, settings: &str, site: &str) -> Result<Engine> {
        let open = || Engine::open(Settings::from_text(settings, &BTreeMap::new())?, Some(site));
        let engine = if let Some(engine) = &self.engine { engine.clone() } else { open()? };
        Ok(self.engine.insert(engine).clone())
    }
}

/// The seconds that each call took.
fn timed(times: usize, call: impl Fn() -> Result<()>) -> Result<Vec<f64>> {
    (0..times)
        .map(|_| {
            let begun = Instant::now();
            call()?;
            Ok(begun.elapsed().as_secs_f64())
        })
        .collect()
}

/// What all took together, and the hash of the last one.
fn plans(make: &(dyn Fn() -> Result<Plan> + Sync), times: usize, threads: usize) -> Result<Value> {
    let share = || (1..times / threads).try_fold(make()?, |_, _| make());
    let begun = Instant::now();
    let plan = scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(share)).collect();
        let own = share();
        others.into_iter().filter_map(|thread| thread.join().ok()).fold(own, Result::and)
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(json!({ "seconds": seconds, "hash": plan.hash }))
}

fn seen(plan: Plan, look: Look) -> Result<Plan> {
    if look == Look::Json {
        drop(black_box(serde_json::to_string(&plan)?));
    }
    Ok(plan)
}

fn text(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|e| Error::storage(format!("{}: {e}", file.display())))
}

fn write(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).map_err(|e| Error::storage(format!("{}: {e}", file.display())))
}
