//! An executor that stands still in the middle of a change of an array, and goes on when somebody lets it.

#![allow(clippy::expect_used, reason = "helpers of tests may panic as tests do")]

use protector_core::Result;
use protector_core::engine::{Engine, StorageDefaults};
use protector_core::exec::{Endpoints, Limits};
use protector_core::ports::StorageDriver;
use protector_core::wrap::{Call, Layer, Reply, Wrapped};
use std::collections::BTreeMap;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::Semaphore;

/// On which side of the effect it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stall {
    /// The change is not made yet.
    BeforeEffect,
    /// It is made, and nobody was told.
    AfterEffect,
}

/// Counts the changes that an executor makes on all arrays, and stands still in one of them.
#[derive(Debug)]
pub struct Gate {
    stalls_at: usize,
    stall: Stall,
    changes: AtomicUsize,
    stands: Semaphore,
    released: Semaphore,
}

impl Gate {
    /// Stands in the change number `stalls_at`, counted from 1.
    pub fn new(stalls_at: usize, stall: Stall) -> Arc<Self> {
        let (stands, released) = (Semaphore::new(0), Semaphore::new(0));
        Arc::new(Self { stalls_at, stall, changes: AtomicUsize::new(0), stands, released })
    }

    /// Waits until it stands.
    pub async fn stands(&self) {
        drop(self.stands.acquire().await.expect("it is never closed"));
    }

    /// Lets it go on.
    pub fn release(&self) {
        self.released.add_permits(1);
    }

    /// Changes that were begun so far.
    pub fn changes(&self) -> usize {
        self.changes.load(Ordering::SeqCst)
    }

    async fn stand(&self) {
        self.stands.add_permits(1);
        drop(self.released.acquire().await.expect("it is never closed"));
    }
}

#[derive(Debug)]
struct Gated(Arc<Gate>);

impl Layer for Gated {
    async fn around<'a, T, F>(&'a self, call: Call<'a, T>, make: F) -> Result<T>
    where
        T: Send + 'a,
        F: Fn() -> Reply<'a, T> + Send + Sync + 'a,
    {
        let number = if call.cx.is_some() { self.0.changes.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
        let stalls = number == self.0.stalls_at;
        if stalls && self.0.stall == Stall::BeforeEffect {
            self.0.stand().await;
        }
        let reply = make().await;
        if stalls && self.0.stall == Stall::AfterEffect {
            self.0.stand().await;
        }
        reply
    }
}

/// `engine` with the gate around all of its arrays; one of its own as far as leases are concerned.
pub fn gated(engine: &Engine, gate: &Arc<Gate>, limits: Limits) -> Engine {
    let endpoints = engine.endpoints().clone();
    let wrap = |array: &Arc<dyn StorageDriver>| {
        Arc::new(Wrapped::new(Gated(gate.clone()), array.clone())) as Arc<dyn StorageDriver>
    };
    let arrays: BTreeMap<_, _> = endpoints.arrays.iter().map(|(site, array)| (site.clone(), wrap(array))).collect();
    let endpoints = Endpoints { arrays, ..endpoints };
    Engine::new(engine.site().clone(), endpoints, StorageDefaults::default(), limits)
}
