//! An engine whose arrays fail by script.

use protector_core::engine::{Engine, StorageDefaults};
use protector_core::exec::{Endpoints, Limits};
use protector_core::model::SiteName;
use protector_core::ports::StorageDriver;
use protector_core::wrap::{FaultScript, Faulty, SeenCall, Wrapped};
use std::{collections::BTreeMap, sync::Arc};

/// The layers with the faults, by site.
#[derive(Debug)]
pub struct Faults(BTreeMap<SiteName, Arc<Wrapped<Faulty>>>);

impl Faults {
    /// Calls that each array has seen, in their order.
    pub fn seen(&self) -> Vec<(SiteName, SeenCall)> {
        let calls = |(site, layer): (&SiteName, &Arc<Wrapped<Faulty>>)| {
            let site = site.clone();
            layer.layer().seen().into_iter().map(move |call| (site.clone(), call))
        };
        self.0.iter().flat_map(calls).collect()
    }

    /// Faults that never came.
    pub fn unmet(&self) -> Vec<String> {
        self.0.values().flat_map(|layer| layer.layer().unmet()).collect()
    }
}

/// `engine` with faults around its arrays: those of all scripts for a site, one layer for each site.
pub fn with_faults(engine: &Engine, scripts: &[(SiteName, FaultScript)]) -> (Engine, Faults) {
    let endpoints = engine.endpoints().clone();
    let wrap = |(name, inner): (&SiteName, &Arc<dyn StorageDriver>)| {
        let of_site = scripts.iter().filter(|(site, _)| site == name).map(|(_, script)| script.clone());
        let script = of_site.fold(FaultScript::default(), FaultScript::and);
        let layer = Faulty::new(script, endpoints.clock.clone());
        (name.clone(), Arc::new(Wrapped::new(layer, inner.clone())))
    };
    let layers: BTreeMap<_, _> = endpoints.arrays.iter().map(wrap).collect();
    let arrays = layers.iter().map(|(name, array)| (name.clone(), array.clone() as Arc<dyn StorageDriver>)).collect();
    let endpoints = Endpoints { arrays, ..endpoints };
    let engine = Engine::new(engine.site().clone(), endpoints, StorageDefaults::default(), Limits::SEQUENTIAL);
    (engine, Faults(layers))
}
