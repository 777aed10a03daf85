//! One request, as a handler sees it.

use crate::body::Body;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::state::{Served, Shared};
use crate::version::RestVersion;
use hyper::HeaderMap;
use protector_core::mock::ArrayTx;
use protector_core::model::ArrayName;
use serde_json::Value;

/// Answers one kind of request with one or two transactions on the world. Never waits for anything else.
pub(crate) type Handler = fn(&Call<'_>) -> Result<Reply, Refusal>;

/// One request that was let in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// What all requests share.
    pub(crate) sim: &'a Shared,
    /// The array that was asked.
    pub(crate) array: &'a ArrayName,
    /// What the simulator knows of that array beside the world.
    pub(crate) served: &'a Served,
    /// The version in the path.
    pub(crate) version: RestVersion,
    pub(crate) query: Query<'a>,
    pub(crate) body: Body<'a>,
    pub(crate) headers: &'a HeaderMap,
}

impl Call<'_> {
    /// Observes the array at one instant.
    ///
    /// # Errors
    /// array down → no answer; else what `observe` says.
    pub(crate) fn read<T>(&self, observe: impl FnOnce(&ArrayTx<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.sim.world.read_array(self.array, observe)
    }

    /// Changes the array: all of `change`, or on a refusal nothing.
    ///
    /// # Errors
    /// array down → no answer; else what `change` says.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&ArrayTx<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.sim.world.change_array(self.array, change)
    }

    /// Whether the request is of version 2.`minor` or later.
    pub(crate) fn at_least(&self, minor: u16) -> bool {
        self.version >= RestVersion::new(2, minor)
    }

    /// An instant of the world in milliseconds, as this array tells it: its clock may be wrong.
    pub(crate) fn time(&self, ms: i64) -> i64 {
        ms.saturating_add(self.served.clock_skew_ms())
    }

    /// The same as JSON; absent is `null`.
    pub(crate) fn time_or_null(&self, ms: Option<i64>) -> Value {
        ms.map(|ms| self.time(ms)).into()
    }
}
