//! What items of several nouns have in common.

use super::show::with_footprint;
use crate::call::Call;
use crate::refusal::{Entry, Refusal};
use protector_core::mock::{ArrayTx, Reference};
use protector_core::{Error, ErrorKind};
use serde_json::{Value, json};

/// A reference as items show it; absent: `{"id": null, "name": null}`.
pub(super) fn reference(to: Option<&Reference>) -> Value {
    json!({"id": to.and_then(|to| to.id.as_deref()), "name": to.map(|to| &to.name)})
}

/// Milliseconds until a destroyed object is eradicated; `null` if it is not destroyed.
pub(super) fn time_remaining(tx: &ArrayTx<'_>, destroyed_ms: Option<i64>) -> Option<i64> {
    destroyed_ms.map(|since| (since + tx.info().eradication_millis - tx.now_ms()).max(0))
}

/// Whether the array lets anybody eradicate anything by hand.
pub(super) fn may_eradicate(tx: &ArrayTx<'_>) -> bool {
    tx.info().manual_eradication != "disabled"
}

/// Made-up space of something that has so many bytes provisioned; `held_by_snapshots`: of these, the part that only its
/// snapshots hold.
pub(super) fn space(call: &Call<'_>, provisioned: u64, held_by_snapshots: u64) -> Value {
    let space = json!({
        "data_reduction": 1.0,
        "shared": null,
        "snapshots": held_by_snapshots,
        "system": null,
        "thin_provisioning": 0.0,
        "total_physical": held_by_snapshots,
        "total_provisioned": provisioned,
        "total_reduction": 1.0,
        "total_used": held_by_snapshots,
        "unique": null,
        "used_provisioned": null,
        "virtual": null,
    });
    with_footprint(call, space, None)
}

/// Does one thing for each object. All of it, or one error for each object that it cannot be done for.
pub(super) fn for_each<T, U>(
    objects: impl IntoIterator<Item = T>,
    mut work: impl FnMut(T) -> Result<U, Refusal>,
) -> Result<Vec<U>, Refusal> {
    let mut done = Vec::new();
    let mut errors: Vec<Entry> = Vec::new();
    for object in objects {
        match work(object) {
            Ok(value) => done.push(value),
            Err(refusal) if refusal.status == 400 => errors.extend(refusal.errors),
            Err(refusal) => return Err(refusal),
        }
    }
    if errors.is_empty() { Ok(done) } else { Err(Refusal::several(errors)) }
}

/// What the world refuses, in the words of an array; `sentence` has those that fit better than the world's own.
pub(super) fn refused(e: Error, context: &str, sentence: impl FnOnce(ErrorKind) -> Option<String>) -> Refusal {
    if let Some(message) = sentence(e.kind()) {
        return Refusal::bad(context, message);
    }
    let mut refusal = Refusal::from(e);
    if refusal.status == 400 {
        refusal.errors.iter_mut().for_each(|entry| entry.context = Some(context.to_owned()));
    }
    refusal
}
