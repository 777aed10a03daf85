//! Operations: plan, accept, stop, look at.

use crate::boundary::{guard, handle};
use crate::engine::protector_engine;
use crate::error::protector_error;
use crate::status::protector_status;
use crate::text::{from_json, give_text, optional_json, text, to_json};
use protector_core::plan::{GraphFormat, Plan};
use std::ffi::c_char;

/// Observes and plans; changes nothing. request_json: operation ("sync", "test_failover", "test_cleanup", "failover" or
/// "failback") and its options, as in {"operation":"failover","type":"planned","mappings":{"networks":{"a":"b"}}}. What
/// speaks against it is among the plan's findings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_plan(
    engine: *const protector_engine,
    group: *const c_char,
    request_json: *const c_char,
    plan_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(plan_json, "plan_json", error, || {
            let (engine, group) = (handle(engine, "engine")?, text(group, "group")?);
            to_json(&engine.0.plan(group, &from_json(request_json, "request_json")?)?)
        })
    }
}

/// Accepts a plan as it was made, if the world is still the same: opens the operation, executes nothing yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_accept(
    engine: *const protector_engine,
    plan_json: *const c_char,
    operation_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operation_json, "operation_json", error, || {
            let engine = handle(engine, "engine")?;
            let plan: Plan = from_json(plan_json, "plan_json")?;
            to_json(&engine.0.accept(&plan)?)
        })
    }
}

/// Asks whoever runs the operation, in this process or another one, to stop at the next step boundary, and returns at once:
/// "stop" in operation_json tells that the request waits. options_json: reason, by (who asks; the process if it is not said);
/// NULL: neither. PROTECTOR_STATUS_PRECONDITION: nobody runs it, or it has ended; the error names what leads on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_cancel(
    engine: *const protector_engine,
    operation_id: *const c_char,
    options_json: *const c_char,
    operation_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operation_json, "operation_json", error, || {
            let (engine, operation) = (handle(engine, "engine")?, text(operation_id, "operation_id")?);
            to_json(&engine.0.operation_cancel(operation, &optional_json(options_json, "options_json")?)?)
        })
    }
}

/// One operation of the site, with its steps.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_show(
    engine: *const protector_engine,
    operation_id: *const c_char,
    operation_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operation_json, "operation_json", error, || {
            let (engine, operation) = (handle(engine, "engine")?, text(operation_id, "operation_id")?);
            to_json(&engine.0.operation_show(operation)?)
        })
    }
}

/// The operations of the site, newest first, as a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_list(
    engine: *const protector_engine,
    operations_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operations_json, "operations_json", error, || to_json(&handle(engine, "engine")?.0.operation_list()?))
    }
}

/// Those of them that have not ended. What it costs does not grow with what has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_list_open(
    engine: *const protector_engine,
    operations_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(operations_json, "operations_json", error, || {
            to_json(&handle(engine, "engine")?.0.operation_list_open()?)
        })
    }
}

/// The plan that an operation was accepted with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_accepted_plan(
    engine: *const protector_engine,
    operation_id: *const c_char,
    plan_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(plan_json, "plan_json", error, || {
            let (engine, operation_id) = (handle(engine, "engine")?, text(operation_id, "operation_id")?);
            to_json(&engine.0.operation_plan(operation_id)?)
        })
    }
}

/// Draws an operation as a graph of its steps, with how far each came. format as in protector_plan_graph.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_graph(
    engine: *const protector_engine,
    operation_id: *const c_char,
    format: *const c_char,
    graph: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(graph, "graph", error, || {
            let (engine, operation) = (handle(engine, "engine")?, text(operation_id, "operation_id")?);
            let format: GraphFormat = text(format, "format")?.parse()?;
            Ok(give_text(engine.0.operation_graph(operation)?.render(format)))
        })
    }
}

/// What happened in an operation and how long it took, to be kept or shown by protector_report_text and
/// protector_report_html.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_operation_report(
    engine: *const protector_engine,
    operation_id: *const c_char,
    report_json: *mut *mut c_char,
    error: *mut *mut protector_error,
) -> protector_status {
    // SAFETY: pointers as the rules ask
    unsafe {
        guard(report_json, "report_json", error, || {
            let (engine, operation_id) = (handle(engine, "engine")?, text(operation_id, "operation_id")?);
            to_json(&engine.0.operation_report(operation_id)?)
        })
    }
}
