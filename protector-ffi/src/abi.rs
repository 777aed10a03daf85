//! Which library this is.

use crate::boundary::shielded;
use std::ffi::{CStr, c_char};

/// Version of this interface. Goes up when a program that was compiled before would break.
pub const PROTECTOR_ABI_VERSION: u32 = 1;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// The PROTECTOR_ABI_VERSION that the loaded library was built with. Compare it with the one of the header.
#[unsafe(no_mangle)]
pub extern "C" fn protector_abi_version() -> u32 {
    shielded(0, || PROTECTOR_ABI_VERSION)
}

/// The version of the loaded library, as in "0.1.0". Belongs to the library.
#[unsafe(no_mangle)]
pub extern "C" fn protector_version() -> *const c_char {
    shielded(c"".as_ptr(), || VERSION.as_ptr())
}
