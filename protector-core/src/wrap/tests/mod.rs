mod faulty;
mod policy;
mod retried;
mod suites;
mod traced;
mod wrapped;

use super::{FaultScript, Faulty, Layer, Wrapped};
use crate::mock::{World, WorldLocation, WorldTime, storage_subject};
use crate::model::{Epoch, ProtectionGroupId};
use crate::ports::conformance::storage::StorageSubject;
use crate::ports::{Cancel, Clock, Cx, GroupSpec, StorageDriver};
use std::{sync::Arc, time::Duration};

/// Two simulated arrays of their own, in virtual time.
fn arrays() -> StorageSubject {
    storage_subject(&World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap()).unwrap()
}

fn around<L: Layer + 'static>(layer: L, inner: &Arc<dyn StorageDriver>) -> Arc<Wrapped<L>> {
    Arc::new(Wrapped::new(layer, inner.clone()))
}

/// The source array of a world of its own with faults around it, and the clock.
fn faulty(script: FaultScript) -> (Arc<Wrapped<Faulty>>, Arc<dyn Clock>) {
    let arrays = arrays();
    (around(Faulty::new(script, arrays.clock.clone()), &arrays.source), arrays.clock)
}

/// A context that ends after `seconds`.
fn within(clock: &dyn Clock, seconds: u64) -> Cx {
    Cx {
        op_key: "op-1/step".into(),
        epoch: Epoch(1),
        deadline: clock.now() + Duration::from_secs(seconds),
        cancel: Cancel::default(),
    }
}

fn spec(owner: &str) -> GroupSpec {
    GroupSpec { name: "pg-1".into(), owner: ProtectionGroupId::from(owner), adopt: false }
}

const OWNER: &str = "pg-11111111-1111-4111-8111-111111111111";
const OTHER_OWNER: &str = "pg-22222222-2222-4222-8222-222222222222";
