//! The planner, and plans and reports as people read them: all of it looks at nothing but its arguments.

use crate::boundary::guard;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{from_json, give_text, text};
use protector_core::engine::OperationReport;
use protector_core::plan::{Plan, ReconcilePlan};
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
            Ok(give_text(protector_core::plan::plan_json(facts, request)?))
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
            Ok(give_text(protector_core::plan::plan_graph_json(plan, format)?))
        })
    }
}

/// A plan as people read it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_plan_text(
    plan_json: *const c_char,
    readable: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(readable, "readable", error, || Ok(give_text(from_json::<Plan>(plan_json, "plan_json")?.to_text())))
    }
}

/// A plan of protector_plan_reconcile as people read it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_reconcile_text(
    plan_json: *const c_char,
    readable: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(readable, "readable", error, || {
            Ok(give_text(from_json::<ReconcilePlan>(plan_json, "plan_json")?.to_text()))
        })
    }
}

/// A report of protector_operation_report as people read it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_report_text(
    report_json: *const c_char,
    readable: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(readable, "readable", error, || {
            Ok(give_text(from_json::<OperationReport>(report_json, "report_json")?.to_text()))
        })
    }
}

/// The same as a document of HTML that needs nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_report_html(
    report_json: *const c_char,
    document: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(document, "document", error, || {
            Ok(give_text(from_json::<OperationReport>(report_json, "report_json")?.to_html()))
        })
    }
}
