//! Parts of items that several nouns have.

use crate::call::Call;
use protector_core::mock::{ArrayTx, Limits, Reference};
use serde_json::{Value, json};

/// How far data is reduced on every simulated array.
const REDUCTION: u64 = 3;

/// An object, with what its array says at that instant of all of them.
#[derive(Debug, Clone)]
pub(crate) struct Shown<T> {
    pub(crate) row: T,
    now_ms: i64,
    eradication_millis: i64,
}

impl<T> Shown<T> {
    pub(crate) fn new(array: &ArrayTx<'_>, row: T) -> Self {
        Self { row, now_ms: array.now_ms(), eradication_millis: array.info().eradication_millis }
    }

    pub(crate) fn all(array: &ArrayTx<'_>, rows: Vec<T>) -> Vec<Self> {
        rows.into_iter().map(|row| Self::new(array, row)).collect()
    }

    /// The present as the array tells it.
    pub(crate) fn now(&self, call: &Call<'_>) -> i64 {
        call.time(self.now_ms)
    }

    /// Milliseconds that are left to recover what was destroyed then; `null`: it was not.
    pub(crate) fn remaining(&self, destroyed_ms: Option<i64>) -> Value {
        destroyed_ms.map(|since| (since + self.eradication_millis - self.now_ms).max(0)).into()
    }
}

/// A reference; absent: both fields are null, as real arrays say it.
pub(crate) fn reference(to: Option<&Reference>) -> Value {
    json!({"id": to.and_then(|to| to.id.as_ref()), "name": to.map(|to| &to.name)})
}

/// A reference to something that arrays show no id of.
pub(crate) fn named(name: Option<&str>) -> Value {
    json!({"name": name})
}

/// What something of that size takes, of which so much is written. A fixed share of it is physical.
pub(crate) fn space(call: &Call<'_>, provisioned: u64, written: u64) -> Value {
    let physical = written / REDUCTION;
    let ratio = |one: u64, other: u64| if other == 0 { 1.0 } else { one as f64 / other as f64 };
    let mut space = json!({
        "data_reduction": if written == 0 { 1.0 } else { REDUCTION as f64 },
        "shared": null,
        "snapshots": 0,
        "system": null,
        "thin_provisioning": if provisioned == 0 { 0.0 } else { 1.0 - ratio(written, provisioned) },
        "total_physical": physical,
        "total_provisioned": provisioned,
        "total_reduction": ratio(provisioned, physical),
        "total_used": physical,
        "unique": physical,
        "used_provisioned": provisioned,
        "virtual": written,
    });
    // not in the contract of 2.26, in that of 2.37
    if let (true, Some(fields)) = (call.at_least(27), space.as_object_mut()) {
        fields.insert("footprint".to_owned(), Value::Null);
    }
    space
}

/// The same with fields that only some nouns have; they say nothing any more (FlashArray REST 2.37, schema `Space`).
pub(crate) fn space_with(call: &Call<'_>, provisioned: u64, written: u64, fields: &[&str]) -> Value {
    let mut space = space(call, provisioned, written);
    if let Some(object) = space.as_object_mut() {
        object.extend(fields.iter().map(|field| ((*field).to_owned(), Value::Null)));
    }
    space
}

/// The limits of traffic as `qos`.
pub(crate) fn qos(limits: &Limits) -> Value {
    json!({"bandwidth_limit": limits.bandwidth, "iops_limit": limits.iops})
}

/// The rank among others as `priority_adjustment`.
pub(crate) fn priority_adjustment(limits: &Limits) -> Value {
    json!({
        "priority_adjustment_operator": limits.priority_operator,
        "priority_adjustment_value": limits.priority_value,
    })
}

/// Traffic of something on which there is none: the simulated arrays move no blocks.
pub(crate) fn idle(name: &str, id: Option<&str>, time: i64) -> Value {
    const ZEROS: [&str; 26] = [
        "bytes_per_mirrored_write",
        "bytes_per_op",
        "bytes_per_read",
        "bytes_per_write",
        "mirrored_write_bytes_per_sec",
        "mirrored_writes_per_sec",
        "qos_rate_limit_usec_per_mirrored_write_op",
        "qos_rate_limit_usec_per_read_op",
        "qos_rate_limit_usec_per_write_op",
        "queue_usec_per_mirrored_write_op",
        "queue_usec_per_read_op",
        "queue_usec_per_write_op",
        "read_bytes_per_sec",
        "reads_per_sec",
        "san_usec_per_mirrored_write_op",
        "san_usec_per_read_op",
        "san_usec_per_write_op",
        "service_usec_per_mirrored_write_op",
        "service_usec_per_read_op",
        "service_usec_per_read_op_cache_reduction",
        "service_usec_per_write_op",
        "usec_per_mirrored_write_op",
        "usec_per_read_op",
        "usec_per_write_op",
        "write_bytes_per_sec",
        "writes_per_sec",
    ];
    let mut item = json!({"name": name, "time": time});
    if let Some(fields) = item.as_object_mut() {
        fields.extend(ZEROS.map(|field| (field.to_owned(), 0.into())));
        fields.extend(id.map(|id| ("id".to_owned(), id.into())));
    }
    item
}
