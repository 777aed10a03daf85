"""Operations: what would be done, what is accepted, what was done. ``protector-engine`` does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protector import Cancel, Engine, Plan
from protector.api.asked import Asked
from protector.api.schemas import Schema, record
from protector.exceptions import Cancelled, PreconditionFailed
from protector.values import Operation

#: Plans by the word of the action.
PLANS: dict[str, Callable[..., Plan]] = {
    "sync": Engine.plan_sync,
    "test_failover": Engine.plan_test_failover,
    "test_cleanup": Engine.plan_test_cleanup,
    "failover": Engine.plan_failover,
    "failback": Engine.plan_failback,
    "reprotect": Engine.plan_reprotect,
    "commit": Engine.plan_commit,
    "retry_failed": Engine.plan_retry_failed,
}

GRAPH_FORMAT: Schema = {"type": "string", "enum": ["mermaid", "dot", "svg", "html"]}
#: A picture, which is no value of the engine.
GRAPH: Schema = record(("format", "text"), format=GRAPH_FORMAT, text={"type": "string"})


def plan(asked: Asked) -> dict[str, Any]:
    """What an action would do, and what speaks against it; nothing is changed."""
    return {"plan": _plan(asked).to_dict()}


def act(asked: Asked) -> dict[str, Any]:
    """Accepts an operation on a group. It is executed by ``protector-engine``; poll the operation."""
    operation = asked.engine.accept(_plan(asked))
    asked.made(asked.project, "operations", operation.id)
    return {"operation": operation.to_dict()}


def index(asked: Asked) -> dict[str, Any]:
    """Those of this site in the project, newest first."""
    found = [
        operation
        for operation in asked.listed().operation_list()
        if asked.query.get("status") in (None, operation.status)
        and asked.query.get("protection_group") in (None, operation.protection_group, operation.protection_group_id)
    ]
    return asked.page("operations", found, lambda operation: operation.id)


def show(asked: Asked) -> dict[str, Any]:
    """One, with its steps and servers."""
    return {"operation": asked.operation().to_dict()}


def plan_of(asked: Asked) -> dict[str, Any]:
    """The plan that an operation follows."""
    return {"plan": asked.engine.operation_plan(asked.operation().id).to_dict()}


def report_of(asked: Asked) -> dict[str, Any]:
    """What an operation came to, for auditors."""
    return {"report": asked.engine.operation_report(asked.operation().id).to_dict()}


def graph_of(asked: Asked) -> dict[str, Any]:
    """The plan of an operation as a picture in which each step says how it stands."""
    kind = asked.query.get("format", "mermaid")
    # within JSON: no browser is to take a page of this service for one of somebody else
    return {"graph": {"format": kind, "text": asked.engine.operation_graph(asked.operation().id, kind)}}


def steer(asked: Asked) -> dict[str, Any]:
    """Asks whoever executes an operation to stop, to give it up, or to go on with it."""
    operation = asked.operation()
    ((verb, options),) = asked.body.items()
    if verb == "resume":
        return {"operation": _resume(asked.engine, operation).to_dict()}
    if verb == "cancel":
        return {"operation": asked.engine.operation_cancel(operation.id, by=asked.by, **options).to_dict()}
    aborted = asked.engine.operation_abort(operation.id, by=asked.by, ask_only=True, **options)
    return {"operation": aborted.to_dict()}


def _resume(engine: Engine, operation: Operation) -> Operation:
    """Takes up what failed or was cancelled, and puts it down before the first step: a worker goes on with it then."""
    if operation.finished_at is not None:
        raise PreconditionFailed(
            f"{operation.id} has ended: it is {operation.status}", "; ".join(operation.next) or None
        )
    cancel = Cancel()
    cancel.request()
    try:
        return engine.run(operation.id, cancel=cancel)
    except Cancelled:
        return engine.operation_show(operation.id)


def _plan(asked: Asked) -> Plan:
    ((verb, options),) = asked.body.items()
    return PLANS[verb](asked.engine, asked.group().id, **options)
