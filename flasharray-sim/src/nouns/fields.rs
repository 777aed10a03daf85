//! What the nouns of replication have in common.

use crate::refusal::Refusal;
use protector_core::mock::ArrayTx;
use protector_core::{Error, ErrorKind};

/// Milliseconds until a destroyed object is eradicated; `null` if it is not destroyed.
pub(super) fn time_remaining(tx: &ArrayTx<'_>, destroyed_ms: Option<i64>) -> Option<i64> {
    destroyed_ms.map(|since| (since + tx.info().eradication_millis - tx.now_ms()).max(0))
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
