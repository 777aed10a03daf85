//! Text in both directions: UTF-8 that ends with a NUL byte.

use crate::boundary::{Answer, shielded};
use crate::error::protector_error;
use protector_core::Error;
use serde::{Serialize, de::DeserializeOwned};
use std::ffi::{CStr, CString, c_char};

/// Borrows the text of an argument.
///
/// # Safety
/// `pointer` is NULL or text that ends with a NUL byte and stays as it is until the call ends.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Answer<&'a str> {
    if pointer.is_null() {
        return Err(protector_error::null_argument(name));
    }
    // SAFETY: the caller's promise
    let bytes = unsafe { CStr::from_ptr(pointer) };
    bytes.to_str().map_err(|e| protector_error::invalid_utf8(name, e.valid_up_to()))
}

/// As [`text`], for an argument that may be NULL.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_text<'a>(pointer: *const c_char, name: &str) -> Answer<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise
    unsafe { text(pointer, name) }.map(Some)
}

/// Reads an argument that holds JSON.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn from_json<T: DeserializeOwned>(pointer: *const c_char, name: &str) -> Answer<T> {
    // SAFETY: the caller's promise
    let json = unsafe { text(pointer, name) }?;
    serde_json::from_str(json).map_err(|e| Error::from(e).context(name).into())
}

/// Reads an argument that holds JSON, or what stands for NULL.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_json<T: DeserializeOwned + Default>(pointer: *const c_char, name: &str) -> Answer<T> {
    // SAFETY: the caller's promise
    if pointer.is_null() { Ok(T::default()) } else { unsafe { from_json(pointer, name) } }
}

/// Gives `value` to the caller as JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Answer<*mut c_char> {
    json_text(value).map(CString::into_raw)
}

pub(crate) fn json_text(value: &impl Serialize) -> Answer<CString> {
    let json = serde_json::to_string(value);
    json.map(c_text).map_err(|e| Error::internal("the result is not JSON").source(e).into())
}

/// Gives text to the caller.
pub(crate) fn give_text(text: impl Into<String>) -> *mut c_char {
    c_text(text).into_raw()
}

/// Text for C, which ends at the first NUL byte: one within is written as `\0`, so that nothing is cut off.
pub(crate) fn c_text(text: impl Into<String>) -> CString {
    // long texts are plans: looked through once, and not copied
    CString::new(text.into()).unwrap_or_else(|refused| {
        let escaped = String::from_utf8_lossy(&refused.into_vec()).replace('\0', "\\0");
        CString::new(escaped).unwrap_or_default()
    })
}

/// Frees text that an out-parameter received. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_string_free(text: *mut c_char) {
    shielded((), || {
        if !text.is_null() {
            // SAFETY: the caller's own, made by `give_text`, as the rules ask
            drop(unsafe { CString::from_raw(text) });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::protector_status;

    #[test]
    fn text_that_is_no_utf8_is_refused_by_name_and_place() {
        // SAFETY: a literal
        let refused = unsafe { text(c"ab\xff".as_ptr(), "site") }.unwrap_err();
        assert_eq!(refused.status(), protector_status::InvalidUtf8);
        assert!(refused.message_text().starts_with("argument 'site' is not UTF-8: the byte at offset 2"));
        // SAFETY: NULL is what is tested
        assert!(matches!(unsafe { optional_text(std::ptr::null(), "site") }, Ok(None)));
    }

    #[test]
    fn a_nul_within_is_shown_and_cuts_nothing_off() {
        assert_eq!(c_text("a\0b").as_c_str(), c"a\\0b");
    }
}
