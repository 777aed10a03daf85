"""Other threads: they run during every call, and may call at the same time."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import planted
import pytest
from conftest import protect

from protector import Engine, Settings, _native, key_manager
from protector.engine.storage.pure import PureStorageDriver
from protector.exceptions import Conflict, InvalidConfiguration, PlanBlocked, PlanStale, ProtectorException, Unreachable
from protector.testing import MockDeployment

#: What computes nothing and waits for nothing, so that holding Python's lock is right.
INSTANT = {
    "Cancel": {"request", "requested"},
    "Engine": {"for_project", "project", "site"},
    "FlashArray": {"host"},
}


@pytest.fixture
def alone() -> Iterator[None]:
    """Nobody takes Python's lock from another thread: others run only if a call gives it away."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)
    logging.disable()
    yield
    logging.disable(logging.NOTSET)
    sys.setswitchinterval(interval)


class Ticker:
    """Another thread of Python. It waits without Python's lock, so it needs it for each tick."""

    def __init__(self) -> None:
        self.ticks = 0
        self._stop = False
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop:
            self.ticks += 1
            time.sleep(0)

    def __enter__(self) -> Ticker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._thread.join()

    def ticks_during(self, call: Callable[[], object]) -> bool:
        """Whether there are any, in some of many calls: short ones are over before another thread is awake."""
        end = time.monotonic() + 1
        before = self.ticks
        while self.ticks == before and time.monotonic() < end:
            with contextlib.suppress(ProtectorException):
                call()
        return self.ticks > before


#: Arguments that each call takes, right or not: it is made without Python's lock either way.
ARGUMENTS = {
    "group": "prod-web",
    "graph_format": "svg",
    "name": "site-a",
    "names": ["volume"],
    "operation": "op-nothing",
    "page": json.dumps({"limit": 10}),
    "site": "site-a",
    "winner": "site-a",
}


def arguments(function: Any, **known: object) -> list[object]:
    """What a native function must be given."""
    needed = [
        each.name
        for each in inspect.signature(function).parameters.values()
        if each.default is each.empty and each.name != "self"
    ]
    return [{**ARGUMENTS, **known}.get(name, "{}") for name in needed]


def methods(of: object) -> dict[str, Callable[[], object]]:
    """The calls of a native object, beside those that tell what is in memory."""
    native = type(of)
    names = [name for name in vars(native) if not name.startswith("_") and name not in INSTANT[native.__name__]]
    return {name: functools.partial(getattr(of, name), *arguments(getattr(native, name))) for name in names}


def functions(**known: object) -> dict[str, Callable[[], object]]:
    """The native functions, without what the tests put around them."""
    made = {}
    for name in _native.__all__:
        found = getattr(_native, name)
        found = found.args[1] if isinstance(found, functools.partial) else found
        if inspect.isbuiltin(found):
            made[name] = functools.partial(found, *arguments(found, **known))
    return made


def test_other_threads_run_during_every_call(protected: Engine, deployment: MockDeployment, alone: None) -> None:
    made = functions(settings=deployment.settings, available=True, make=lambda: None)
    assert {"db_check", "mock_seed", "plan", "report_html"} <= set(made)
    made |= methods(protected._native._of)
    assert {"accept", "metrics", "run", "site_failover", "start", "workers"} <= set(made)
    for load in (Settings.load, Settings.discover, Settings.from_text):
        made[f"Settings.{load.__name__}"] = functools.partial(load, [] if load is Settings.load else "")
    with Ticker() as ticker:
        assert [name for name, call in made.items() if not ticker.ticks_during(call)] == []
        # the measure itself: what gives no lock away lets nobody run
        assert not ticker.ticks_during(lambda: protected.site)


def test_other_threads_run_while_an_array_is_silent(alone: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        array = PureStorageDriver(
            primary_array_url=f"https://127.0.0.1:{silent.getsockname()[1]}",
            primary_array_api_token=planted.token("primary"),
            secondary_array_url="https://127.0.0.1:1",
            secondary_array_api_token=planted.token("secondary"),
        ).primary_array
        native = array._native._of
        made = methods(native)
        assert made.pop("close")() is None
        with ThreadPoolExecutor(len(made)) as pool:
            asked = {name: pool.submit(call) for name, call in made.items()}
            started = time.monotonic()
            for _ in range(20):
                time.sleep(0.01)
            assert time.monotonic() - started < 2
            # one tells what was counted, and one is asked wrongly
            waiting = {name for name, answer in asked.items() if not answer.done()}
            assert set(made) - waiting == {"counters", "volumes"}
            silent.close()
            assert {type(asked[name].exception(30)) for name in waiting} == {Unreachable}


def test_other_threads_run_while_an_operation_does(real_time: MockDeployment, alone: None) -> None:
    engine = real_time.engine()
    with Ticker() as ticker:
        for run in (engine.run, lambda operation: list(engine.events(operation))):
            operation = engine.accept(engine.plan_sync("prod-web"))
            before, started = ticker.ticks, time.monotonic()
            run(operation.id)
            assert time.monotonic() - started > 0.2
            assert ticker.ticks - before > 100


def test_other_threads_run_while_a_key_manager_is_asked(
    deployment: MockDeployment, monkeypatch: pytest.MonkeyPatch, alone: None
) -> None:
    monkeypatch.setattr(key_manager, "read", lambda *_: time.sleep(0.3) or "")
    text = "[storage]\nprimary_array_url = https://a\nprimary_array_api_token = castellan:1\n"
    file = deployment.directory / "castellan.conf"
    file.write_text(
        deployment.config_file.read_text(encoding="utf-8").replace("storage_driver = mock", "storage_driver = pure")
        + text.partition("\n")[2]
        + "secondary_array_url = https://b\nsecondary_array_api_token = castellan:2\n",
        encoding="utf-8",
    )
    with Ticker() as ticker:
        before = ticker.ticks
        with pytest.raises(InvalidConfiguration, match="of the key manager is empty"):
            Engine(Settings.load([file]), "site-a")
        assert ticker.ticks - before > 100


@pytest.mark.parametrize("several", [False, True], ids=["one engine", "an engine each"])
def test_sixteen_threads_read_and_edit(protected: Engine, deployment: MockDeployment, several: bool) -> None:
    threads, rounds = 16, 2
    together = threading.Barrier(threads)

    def work(number: int) -> int:
        engine = deployment.engine() if several else protected
        own, written = f"group-{number}", 0
        together.wait(30)
        engine.protection_group_create(
            own,
            replication_type="async",
            primary_site="site-a",
            secondary_site="site-b",
            volume_type="replicated-ssd",
        )
        for turn in range(rounds):
            assert engine.protection_group_update(own, priority=turn).priority == turn
            assert engine.protection_group_show(own).priority == turn
            assert len(engine.site_list()) == 2
            try:
                engine.protection_group_update("prod-web", description=f"{number}/{turn}")
                written += 1
            except Conflict:
                pass
            described = engine.protection_group_show("prod-web").description
            assert described is None or re.fullmatch(r"\d+/\d+", described)
        return written

    before = protected.protection_group_show("prod-web").version
    with ThreadPoolExecutor(threads) as pool:
        written = sum(pool.map(work, range(threads)))
    groups = {group.name: group for group in protected.protection_group_list()}
    assert set(groups) == {"prod-web", *(f"group-{number}" for number in range(threads))}
    assert {group.priority for name, group in groups.items() if name != "prod-web"} == {rounds - 1}
    # nobody's edit is lost, and none is made twice
    assert written > 0
    assert groups["prod-web"].version - before == written
    for site in ("site-a", "site-b"):
        engine = deployment.engine(site)
        assert {engine.sync_status(name).sync_status for name in groups} == {"IN SYNC"}


def test_operations_of_several_groups_run_at_once(protected: Engine, deployment: MockDeployment) -> None:
    protect(deployment, "prod-db", "db-server-1")
    engines = {"prod-web": protected, "prod-db": protected.for_project("default")}
    with ThreadPoolExecutor(4) as pool:
        ended = [pool.submit(engine.sync, group) for group, engine in engines.items() for _ in range(2)]
        results = [answer.exception(60) or answer.result() for answer in ended]
    # of two at once on one group, one may come too late
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(result, Conflict | PlanStale | PlanBlocked) for result in refused), refused
    done = {result.protection_group for result in results if result not in refused and result.completed}
    assert done == set(engines)
