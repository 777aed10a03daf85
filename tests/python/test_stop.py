"""Stopping, giving up and taking over an operation that another process runs."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator

import planted
import pytest
from conftest import BIN, NETWORKS, protect, run_osc

from protector import Cancel, Engine
from protector.aio import Engine as AsyncEngine
from protector.exceptions import Cancelled, Conflict, DeadlineExceeded, PreconditionFailed
from protector.testing import MockDeployment
from protector.values import Event, Operation

FAILOVER = ["protector", "failover", "prod-web", "--network-mapping", "net-primary-web=net-secondary-web", "--wait"]


@contextlib.contextmanager
def running_failover(deployment: MockDeployment, *, until: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process runs a failover whose final transfer takes longer than the test; it has come to that step."""
    set_world(deployment, "UPDATE settings SET transfer_millis = 120000")
    command = [BIN / "openstack", *FAILOVER]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                planted.saw("standard error of openstack", line)
                if until in line:
                    break
            else:
                pytest.fail("it ended early")
            yield process, deployment.engine().operation_list()[0].id
        finally:
            process.kill()


def freeze(process: subprocess.Popen[str]) -> None:
    """Stops a process that waits for its transfer; in the middle of a write it would keep the database locked."""
    time.sleep(1)
    process.send_signal(signal.SIGSTOP)


def set_world(deployment: MockDeployment, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(deployment.directory / "mock_array.db", timeout=10)) as world, world:
        world.execute(statement)


def be_quick_again(deployment: MockDeployment) -> None:
    set_world(deployment, "UPDATE settings SET transfer_millis = 500")
    set_world(deployment, "UPDATE transfers SET duration_millis = 500 WHERE duration_millis > 500")


def server_states(deployment: MockDeployment) -> dict[str, str]:
    return {server["name"]: server["status"] for server in deployment.servers("site-a")}


def test_cancel_stops_another_process_and_resume_continues(real_time: MockDeployment) -> None:
    with running_failover(real_time, until="take the final") as (process, operation):
        done = run_osc("protector", "operation", "cancel", operation, "--reason", "lunch", "-f", "json")
        assert done.json["status"] == "interrupted"
        assert done.json["stop"].startswith("stopped: cancel requested by ")
        assert done.json["stop"].endswith(": lunch")
        assert f"openstack protector operation resume {operation}" in done.json["next"]
        assert process.wait(timeout=30) == 1
        assert process.stderr is not None
        assert "was stopped on request" in process.stderr.read()

    again = run_osc("protector", "operation", "cancel", operation)
    assert again.code == 1
    assert "stands still already" in again.err
    assert f"openstack protector operation resume {operation}" in again.err

    be_quick_again(real_time)
    resumed = run_osc("protector", "operation", "resume", operation, "-f", "json")
    assert (resumed.json["status"], resumed.json["stop"]) == ("completed", None)


def test_abort_lets_the_process_at_work_restore_the_start(real_time: MockDeployment) -> None:
    before = real_time.engine().protection_group_show("prod-web")
    with running_failover(real_time, until="take the final") as (process, operation):
        assert "SHUTOFF" in server_states(real_time).values()
        done = run_osc("dr", "operation", "abort", operation, "--reason", "wrong night", "-f", "json")
        assert done.json["status"] == "cancelled"
        assert done.json["error"].endswith(": wrong night")
        assert process.wait(timeout=30) == 1
    assert set(server_states(real_time).values()) == {"ACTIVE"}
    after = real_time.engine().protection_group_show("prod-web")
    same = ("status", "protection", "current_primary_site", "members", "operation_id", "diverged", "epoch")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]

    again = run_osc("protector", "operation", "abort", operation, "-f", "json")
    assert again.json["status"] == "cancelled"
    for verb in ("cancel", "takeover"):
        refused = run_osc("protector", "operation", verb, operation)
        assert refused.code == 1
        assert "has ended: it is cancelled since" in refused.err


def test_abort_after_the_executor_was_killed_is_done_here(real_time: MockDeployment) -> None:
    with running_failover(real_time, until="take the final") as (process, operation):
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    done = run_osc("protector", "operation", "abort", operation, "-f", "json")
    assert done.json["status"] == "cancelled"
    assert set(server_states(real_time).values()) == {"ACTIVE"}


def test_abort_outlives_an_executor_that_dies_before_it_hears(real_time: MockDeployment) -> None:
    with running_failover(real_time, until="take the final") as (process, operation):
        freeze(process)
        asked = run_osc("protector", "operation", "abort", operation, "--no-wait", "-f", "json")
        assert asked.json["status"] == "running"
        assert asked.json["stop"].startswith("stopping: abort requested by ")
        engine = real_time.engine()
        with pytest.raises(DeadlineExceeded, match=r"still runs after 0\.5 s"):
            engine.operation_abort(operation, wait=0.5)
        with pytest.raises(Conflict, match=rf"being executed by process {process.pid} on "):
            engine.operation_takeover(operation)
        process.kill()
        process.wait(timeout=30)
        ended = engine.operation_abort(operation, wait=30)
    assert ended.status == "cancelled"
    assert (ended.taken_from or "").startswith(f"process {process.pid} on ")


def test_takeover_tells_whose_it_was(real_time: MockDeployment) -> None:
    with running_failover(real_time, until="take the final") as (process, operation):
        freeze(process)
        refused = run_osc("protector", "operation", "takeover", operation)
        assert refused.code == 1
        assert f"process {process.pid} on " in refused.err
        process.kill()
        process.wait(timeout=30)
    be_quick_again(real_time)
    done = run_osc("protector", "operation", "takeover", operation, "-f", "json")
    assert done.json["status"] == "completed"
    assert done.json["taken_from"].startswith(f"process {process.pid} on ")


def test_abort_after_the_pivot_is_refused_and_names_the_way_forward(real_time: MockDeployment) -> None:
    engine = real_time.engine()
    operation = stop_after_the_pivot(engine)
    refused = run_osc("protector", "operation", "abort", operation)
    assert refused.code == 1
    assert "its pivot is done" in refused.err
    assert f"What to do: openstack protector operation resume {operation}" in refused.err
    shown = engine.operation_show(operation)
    assert (shown.stop, shown.next) == (None, (f"openstack protector operation resume {operation}",))
    with pytest.raises(PreconditionFailed):
        engine.operation_abort(operation, wait=1)
    assert engine.run(operation).completed


def stop_after_the_pivot(engine: Engine) -> str:
    """An operation that was stopped when its volumes were cloned."""

    def stop(event: Event) -> None:
        if event.title.startswith("clone") and event.state == "done":
            cancel.request()

    cancel = Cancel()
    operation = engine.accept(engine.plan_failover("prod-web", networks=NETWORKS)).id
    with pytest.raises(Cancelled):
        engine.run(operation, progress=stop, cancel=cancel)
    return operation


def test_a_lost_peer_is_left_only_with_consent(deployment: MockDeployment) -> None:
    engine = protect(deployment)
    operation = engine.accept(engine.plan_failover("prod-web", networks=NETWORKS)).id
    deployment.set_site("site-b", available=False)
    stuck = run_osc("protector", "operation", "abort", operation, "-f", "json")
    assert stuck.code == 1
    error = engine.operation_show(operation).error or ""
    assert f"openstack protector operation abort {operation} --leave-peer" in error
    done = run_osc("protector", "operation", "abort", operation, "--leave-peer", "--reason", "it burns", "-f", "json")
    assert done.json["status"] == "cancelled"
    group = engine.protection_group_show("prod-web")
    assert (group.status, group.diverged, group.operation_id) == ("active", True, None)


def test_asyncio_has_the_same_verbs(deployment: MockDeployment) -> None:
    engine = protect(deployment)
    operation = engine.accept(engine.plan_sync("prod-web")).id

    async def give_up_and_take_over() -> tuple[Operation, Operation]:
        there = AsyncEngine(engine)
        with pytest.raises(PreconditionFailed):
            await there.operation_cancel(operation)
        aborted = await there.operation_abort(operation, reason="no")
        second = await there.accept(await there.plan_sync("prod-web"))
        return aborted, await there.operation_takeover(second.id)

    aborted, taken = asyncio.run(give_up_and_take_over())
    assert (aborted.status, taken.status, taken.taken_from) == ("cancelled", "completed", None)


def test_both_trees_have_the_verbs() -> None:
    for tree in ("protector", "dr"):
        for verb in ("cancel", "abort", "takeover"):
            shown = run_osc(tree, "operation", verb, "--help")
            assert shown.code == 0
