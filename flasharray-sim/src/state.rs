//! What all requests share.

use crate::faults::Faults;
use crate::options::Options;
use crate::requests::Requests;
use crate::route::Routes;
use crate::session::Sessions;
use crate::version::RestVersion;
use protector_core::mock::World;
use protector_core::model::ArrayName;
use protector_core::ports::Clock;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) world: World,
    pub(crate) clock: Arc<dyn Clock>,
    /// Ascending.
    pub(crate) versions: Vec<RestVersion>,
    pub(crate) routes: Arc<Routes>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) faults: Faults,
    pub(crate) requests: Requests,
}

impl Shared {
    /// The present of the world, milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("options", &self.options).field("faults", &self.faults).finish_non_exhaustive()
    }
}

/// What the simulator knows of an array beside the world.
pub(crate) struct Served {
    pub(crate) name: ArrayName,
    api_token: String,
    revoked: AtomicBool,
    clock_skew_ms: AtomicI64,
}

impl Served {
    pub(crate) fn new(name: ArrayName, api_token: String) -> Self {
        Self { name, api_token, revoked: AtomicBool::new(false), clock_skew_ms: AtomicI64::new(0) }
    }

    /// Whether this is the array's API token, and not revoked.
    pub(crate) fn accepts(&self, api_token: &str) -> bool {
        self.api_token == api_token && !self.revoked.load(Ordering::SeqCst)
    }

    /// Stops or starts to accept the API token.
    pub(crate) fn set_revoked(&self, revoked: bool) {
        self.revoked.store(revoked, Ordering::SeqCst);
    }

    /// How far the array's clock is ahead of the world's.
    pub(crate) fn clock_skew_ms(&self) -> i64 {
        self.clock_skew_ms.load(Ordering::SeqCst)
    }

    pub(crate) fn set_clock_skew_ms(&self, skew_ms: i64) {
        self.clock_skew_ms.store(skew_ms, Ordering::SeqCst);
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").field("name", &self.name).finish_non_exhaustive()
    }
}
