//! The planner, which looks at nothing but its arguments.

use crate::boundary::guard;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{give_text, text};
use std::ffi::c_char;

/// Plans a request on facts. Pure: no engine, no clock; the same facts and request give the same plan, to the byte, in
/// every language. What the world objects to is among the plan's findings, not an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_plan(
    facts_json: *const c_char,
    request_json: *const c_char,
    plan_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(plan_json, "plan_json", error, || {
            let (facts, request) = (text(facts_json, "facts_json")?, text(request_json, "request_json")?);
            Ok(give_text(&protector_core::plan::plan_json(facts, request)?))
        })
    }
}
