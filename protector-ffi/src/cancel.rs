//! A request to stop, shared between the thread that runs an operation and whoever wants it to stop.

use crate::boundary::{give, guard, shielded, take_back};
use crate::error::protector_error;
use crate::status::protector_status;
use protector_core::ports::Cancel;

/// A request to stop. Any thread may make it while another one runs the operation.
#[derive(Debug)]
pub struct protector_cancel(pub(crate) Cancel);

/// A new one, not requested. Free it with protector_cancel_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_cancel_new(
    cancel: *mut *mut protector_cancel,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe { guard(cancel, "cancel", error, || Ok(give(protector_cancel(Cancel::default())))) }
}

/// Asks to stop at the next safe place. Cannot be taken back. Neither blocks nor allocates, so that a signal handler may
/// call it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_cancel_request(cancel: *const protector_cancel) {
    shielded((), || {
        // SAFETY: NULL or alive, as the rules ask
        if let Some(cancel) = unsafe { cancel.as_ref() } {
            cancel.0.request();
        }
    });
}

/// Frees it. NULL is fine. Not while a call uses it; a run that was started with it does not need it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_cancel_free(cancel: *mut protector_cancel) {
    // SAFETY: NULL or the caller's own, as the rules ask
    shielded((), || unsafe { take_back(cancel) });
}
