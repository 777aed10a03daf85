"""Processes that fork, as pre-forking servers and `multiprocessing` do: before importing, after it, and after use."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import planted
import pytest
from conftest import NETWORKS, protect
from services import LOOPBACK, configure

from protector import Engine, Settings
from protector.engine.storage.pure import PureStorageDriver
from protector.exceptions import NotSupported
from protector.testing import MockDeployment, mock_deployment

MEMORY = "[engine]\nstorage_driver = mock\ncloud_driver = mock\n[database]\nconnection = sqlite://\n"
#: Imports, settings and, if it says so, an engine; then two children that use one of their own.
WORKERS = """
import multiprocessing, sys, threading

def work(answers):
    import protector
    engine = protector.Engine(protector.Settings.load([sys.argv[1]]), "site-a")
    answers.put([site.name for site in engine.site_list()])

if __name__ == "__main__":
    {before}
    context = multiprocessing.get_context("{method}")
    answers = context.SimpleQueue()
    children = [context.Process(target=work, args=(answers,)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
        assert child.exitcode == 0, child.exitcode
    assert [answers.get(), answers.get()] == [["site-a", "site-b"]] * 2
    {after}
"""
IMPORT = "import protector; settings = protector.Settings.load([sys.argv[1]])"
USED = f"{IMPORT}; print(len(protector.Engine(settings).site_list()))"
KEPT = f"{IMPORT}; engine = protector.Engine(settings); engine.site_list()"


def child(work: Callable[[], object]) -> None:
    """Does it in a forked process, which must end well, and soon."""
    process = os.fork()
    if process == 0:  # pragma: no cover - another process
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    pytest.fail("the child hangs")


def refused(call: Callable[[], object], words: str) -> None:
    """It is, with a way out."""
    with pytest.raises(NotSupported, match=words) as caught:
        call()
    assert "open engines in the children only" in caught.value.remedy


@pytest.mark.parametrize(
    ("before", "after", "method"),
    [
        pytest.param("pass", "pass", "fork", id="fork before import"),
        pytest.param(IMPORT, KEPT, "fork", id="fork after import"),
        pytest.param(USED, KEPT, "fork", id="fork after use"),
        pytest.param(KEPT, "engine.site_list()", "spawn", id="spawn"),
        pytest.param(KEPT, "engine.site_list()", "forkserver", id="forkserver"),
    ],
)
def test_workers_open_engines_of_their_own(
    deployment: MockDeployment, tmp_path: Path, before: str, after: str, method: str
) -> None:
    program = tmp_path / "workers.py"
    program.write_text(WORKERS.format(before=before, method=method, after=after), encoding="utf-8")
    command = [sys.executable, program, deployment.config_file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_an_engine_does_not_cross_a_fork(protected: Engine) -> None:
    web = protected.for_project("web")
    events = protected.events(protected.accept(protected.plan_sync("prod-web")).id)
    next(events)

    def work() -> None:
        for call in (
            protected.site_list,
            lambda: protected.plan_sync("prod-web"),
            lambda: protected.sync("prod-web"),
            web.protection_group_list,
            lambda: web.for_project("mail").operation_list(),
        ):
            refused(call, f"this engine was opened in process {os.getppid()}, and process {os.getpid()} was forked")
        assert (protected.site, web.project) == ("site-a", "web")
        with pytest.raises(NotSupported, match=f"runs in process {os.getppid()}"):
            next(events)

    child(work)
    assert [event.progress for event in events][-1] == 100
    assert protected.sync("prod-web").completed


def test_an_array_does_not_cross_a_fork() -> None:
    there = PureStorageDriver(
        primary_array_url="https://127.0.0.1:1",
        primary_array_api_token=planted.token("primary"),
        secondary_array_url="https://127.0.0.1:2",
        secondary_array_api_token=planted.token("secondary"),
    ).primary_array

    def work() -> None:
        refused(there.info, "this array was opened in process")
        assert there.counters().round_trips == 0

    child(work)


def test_a_child_does_not_close_what_its_parent_has_open(deployment: MockDeployment) -> None:
    engine = protect(deployment)
    box = [engine]
    del engine

    def databases() -> list[str]:
        return sorted(file for name in os.listdir("/proc/self/fd") if (file := target(name)).endswith(("db", "db-wal")))

    def target(name: str) -> str:
        with contextlib.suppress(FileNotFoundError):
            return os.readlink(f"/proc/self/fd/{name}")
        return ""

    def work() -> None:
        before = databases()
        box.clear()
        gc.collect()
        assert databases() == before != []

    child(work)
    assert databases()
    assert box[0].sync("prod-web").completed
    assert box[0].protection_group_show("prod-web").status == "active"


def test_a_database_that_the_parent_has_open_is_refused_and_others_are_not(
    deployment: MockDeployment, tmp_path: Path
) -> None:
    (tmp_path / "beside").mkdir()
    with mock_deployment(tmp_path / "beside") as beside:
        engine = deployment.engine()
        engine.site_list()

        def work() -> None:
            refused(deployment.engine, f"mock_array.db' was open in process {os.getppid()} when process {os.getpid()}")
            assert len(beside.engine().site_list()) == 2
            assert len(Engine(Settings.from_text(MEMORY)).site_list()) == 2
            # and so in a child of the child
            child(lambda: refused(deployment.engine, "was open in process"))

        child(work)
        del engine
        gc.collect()
        child(lambda: deployment.engine().site_list())
        assert deployment.engine().site_list()


def test_a_fork_at_work_is_refused(real_time: MockDeployment) -> None:
    """A thread that does not exist in the child may have held any lock."""
    engine = real_time.engine()
    operation = engine.accept(engine.plan_failover("prod-web", networks=NETWORKS))
    seen: list[int] = []

    def fork(event: object) -> None:
        if not seen:
            seen.append(1)
            child(lambda: refused(lambda: Engine(Settings.from_text(MEMORY)), "while Protector was at work there"))

    assert engine.run(operation.id, progress=fork).completed
    assert seen
    del engine
    child(lambda: Engine(Settings.from_text(MEMORY)).site_list())


def test_a_fork_beside_other_threads_ends_soon(deployment: MockDeployment) -> None:
    """Whatever those threads are at: the child works or says why not."""
    engine, stop = deployment.engine(), threading.Event()

    def look() -> None:
        while not stop.is_set():
            engine.site_list()

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()

    def work() -> None:
        try:
            assert len(Engine(Settings.from_text(MEMORY)).site_list()) == 2
        except NotSupported as error:
            if "while Protector was at work there" not in str(error):
                raise

    try:
        for _ in range(25):
            child(work)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_server_that_forks_after_loading(deployment: MockDeployment) -> None:
    """As gunicorn with ``--preload``: what the master opens before it forks, no worker can have."""
    program = """
import os
from falcon.testing import TestClient
from protector.api.wsgi import application
from protector.exceptions import NotSupported

def ask():
    got = TestClient(application).simulate_get("/v1/admin/sites", remote_addr="127.0.0.1")
    return got.status_code, got.json

workers = []
for _ in range(3):
    worker = os.fork()
    if worker == 0:
        answers = [ask() for _ in range(3)]
        os._exit(0 if all(status == 200 and len(body["sites"]) == 2 for status, body in answers) else 1)
    workers.append(worker)
assert [os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) for worker in workers] == [0, 0, 0]
assert ask()[0] == 200
worker = os.fork()
if worker == 0:
    try:
        ask()
    except NotSupported as error:
        os._exit(0 if "was open in process" in str(error) else 2)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == 0
"""
    config = configure(deployment, "site-a", "api", LOOPBACK)
    environment = os.environ | {"PROTECTOR_CONFIG_FILE": str(config)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
