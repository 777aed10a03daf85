"""What a worker takes up and points out, as tables; how the services start and refuse to."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from conftest import BIN, NETWORKS, Result
from services import LOOPBACK

from protector import Cancel, Engine
from protector.exceptions import Conflict, StorageError
from protector.service.options import ServiceOptions
from protector.testing import MockDeployment
from protector.values import Health, Operation
from protector.worker import decide
from protector.worker.execution import Execution
from protector.worker.service import Worker

NOW = datetime(2026, 11, 29, tzinfo=timezone.utc)


def operation(status: str, stop: str | None = None, **more: Any) -> Operation:
    fields: dict[str, Any] = dict.fromkeys(Operation.__dataclass_fields__, None)
    fields |= {"id": "op-1", "status": status, "stop": stop, "started_at": NOW, "protection_group_id": "pg-1"}
    return Operation(**(fields | more))


def report(rpo: str | None, age: int | None = None, project: str = "default") -> Health:
    seen = {each.name: None for each in dataclasses.fields(Health)}
    known = {"protection_group": "web", "project_id": project, "status": "active", "link": "connected"}
    reasons = {
        "failover_ready": False,
        "reasons": ["array 'b' is silent"],
        "unplanned_ready": False,
        "unplanned_reasons": [],
    }
    data = {"sync_status": "IN SYNC", "recovery_point_age_seconds": age, "rpo_minutes": 15, "rpo": rpo, "ledger": []}
    return Health.from_dict(seen | known | reasons | data)


# ------------------------------------------------------------------------------------------------------ decisions


@pytest.mark.parametrize(
    ("status", "stop", "taken"),
    [
        ("pending", None, True),
        ("interrupted", None, True),
        ("interrupted", "stopped: cancel requested by ops", False),
        ("interrupted", "stopping: cancel requested by ops", False),
        ("interrupted", "stopping: abort requested by ops", True),
        ("pending", "stopping: abort requested by ops", True),
        ("failed", "stopping: abort requested by ops", True),
        ("failed", None, False),
        ("running", None, False),
        ("running", "stopping: abort requested by ops", False),
        ("completed", None, False),
        ("cancelled", None, False),
        ("rolled_back", None, False),
    ],
)
def test_what_is_taken_up(status: str, stop: str | None, taken: bool) -> None:
    assert decide.to_execute([operation(status, stop)], {"op-1"}, set()) == ["op-1"] * taken


def test_who_accepts_without_a_service_may_begin_first() -> None:
    """The `openstack` command runs what it accepts, and would hear of somebody else who has it."""
    pending = operation("pending")
    assert decide.to_execute([pending], set(), set()) == []
    assert decide.to_execute([pending], {"op-1"}, set()) == ["op-1"]


def test_the_oldest_comes_first_and_nothing_twice() -> None:
    later = operation("interrupted", id="op-2", started_at=NOW + timedelta(seconds=1))
    earlier = operation("interrupted", id="op-3")
    assert decide.to_execute([later, earlier], set(), set()) == ["op-3", "op-2"]
    assert decide.to_execute([later, earlier], set(), {"op-3"}) == ["op-2"]


@pytest.mark.parametrize(
    ("rpo", "age", "says"),
    [
        ("within", 60, None),
        (None, None, None),
        ("breached", 2820, "Latest snapshot age (47 min) exceeds RPO threshold (15 min)"),
        ("never", None, "no complete recovery point yet"),
        ("unknown", None, "is not known: array 'b' is silent"),
    ],
)
def test_rpo(rpo: str | None, age: int | None, says: str | None) -> None:
    found = decide.concerns("site-a", [report(rpo, age)], [], NOW, None)
    assert list(found) == ([("'web'", "rpo")] if says else [])
    assert says is None or says in found["'web'", "rpo"]


def test_groups_of_two_projects_may_have_one_name() -> None:
    health = [report("never", project=project) for project in ("default", "shop")]
    found = decide.concerns("site-a", health, [], NOW, None)
    assert list(found) == [("'web'", "rpo"), ("'web' of project shop", "rpo")]
    assert "RPO of 'web' of project shop is not kept" in found["'web' of project shop", "rpo"]


def test_a_concern_is_said_once_and_its_end_too() -> None:
    def seen(rpo: str, age: int | None = None) -> dict[tuple[str, str], str]:
        return decide.concerns("site-a", [report(rpo, age)], [], NOW, None)

    steps = [seen("within"), seen("breached", 960), seen("breached", 1020), seen("unknown"), seen("within")]
    said = [decide.changed(before, now) for before, now in itertools.pairwise(steps)]
    assert [len(new) for new, _ in said] == [1, 0, 1, 0]
    assert [over for _, over in said] == [[], [], [], [("'web'", "rpo")]]


def test_drills_that_are_due(protected: Engine) -> None:
    def found(at: datetime, site: str = "site-a", interval: int = 90) -> list[str]:
        health, groups = protected.health(), protected.protection_group_list()
        found = decide.concerns(site, health, groups, at, timedelta(days=interval))
        return [text for (_, kind), text in found.items() if kind == "drill"]

    (never,) = found(NOW)
    assert "'prod-web' was never rehearsed" in never
    assert found(NOW, "site-b") == []
    drill = protected.test_failover("prod-web", networks=NETWORKS)
    assert drill.finished_at is not None
    assert found(drill.finished_at + timedelta(days=90)) == []
    (due,) = found(drill.finished_at + timedelta(days=91))
    assert "drill of 'prod-web' is due" in due
    assert "openstack protector test-failover prod-web" in due


# -------------------------------------------------------------------------------------------------------- the worker


class Halting:
    """An engine whose operations last until somebody lets them go on."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go_on = threading.Event()
        self.refuse: Exception | None = None

    def run(self, identity: str, *, cancel: Cancel) -> Operation:
        self.begun.append(identity)
        if self.refuse:
            raise self.refuse
        while not self.go_on.wait(0.01) and not cancel.requested:
            pass
        return operation("completed", id=identity, finished_at=NOW)


def test_no_more_than_its_workers() -> None:
    engine = Halting()
    execution = Execution(engine, 2)  # type: ignore[arg-type]
    execution.take_up(["a", "b", "c"])
    execution.take_up(["a", "c"])
    assert execution.running == {"a", "b"}
    engine.go_on.set()
    assert execution.stop(10) == set()
    execution.take_up(["c"])
    assert execution.stop(10) == set()
    assert sorted(engine.begun) == ["a", "b", "c"]


def test_a_stop_waits_only_so_long() -> None:
    engine = Halting()
    execution = Execution(engine, 2)  # type: ignore[arg-type]
    execution.take_up(["a"])
    assert execution.stop(10) == set(), "it heard the request"

    deaf = Halting()
    deaf.run = lambda identity, *, cancel: (deaf.go_on.wait(), operation("completed"))[1]  # type: ignore[method-assign]
    execution = Execution(deaf, 2)  # type: ignore[arg-type]
    execution.take_up(["a"])
    begun = time.monotonic()
    assert execution.stop(0.2) == {"a"}
    assert time.monotonic() - begun < 5
    deaf.go_on.set()


def test_what_others_have_is_left_to_them_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    engine = Halting()
    engine.refuse = Conflict("op-1 is being executed by process 1 on control-2")
    execution = Execution(engine, 2)  # type: ignore[arg-type]
    execution.take_up(["op-1"])
    assert execution.stop(10) == set()
    assert execution.busy == {"op-1"}
    assert "is left to whoever has it: op-1 is being executed by process 1" in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_store_that_is_away(
    protected: Engine, deployment: MockDeployment, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    worker = Worker(protected, ServiceOptions.of(deployment.settings))

    def away(_engine: object, **_options: object) -> None:
        raise StorageError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "operation_list", away)
        patch.setattr(Engine, "sweep_rpo", away)
        for _ in range(3):
            worker.look()
            worker.watch()
    assert caplog.text.count("cannot look for operations, and goes on trying: the database is away") == 1
    assert caplog.text.count("cannot look at the health of the groups") == 1
    identity = protected.accept(protected.plan_sync("prod-web")).id
    worker.look()
    worker.look()
    worker._execution.stop(30)
    assert "can look for operations again" in caplog.text
    assert protected.operation_show(identity).status in ("completed", "interrupted")


def test_a_worker_shows_that_it_lives(
    protected: Engine, deployment: MockDeployment, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    options = dataclasses.replace(ServiceOptions.of(deployment.settings), poll_interval=1)
    stop = threading.Event()
    working = threading.Thread(target=Worker(protected, options).run, args=(stop,))
    working.start()
    eventually(lambda: protected.workers().state == "ok")
    (worker,) = protected.workers().workers
    assert (worker.under_way, worker.interval_seconds, worker.stopped_at) == (0, 1, None)

    def away(_engine: object, **_beat: object) -> None:
        raise StorageError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "record_worker", away)
        eventually(lambda: "cannot show that this worker lives, and goes on trying" in caplog.text)
        assert working.is_alive()
    eventually(lambda: "can show that this worker lives again" in caplog.text)
    stop.set()
    working.join(30)
    service = protected.workers()
    assert service.state == "failed"
    assert service.since == service.workers[0].stopped_at


def eventually(holds: Callable[[], bool]) -> None:
    """Waits until it does."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_the_watch_remembers_how_objectives_are_kept(
    protected: Engine, deployment: MockDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept = []
    sweep = Engine.sweep_rpo
    monkeypatch.setattr(Engine, "sweep_rpo", lambda engine: swept.append(sweep(engine)))
    Worker(protected, ServiceOptions.of(deployment.settings)).watch()
    assert [each.within for each in swept] == [1]


def test_the_watch_speaks_once(protected: Engine, deployment: MockDeployment, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(protected, ServiceOptions.of(deployment.settings))
    worker.watch()
    deployment.set_site("site-b", available=False)
    for _ in range(3):
        worker.watch()
    assert caplog.text.count("RPO of 'prod-web' is not known") == 1
    assert caplog.text.count("never rehearsed") == 1


# ------------------------------------------------------------------------------------------------------ starting up


def start(program: str, deployment: MockDeployment, text: str) -> Result:
    file = deployment.directory / "service.conf"
    file.write_text(text, encoding="utf-8")
    command = [BIN / program, "--config-file", file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


MOCK = "[engine]\nstorage_driver = mock\ncloud_driver = mock\n"


@pytest.mark.parametrize("program", ["protector-engine", "protector-api"])
@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("[DEFAULT]\nuse_mock_storage = False\n", 78, "[storage] lacks primary_array_url, primary_array_api_token"),
        ("[storage]\nprimary_array_url = http://flasharray-a.example.com\n", 78, "HTTPS only"),
        ("[engine]\nstorage_driver = pure\n[DEFAULT]\nuse_mock_storage = True\n", 78, "contradicts"),
        ("[engine]\nworkers = none\n", 78, "[engine] workers"),
        ("[engine]\nstorage_driver = mock\n", 78, "storage driver 'mock' with cloud driver 'openstack'"),
        (MOCK + "mock_db_path = {directory}/other.db\n", 1, "protector-manage mock seed"),
        (MOCK + "[DEFAULT]\nlog_dir = /nowhere\n", 1, "/nowhere"),
        ("[api]\nauth_strategy = noauth\n", 78, "everybody an administrator"),
    ],
)
def test_what_keeps_a_service_from_starting(
    deployment: MockDeployment, program: str, text: str, code: int, says: str
) -> None:
    done = start(program, deployment, text.format(directory=deployment.directory))
    assert done.code == code, done.err
    assert says in done.err
    assert "Traceback" not in done.err
    assert done.err.count(f"{program} does not start") == 1


def test_no_token_is_checked_without_keystone(deployment: MockDeployment) -> None:
    done = start("protector-api", deployment, deployment.config_file.read_text(encoding="utf-8"))
    assert done.code == 78, done.err
    assert "[keystone_authtoken] auth_type is not set" in done.err


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("[keystone_authtoken]\nauth_type = nothing\n", "[keystone_authtoken]: The plugin nothing could not be found"),
        ("[keystone_authtoken]\nauth_type = password\n", "[keystone_authtoken]: Auth plugin requires parameters"),
    ],
)
def test_keystone_that_cannot_be_asked(deployment: MockDeployment, section: str, says: str) -> None:
    done = start("protector-api", deployment, deployment.config_file.read_text(encoding="utf-8") + section)
    assert (done.code, "Traceback" in done.err) == (78, False), done.err
    assert says in done.err


@pytest.mark.parametrize("rules", ["{", "- x\n", "protector:sites:show: 5\n"])
def test_rules_that_cannot_be_read(deployment: MockDeployment, rules: str) -> None:
    (deployment.directory / "policy.yaml").write_text(rules, encoding="utf-8")
    text = deployment.config_file.read_text(encoding="utf-8") + LOOPBACK
    done = start("protector-api", deployment, text)
    assert (done.code, "Traceback" in done.err) == (78, False), done.err
    assert "policy.yaml cannot be read" in done.err


def test_a_port_that_is_taken(deployment: MockDeployment) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = deployment.config_file.read_text(encoding="utf-8")
        api = f"[api]\nauth_strategy = noauth\nbind_host = 127.0.0.1\nbind_port = {port}\n"
        done = start("protector-api", deployment, text + api)
    assert done.code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.err
