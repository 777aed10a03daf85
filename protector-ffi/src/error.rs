//! What went wrong, for people and for programs.

use crate::boundary::{shielded, take_back};
use crate::status::protector_status;
use crate::text::c_text;
use std::ffi::{CStr, CString, c_char};
use std::ptr::null;

/// An error. It owns its texts: they live until protector_error_free.
#[derive(Debug, Clone)]
pub struct protector_error {
    status: protector_status,
    message: CString,
    remedy: Option<CString>,
    retryable: bool,
}

impl protector_error {
    fn of_the_call(status: protector_status, message: &str) -> Self {
        Self { status, message: c_text(message), remedy: None, retryable: false }
    }

    pub(crate) fn null_argument(name: &str) -> Self {
        Self::of_the_call(protector_status::NullArgument, &format!("argument '{name}' is NULL"))
    }

    pub(crate) fn invalid_utf8(name: &str, at: usize) -> Self {
        let message = format!("argument '{name}' is not UTF-8: the byte at offset {at} does not fit");
        Self::of_the_call(protector_status::InvalidUtf8, &message)
    }

    pub(crate) fn panic(text: &str) -> Self {
        Self::of_the_call(protector_status::Panic, &format!("the library panicked, which is a defect: {text}"))
    }

    pub(crate) fn status(&self) -> protector_status {
        self.status
    }

    pub(crate) fn message_text(&self) -> std::borrow::Cow<'_, str> {
        self.message.to_string_lossy()
    }
}

impl From<protector_core::Error> for protector_error {
    fn from(error: protector_core::Error) -> Self {
        Self {
            status: error.kind().into(),
            message: c_text(error.message()),
            remedy: error.remedy_text().map(c_text),
            retryable: error.kind().is_retryable(),
        }
    }
}

/// What the call returned. PROTECTOR_STATUS_OK for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_error_status(error: *const protector_error) -> protector_status {
    // SAFETY: NULL or alive, as the rules ask
    shielded(protector_status::Ok, || unsafe { error.as_ref() }.map_or(protector_status::Ok, |e| e.status))
}

/// The name of the status, as in "not_found". Belongs to the library; NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_error_code(error: *const protector_error) -> *const c_char {
    // SAFETY: NULL or alive, as the rules ask
    shielded(null(), || unsafe { error.as_ref() }.map_or(null(), |e| e.status.name().as_ptr()))
}

/// What went wrong, and with which value. Belongs to the error; NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_error_message(error: *const protector_error) -> *const c_char {
    // SAFETY: NULL or alive, as the rules ask
    shielded(null(), || unsafe { error.as_ref() }.map_or(null(), |e| e.message.as_ptr()))
}

/// What to do about it, best as a command line; NULL if there is nothing to say. Belongs to the error; NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_error_remedy(error: *const protector_error) -> *const c_char {
    // SAFETY: NULL or alive, as the rules ask
    shielded(null(), || unsafe { error.as_ref() }.and_then(|e| e.remedy.as_deref()).map_or(null(), CStr::as_ptr))
}

/// Whether the very same call may pass later without anybody mending anything. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_error_retryable(error: *const protector_error) -> bool {
    // SAFETY: NULL or alive, as the rules ask
    shielded(false, || unsafe { error.as_ref() }.is_some_and(|e| e.retryable))
}

/// Frees an error and its texts. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_error_free(error: *mut protector_error) {
    // SAFETY: NULL or the caller's own, as the rules ask
    shielded((), || unsafe { take_back(error) });
}
