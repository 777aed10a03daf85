"""The native module as a guest in somebody's process: import, logging, fork, threads, exit."""

from __future__ import annotations

import copy
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import planted
import pytest
from conftest import NETWORKS

from protector import Cancel, Engine, Settings
from protector.exceptions import Cancelled, NotSupported
from protector.testing import MockDeployment


def python(code: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=timeout, check=False)


def test_import_starts_no_thread_and_opens_nothing() -> None:
    done = python(
        "import os\n"
        "count = lambda: (len(os.listdir('/proc/self/task')), len(os.listdir('/proc/self/fd')))\n"
        "before = count()\n"
        "import protector, protector.aio, protector.engine.storage.mock, protector.engine.storage.pure\n"
        "assert count() == before, (before, count())\n"
    )
    assert done.returncode == 0, done.stderr


def test_import_loads_little_beside_what_the_interpreter_brings() -> None:
    done = python(
        "import sys\n"
        "before = set(sys.modules)\n"
        "import protector\n"
        "loaded = set(sys.modules) - before\n"
        "own = {name for name in loaded if name.partition('.')[0] == 'protector'}\n"
        "assert own == {'protector', 'protector._interpreter', 'protector._native', 'protector.exceptions'}, own\n"
        # the second is of the interpreter, which does not list it
        "others = {name.partition('.')[0] for name in loaded} - sys.stdlib_module_names\n"
        "assert others <= {'protector', '_xxsubinterpreters'}, others\n"
        "heavy = {'asyncio', 'dataclasses', 'inspect', 'json', 'socket', 'sqlite3', 'ssl', 'subprocess', 'tempfile'}\n"
        "assert not heavy & loaded, heavy & loaded\n",
    )
    assert done.returncode == 0, done.stderr


def test_the_engine_needs_no_package_of_others() -> None:
    done = python(
        "import sys\n"
        "before = set(sys.modules)\n"
        "import protector.aio, protector.engine.manager, protector.plans\n"
        "tops = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "assert tops - set(sys.stdlib_module_names) - {'_xxsubinterpreters'} == {'protector'}, tops\n"
    )
    assert done.returncode == 0, done.stderr


def test_the_drivers_are_importable_as_the_documents_check_it() -> None:
    for line, printed in [
        ("from protector.engine.storage import pure; print('PureStorageDriver OK')", "PureStorageDriver OK"),
        ("from protector.engine.storage import mock; print('MockStorageDriver OK')", "MockStorageDriver OK"),
        (
            "from protector.engine.storage.pure import PureStorageDriver; print(PureStorageDriver.__name__)",
            "PureStorageDriver",
        ),
    ]:
        done = python(line)
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, printed, "")


def test_log_lines_of_the_engine_come_out_of_python_logging(
    deployment: MockDeployment, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="protector"):
        deployment.engine()
    lines = {(record.name, record.levelname, record.getMessage()) for record in caplog.records}
    assert ("protector.engine.manager", "INFO", "Storage driver: MockStorageDriver") in lines
    assert (
        "protector.engine.storage.mock",
        "WARNING",
        "Mock storage driver active — not suitable for production use",
    ) in lines
    initialized = [text for name, _, text in lines if name == "protector.engine.storage.mock" and "initialized" in text]
    assert initialized == [f"MockStorageDriver initialized: data_dir={deployment.directory}"]


def test_level_of_a_logger_may_change_at_any_time(deployment: MockDeployment, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="protector"):
        deployment.engine()
    assert not caplog.records
    with caplog.at_level(logging.INFO, logger="protector"):
        deployment.engine()
    assert caplog.records


def test_a_forked_child_gets_an_error_and_not_a_hang(engine: Engine) -> None:
    engine.site_list()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            engine.site_list()
        except NotSupported as error:
            os._exit(0 if "fork" in str(error) else 2)
        os._exit(1)
    assert wait_for(child) == 0
    assert engine.site_list()


def test_a_child_forked_before_first_use_works(deployment: MockDeployment) -> None:
    done = python(
        "import os, sys, protector\n"
        f"settings = protector.Settings.load(['{deployment.config_file}'])\n"
        "child = os.fork()\n"
        "sites = protector.Engine(settings, 'site-a').site_list()\n"
        "if child == 0: os._exit(len(sites))\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2 == len(sites)\n"
    )
    assert done.returncode == 0, done.stderr


def wait_for(child: int, seconds: float = 20) -> int:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail("the child hangs")


def test_other_threads_run_during_a_call(protected: Engine) -> None:
    ticks, stop = [0], threading.Event()

    def tick() -> None:
        while not stop.wait(0.001):
            ticks[0] += 1

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        assert protected.failover("prod-web", networks=NETWORKS).completed
    finally:
        stop.set()
        ticker.join()
    assert ticks[0] > 5


def test_calls_from_many_threads(protected: Engine) -> None:
    results: list[str] = []

    def look() -> None:
        for _ in range(20):
            results.append(protected.protection_group_show("prod-web").status)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["active"] * 80


def test_progress_is_reported_in_the_calling_thread_and_never_goes_back(protected: Engine) -> None:
    seen = []
    protected.failover(
        "prod-web", networks=NETWORKS, progress=lambda event: seen.append((event.progress, threading.get_ident()))
    )
    progress = [value for value, _ in seen]
    assert progress == sorted(progress)
    assert progress[-1] == 100
    assert {thread for _, thread in seen} == {threading.get_ident()}


def test_an_exception_of_the_callback_stops_the_operation_and_comes_out(protected: Engine) -> None:
    operation = protected.accept(protected.plan_failover("prod-web", networks=NETWORKS))

    def refuse(event: object) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        protected.run(operation.id, progress=refuse)
    left = protected.operation_show(operation.id)
    assert left.status in ("interrupted", "cancelled", "rolled_back")


def test_cancel_before_the_start_leaves_the_workload_where_it_runs(protected: Engine) -> None:
    operation = protected.accept(protected.plan_failover("prod-web", networks=NETWORKS))
    cancel = Cancel()
    assert not cancel.requested
    cancel.request()
    assert cancel.requested
    with pytest.raises(Cancelled, match="operation resume"):
        protected.run(operation.id, cancel=cancel)
    assert protected.protection_group_show("prod-web").current_primary_site == "site-a"
    assert protected.run(operation.id).completed


def test_ctrl_c_stops_at_a_safe_place(deployment: MockDeployment, protected: Engine) -> None:
    operation = protected.accept(protected.plan_failover("prod-web", networks=NETWORKS))
    with pytest.raises(KeyboardInterrupt):
        protected.run(operation.id, progress=lambda event: os.kill(os.getpid(), signal.SIGINT))
    assert protected.operation_show(operation.id).status in ("cancelled", "interrupted", "rolled_back")


def test_settings_show_no_token() -> None:
    settings = Settings.from_text(
        f"[storage]\nprimary_array_url = https://fa-a\nprimary_array_api_token = {planted.MARK}\n"
        f"secondary_array_url = https://fa-b\nsecondary_array_api_token = {planted.MARK}\n"
    )
    shown = repr(settings) + "".join(repr(getattr(settings, name)) for name in dir(settings))
    assert planted.MARK not in shown


def test_settings_compare_by_what_they_say() -> None:
    text = "[storage]\nprimary_array_api_token = {}\n"
    one, twin, other = (Settings.from_text(text.format(planted.token(name))) for name in ("eq", "eq", "ne"))
    assert one == twin
    assert hash(one) == hash(twin)
    assert one != other
    assert len({one, twin, other}) == 2
    assert one != text


def test_settings_do_not_change_and_do_not_leave_the_process() -> None:
    settings = Settings.from_text(f"[storage]\nprimary_array_api_token = {planted.MARK}\n")
    for name in ("debug", "files", "anything"):
        with pytest.raises(AttributeError):
            setattr(settings, name, None)
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot pickle"):
            leave(settings)
    assert settings == settings
    assert len({settings, settings}) == 1


def test_a_process_may_end_while_an_operation_runs(deployment: MockDeployment, protected: Engine) -> None:
    operation = protected.accept(protected.plan_failover("prod-web", networks=NETWORKS))
    done = python(
        "import protector, threading, time\n"
        f"engine = protector.Engine(protector.Settings.load(['{deployment.config_file}']), 'site-a')\n"
        f"threading.Thread(target=engine.run, args=('{operation.id}',), daemon=True).start()\n"
        "time.sleep(0.02)\n"
    )
    assert done.returncode == 0, done.stderr
    assert protected.run(operation.id).completed or protected.operation_show(operation.id).completed
