//! The planner and the pictures of its plans, which look at nothing but their arguments.

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

/// Draws a plan as a graph. format: "mermaid", "dot", "svg" or "html"; the last two are whole documents that need nothing
/// else. Pure; the same plan gives the same text, to the byte, in every language. Names are escaped as the format asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_plan_graph(
    plan_json: *const c_char,
    format: *const c_char,
    graph: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(graph, "graph", error, || {
            let (plan, format) = (text(plan_json, "plan_json")?, text(format, "format")?);
            Ok(give_text(&protector_core::plan::plan_graph_json(plan, format)?))
        })
    }
}
