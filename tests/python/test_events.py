"""Looping over what happens while an operation runs."""

from __future__ import annotations

import threading

import pytest
from conftest import NETWORKS

from protector import Cancel, Engine
from protector.exceptions import Cancelled, NotFound
from protector.testing import MockDeployment


def test_events_come_in_order_and_end_with_the_operation(protected: Engine) -> None:
    operation = protected.accept(protected.plan_failover("prod-web", networks=NETWORKS))
    events = list(protected.events(operation.id))
    progress = [event.progress for event in events]
    assert progress == sorted(progress)
    assert progress[-1] == 100
    assert len(events) >= len(operation.steps)
    assert protected.operation_show(operation.id).completed


def test_what_run_raises_comes_out_of_the_loop(protected: Engine) -> None:
    with pytest.raises(NotFound):
        list(protected.events("op-nothing"))


def test_leaving_the_loop_stops_at_a_safe_place(real_time: MockDeployment) -> None:
    engine = real_time.engine()
    operation = engine.accept(engine.plan_failover("prod-web", networks=NETWORKS))
    before = threading.active_count()
    for _ in engine.events(operation.id):
        break
    assert threading.active_count() == before
    assert engine.operation_show(operation.id).status == "interrupted"
    assert engine.run(operation.id).completed


def test_a_cancel_of_the_callers_ends_the_loop(real_time: MockDeployment) -> None:
    engine = real_time.engine()
    operation = engine.accept(engine.plan_failover("prod-web", networks=NETWORKS))
    cancel = Cancel()

    def watch() -> None:
        for _ in engine.events(operation.id, cancel=cancel):
            cancel.request()

    with pytest.raises(Cancelled):
        watch()
    assert engine.operation_show(operation.id).status == "interrupted"


def test_an_exception_in_the_loop_is_the_callers(real_time: MockDeployment) -> None:
    engine = real_time.engine()
    operation = engine.accept(engine.plan_failover("prod-web", networks=NETWORKS))

    def watch() -> None:
        for event in engine.events(operation.id):
            raise LookupError(event.title)

    with pytest.raises(LookupError):
        watch()
    assert engine.operation_show(operation.id).status == "interrupted"
