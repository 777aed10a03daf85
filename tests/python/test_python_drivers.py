"""Drivers in Python: how they are found and opened, called, and what becomes of their answers and errors."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import planted
import pytest
from example_sites import install
from protector_example_drivers import SparseFiles

from protector import Engine, Settings
from protector.engine import drivers
from protector.engine.bridge import Bridge
from protector.engine.cloud import Cloud
from protector.engine.cloud.values import CloudInfo
from protector.engine.driver import AlreadyDone, CallContext, Done, DriverOptions, InProgress
from protector.exceptions import (
    Conflict,
    Indeterminate,
    InternalError,
    InvalidConfiguration,
    NotSupported,
    ProtectorException,
    Unauthenticated,
    Unreachable,
)
from protector.testing import CloudBench, CloudSetting, CloudSubject, cloud_conformance

CONTEXT = {"op_key": "k-1", "epoch": 3, "deadline": "2026-11-30T08:00:00.5Z"}


class Answers(Cloud):
    """A cloud that does what a test says, in plain methods or in coroutines."""

    endpoint = "https://cloud.example.com"

    def __init__(self, answer: Any) -> None:
        self._answer = answer


for _name in Cloud.__abstractmethods__ - {"endpoint"}:
    setattr(Answers, _name, lambda self, **given: self._answer(**given))
Answers.__abstractmethods__ = frozenset()


def bridge(answer: Any) -> Bridge:
    return drivers.cloud_bridge(Answers(answer))


def raising(error: Exception) -> Any:
    def fail(**_: Any) -> None:
        raise error

    return fail


def call(answer: Any, method: str = "ping", **arguments: Any) -> Any:
    return json.loads(bridge(answer).call(method, json.dumps(arguments)))


def test_plain_methods_and_coroutines_answer_alike() -> None:
    async def later(**given: Any) -> Any:
        await asyncio.sleep(0)
        return Done(sorted(given))

    assert call(later, "stop_server", context=CONTEXT, server="s-1") == {
        "outcome": "done",
        "value": ["context", "server"],
    }
    assert call(lambda **_: AlreadyDone(None), "stop_server", context=CONTEXT, server="s-1") == {
        "outcome": "already_done",
        "value": None,
    }
    waits = call(lambda **_: InProgress(), "stop_server", context=CONTEXT, server="s-1")
    assert waits == {"outcome": "in_progress", "poll_after": 1.0}


def test_arguments_come_as_the_types_that_the_methods_name() -> None:
    seen: dict[str, Any] = {}

    def look(**given: Any) -> InProgress:
        seen.update(given)
        return InProgress()

    request = {"array_volume_id": "1", "array_volume": "v", "name": "n", "volume_type": "t", "bootable": True}
    call(look, "import_volume", context=CONTEXT, request=request)
    assert isinstance(seen["context"], CallContext)
    assert (seen["context"].op_key, seen["context"].deadline.microsecond) == ("k-1", 500_000)
    assert (seen["request"].array_volume, seen["request"].bootable) == ("v", True)


def test_coroutines_of_a_driver_run_beside_each_other_in_one_loop() -> None:
    met: list[asyncio.Event] = []
    loops = set()

    async def meet(**_: Any) -> CloudInfo:
        loops.add(asyncio.get_running_loop())
        if not met:
            met.append(asyncio.Event())
            await asyncio.wait_for(met[0].wait(), 20)
        met[0].set()
        return CloudInfo("met", noon())

    driver = bridge(meet)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: json.loads(driver.call("ping", "{}"))["name"], range(2)))
    assert (answers, len(loops)) == (["met", "met"], 1)


def noon() -> datetime:
    return datetime(2026, 11, 30, 12, tzinfo=timezone.utc)


def test_a_coroutine_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("protector.engine.bridge.LIMIT", 0.05)
    ended = []

    async def hang() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(True)

    with pytest.raises(Unreachable, match="raised TimeoutError") as told:
        bridge(hang).call("ping", "{}")
    assert ended
    assert told.value.remedy


def test_a_driver_that_is_gone_leaves_no_thread_and_no_open_loop() -> None:
    loops = []

    async def note(**_: Any) -> None:
        loops.append(asyncio.get_running_loop())

    call(note)
    gc.collect()
    end = time.monotonic() + 10
    # the thread ends after its loop
    while not loops[0].is_closed() or any(each.name == "protector-driver" for each in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("is_change", [False, True])
@pytest.mark.parametrize(
    ("raised", "read", "changed"),
    [
        (Conflict("not yours", "ask"), Conflict, Conflict),
        (Unauthenticated("the token is refused"), Unauthenticated, Unauthenticated),
        (TimeoutError("late"), Unreachable, Indeterminate),
        (asyncio.TimeoutError(), Unreachable, Indeterminate),
        (ConnectionResetError(104, "reset"), Unreachable, Indeterminate),
        (NotImplementedError(), NotSupported, NotSupported),
        (KeyError("x"), InternalError, InternalError),
        (OSError(5, "broken"), InternalError, InternalError),
    ],
)
def test_what_a_driver_raises_is_told_as_what_it_means(
    raised: Exception, read: type[ProtectorException], changed: type[ProtectorException], is_change: bool
) -> None:
    method, arguments = ("stop_server", {"context": CONTEXT, "server": "s"}) if is_change else ("ping", {})
    with pytest.raises(ProtectorException) as told:
        call(raising(raised), method, **arguments)
    assert type(told.value) is (changed if is_change else read)
    if isinstance(raised, ProtectorException):
        assert told.value is raised
    else:
        assert f"Answers.{method}" in told.value.message or f"'{method}'" in told.value.message


def test_the_text_of_an_unknown_error_is_told_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    secret = planted.token("driver")
    for error in (RuntimeError(secret), OSError(secret), TimeoutError(secret)):
        with caplog.at_level(logging.DEBUG), pytest.raises(ProtectorException) as told:
            call(raising(error))
        # not in what it was raised from either
        assert told.value.__suppress_context__
        assert planted.MARK not in f"{told.value} {told.value.details} {told.value.__cause__}"
    assert "test_python_drivers.py" in caplog.text
    assert planted.MARK not in caplog.text


@pytest.mark.parametrize("method", ["_new", "__init__", "no_such_method", "endpoint", "shut_down"])
def test_what_is_not_of_the_port_cannot_be_called(method: str) -> None:
    Answers.shut_down = raising(AssertionError("called"))  # type: ignore[attr-defined]
    with pytest.raises(NotSupported, match=f"no method '{method}'"):
        call(raising(AssertionError("called")), method)


class Nothing(CloudBench):
    def create_array_volume(self, name: str, size_gib: int) -> str:
        raise NotImplementedError

    def array_volume_name(self, volume: str) -> str | None:
        raise NotImplementedError


SETTING = CloudSetting("t", "u", "net", "192.0.2.1", "small")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"id": "s-1", "name": "vm"}, id="fields are missing"),
        pytest.param("s-1", id="another type"),
        pytest.param([], id="a list"),
        pytest.param(object(), id="no data at all"),
    ],
)
def test_an_answer_that_cannot_be_read_is_a_defect_of_the_driver(answer: Any) -> None:
    @contextlib.contextmanager
    def make() -> Iterator[CloudSubject]:
        yield CloudSubject(Answers(lambda **_: answer), SETTING, Nothing())

    with pytest.raises(AssertionError) as failed:
        cloud_conformance(make, only={"a_missing_server_reads_as_missing"})
    told = str(failed.value)
    assert "[internal]" in told
    assert "Answers 'https://cloud.example.com': " in told
    assert re.search(r"\bserver (answered with what cannot be read|raised TypeError)", told), told


# found by name

MODULE = """
import protector.engine.storage

class Base(protector.engine.storage.StorageDriver):
    endpoint = "nowhere"

    def capabilities(self):
        return protector.engine.storage.driver.Capabilities()

class Opened(Base):
    @classmethod
    def open(cls, site, options):
        driver = cls()
        driver.opened = (site, dict(options), options.secret("token"), repr(options))
        return driver

for each in (Base, Opened):
    each.__abstractmethods__ = frozenset()

def function():
    pass
"""
ENTRIES = """
[protector.storage_drivers]
good = a_driver:Opened
unopened = a_driver:Base
function = a_driver:function
absent = a_driver:Absent
broken = no_such_module:Driver
twice = a_driver:Opened
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages with drivers, good and bad."""
    for name, entries in (("one", ENTRIES), ("two", "[protector.storage_drivers]\ntwice = another:Driver\n")):
        info = tmp_path / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(entries)
    (tmp_path / "a_driver.py").write_text(MODULE)
    install(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


def opened(text: str, name: str = "good") -> Any:
    return drivers.storage(name, "site-a", Settings.from_text(text))._driver


def test_a_driver_gets_its_section_and_its_secrets(
    packages: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = planted.token("array")
    file = tmp_path / "array-token"
    file.touch(0o600)
    file.write_text(f"{token}\n")
    monkeypatch.setenv("ARRAY_TOKEN", token)
    for reference in ("env:ARRAY_TOKEN", f"file:{file}"):
        text = f"[Driver:GOOD]\ndirectory = /srv/arrays\ntoken = {reference}\n[driver:other]\ntoken = x\n"
        site, options, secret, shown = opened(text).opened
        assert (site, options) == ("site-a", {"directory": "/srv/arrays", "token": reference})
        assert (secret == token, shown) == (True, "DriverOptions(directory, token)")
    assert opened("[DEFAULT]\n").opened == ("site-a", {}, None, "DriverOptions()")


@pytest.mark.parametrize(
    ("reference", "words"),
    [("env:NOT_SET", r"\[driver:good\] token: .*'NOT_SET' is not set"), ("file:/nowhere/token", "cannot be read")],
)
def test_a_secret_that_is_not_there_is_named(packages: None, reference: str, words: str) -> None:
    with pytest.raises(InvalidConfiguration, match=words):
        opened(f"[driver:good]\ntoken = {reference}\n")


@pytest.mark.parametrize(
    ("name", "words", "remedy"),
    [
        ("godo", "no driver of that name is installed .there are: .*good.*sparse-files", "storage_driver = good"),
        ("zebra", "no driver of that name", "install the package with the driver 'zebra'"),
        ("twice", "several installed packages have a driver of that name: .*another:Driver", "uninstall all but one"),
        ("function", "'a_driver:function' is not a class derived from .*StorageDriver", "mend the package"),
        ("absent", "'a_driver:Absent' cannot be imported", "mend the package"),
        ("broken", "'no_such_module:Driver' cannot be imported", "mend the package"),
    ],
)
def test_a_driver_that_cannot_be_had_is_a_matter_of_the_configuration(
    packages: None, name: str, words: str, remedy: str
) -> None:
    with pytest.raises(InvalidConfiguration, match=words) as refused:
        opened("[DEFAULT]\n", name)
    assert f"storage_driver = {name}" in refused.value.message
    assert remedy in (refused.value.remedy or "")


def test_a_driver_without_a_way_to_open_it_says_which_method_is_missing(packages: None) -> None:
    with pytest.raises(NotSupported, match="cannot be opened by its name") as refused:
        opened("[DEFAULT]\n", "unopened")
    assert refused.value.remedy == "write the class method Base.open"


def test_an_engine_says_so_too(packages: None, tmp_path: Path) -> None:
    text = (
        f"[DEFAULT]\nstate_path = {tmp_path}\n[engine]\nstorage_driver = sparse-flies\ncloud_driver = directory\n"
        "[site:site-a]\n[site:site-b]\n"
    )
    with pytest.raises(InvalidConfiguration, match="sparse-flies") as refused:
        Engine(Settings.from_text(text))
    assert refused.value.remedy == "write storage_driver = sparse-files"
    found = drivers.storage("sparse-files", "site-a", Settings.from_text("[driver:sparse-files]\ndirectory = /srv\n"))
    assert isinstance(found._driver, SparseFiles)


def test_options_show_no_value() -> None:
    options = DriverOptions({"token": planted.token("option")}, lambda _: None)
    assert planted.MARK not in f"{options} {options!r}"
    assert (len(options), list(options)) == (1, ["token"])
