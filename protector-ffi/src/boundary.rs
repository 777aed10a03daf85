//! The guards under which every exported function runs: no panic leaves, no NULL enters, out-parameters are always written.

use crate::error::protector_error;
use crate::status::protector_status;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the body of an exported function comes to.
pub(crate) type Answer<T> = Result<T, protector_error>;

/// Runs `body` and hands its result or its error to the caller. `name` is the out-parameter's, for messages.
///
/// # Safety
/// `out` and `error` are NULL or may be written.
pub(crate) unsafe fn guard<T>(
    out: *mut *mut T,
    name: &str,
    error: *mut *mut protector_error,
    body: impl FnOnce() -> Answer<*mut T>,
) -> protector_status {
    // SAFETY: the caller's promise about both pointers
    unsafe {
        put(error, std::ptr::null_mut());
        put(out, std::ptr::null_mut());
    }
    let answer = match out.is_null() {
        true => Err(protector_error::null_argument(name)),
        // a value that the panic left half-changed is not seen again: engines keep their state in the store
        false => catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(panicked(&*panic))),
    };
    match answer {
        Ok(value) => {
            // SAFETY: as above
            unsafe { put(out, value) };
            protector_status::Ok
        }
        Err(failure) => {
            let status = failure.status();
            if !error.is_null() {
                // SAFETY: as above
                unsafe { put(error, Box::into_raw(Box::new(failure))) };
            }
            status
        }
    }
}

/// As [`guard`], for what has no result but that it was done.
///
/// # Safety
/// `error` is NULL or may be written.
pub(crate) unsafe fn act(error: *mut *mut protector_error, body: impl FnOnce() -> Answer<()>) -> protector_status {
    let mut nothing: *mut () = std::ptr::null_mut();
    // SAFETY: a local variable, and the caller's promise about the error
    unsafe { guard(&mut nothing, "", error, || body().map(|()| std::ptr::null_mut())) }
}

/// Runs `body`, which cannot fail; should it panic all the same, the answer is `otherwise`.
pub(crate) fn shielded<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// Borrows a handle.
///
/// # Safety
/// `pointer` is NULL or came from this library as a `T` that is not freed before the call ends.
pub(crate) unsafe fn handle<'a, T>(pointer: *const T, name: &str) -> Answer<&'a T> {
    // SAFETY: the caller's promise
    unsafe { pointer.as_ref() }.ok_or_else(|| protector_error::null_argument(name))
}

/// Gives a value to the caller as a handle.
pub(crate) fn give<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Takes a handle back and drops it. NULL is fine.
///
/// # Safety
/// `pointer` is NULL or came from [`give`] and is used by nobody any more.
pub(crate) unsafe fn take_back<T>(pointer: *mut T) {
    if !pointer.is_null() {
        // SAFETY: the caller's promise
        drop(unsafe { Box::from_raw(pointer) });
    }
}

/// # Safety
/// `place` is NULL or may be written.
unsafe fn put<T>(place: *mut *mut T, value: *mut T) {
    if !place.is_null() {
        // SAFETY: the caller's promise
        unsafe { place.write(value) };
    }
}

pub(crate) fn panicked(panic: &(dyn Any + Send)) -> protector_error {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    protector_error::panic(text.unwrap_or("no message"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::{null, null_mut};

    #[test]
    fn a_panic_becomes_a_status_and_leaves_no_result() {
        let (mut out, mut error) = (std::ptr::dangling_mut::<u8>(), std::ptr::dangling_mut());
        // SAFETY: both places are local variables
        let status = unsafe { guard(&mut out, "out", &mut error, || panic!("broken at {}", 7)) };
        assert_eq!(status, protector_status::Panic);
        assert!(out.is_null());
        // SAFETY: the guard has just made it
        let failure = unsafe { Box::from_raw(error) };
        assert!(failure.message_text().contains("broken at 7"), "{}", failure.message_text());
        assert_eq!(shielded(5, || panic!("quietly")), 5);
    }

    #[test]
    fn the_caller_may_leave_the_error_out() {
        let mut out = std::ptr::dangling_mut::<u8>();
        // SAFETY: NULL is allowed for the error
        let status = unsafe { guard(&mut out, "out", null_mut(), || Err(protector_error::null_argument("x"))) };
        assert_eq!((status, out.is_null()), (protector_status::NullArgument, true));
    }

    #[test]
    fn what_has_no_result_is_done_or_says_why_not() {
        let mut error = std::ptr::dangling_mut();
        // SAFETY: a local variable
        assert_eq!(unsafe { act(&mut error, || Ok(())) }, protector_status::Ok);
        assert!(error.is_null());
        // SAFETY: NULL is allowed for the error
        let refused = unsafe { act(null_mut(), || Err(protector_error::null_argument("x"))) };
        assert_eq!(refused, protector_status::NullArgument);
        // SAFETY: as above
        assert_eq!(unsafe { act(null_mut(), || panic!("broken")) }, protector_status::Panic);
    }

    #[test]
    fn without_a_place_for_the_result_nothing_is_done() {
        let mut error = null_mut();
        // SAFETY: NULL is what is tested
        let status = unsafe { guard(null_mut::<*mut u8>(), "plan_json", &mut error, || unreachable!()) };
        assert_eq!(status, protector_status::NullArgument);
        // SAFETY: the guard has just made it
        assert!(unsafe { Box::from_raw(error) }.message_text().contains("'plan_json'"));
    }

    #[test]
    fn a_handle_is_checked_and_can_be_taken_back_once_or_never() {
        // SAFETY: NULL is what is tested; the other handle is made here and taken back once
        unsafe {
            assert_eq!(handle(null::<u8>(), "engine").map_err(|e| e.status()), Err(protector_status::NullArgument));
            let given = give(String::from("x"));
            assert_eq!(handle(given, "engine").map(String::as_str).ok(), Some("x"));
            take_back(given);
            take_back(null_mut::<String>());
        }
    }
}
