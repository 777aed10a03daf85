"""Secrets that tests plant, and a look at everything that each test leaves behind: none of it shows one.

Each secret that a test needs is made by :func:`token` and carries the mark of this run of pytest. After each test the
mark is looked for in what was captured and logged, in what processes and services answered (:func:`saw`), in every
answer and error of the engine, and in every file below the test's directories. A test that shows a secret fails with
where it does; the secret itself is not printed.
"""

from __future__ import annotations

import base64
import errno
import functools
import logging
import os
import secrets
import stat
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from protector import _native
from protector.exceptions import ProtectorException

#: Where secrets are written on purpose: ends of paths, and why.
EXEMPT = {
    ".conf": "the settings, where operators write tokens and passwords",
    "/array-token": "what a file: reference names",
    "/arrays.json": "where flasharray-sim tells the tokens of its arrays",
}
MARK = f"planted-{secrets.token_hex(4)}"
_CHUNK = 1 << 24
#: Natives that answer, and those that have nothing to say.
_TALKING = (_native.Engine, _native.FlashArray, _native.Running)
_SILENT = {"Cancel", "Running", "Settings", "__version__"}
#: How many of the sections of its report a test was asked for.
_LOOKED_AT = pytest.StashKey[int]()


def _forms() -> Iterator[bytes]:
    """The mark as it is, and within base64, where it looks different at each of three places."""
    text = MARK.encode()
    yield text
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + text)
        # without the characters that hold bits of what lies around it
        yield coded[-(-8 * shift // 6) : 8 * (shift + len(text)) // 6]


_FORMS = tuple(_forms())
_leaks: list[str] = []


def token(name: str) -> str:
    """A secret for a test; the name tells them apart."""
    return f"{MARK}-{name}"


def saw(where: str, what: str | bytes | None) -> None:
    """Looks at an output."""
    if not what:
        return
    data = what.encode(errors="replace") if isinstance(what, str) else what
    if any(form in data for form in _FORMS):
        _leaks.append(where)


def _hidden(text: str) -> str:
    for form in _FORMS:
        text = text.replace(form.decode(), "[planted]")
    return text


def watch(config: pytest.Config) -> None:
    """Begins to look; for ``pytest_configure``."""
    config.pluginmanager.register(_Watch(), "planted")


class _Watch:
    """The plugin."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}
        #: Directories that outlive a test.
        self._directories: list[Path] = []
        self._undo = pytest.MonkeyPatch()
        self._handler = _Records(logging.DEBUG)

    def pytest_sessionstart(self) -> None:
        """Listens where outputs pass."""
        logging.getLogger().addHandler(self._handler)
        _after(self._undo, subprocess.Popen, "communicate", _process)
        _after(self._undo, pytest.CaptureFixture, "readouterr", _captured)
        _after(self._undo, pytest.TempPathFactory, "mktemp", lambda _, made: self._directories.append(made))
        for name in sorted(set(_native.__all__) - _SILENT):
            self._undo.setattr(_native, name, functools.partial(_asked, name, getattr(_native, name)))

    def pytest_sessionfinish(self) -> None:
        """Leaves everything as it was."""
        self._undo.undo()
        logging.getLogger().removeHandler(self._handler)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """After the test, and before what it used is taken down."""
        result = yield
        self._look(item)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """After services have ended: what they wrote last."""
        result = yield
        self._look(item)
        own = getattr(item, "funcargs", {}).get("tmp_path")
        self._directories = [each for each in self._directories if each != own and each.exists()]
        return result

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A test that failed for what it has shown does not show it again."""
        report = yield
        report.sections[:] = [(title, _hidden(text)) for title, text in report.sections]
        if report.longrepr is not None and (text := str(report.longrepr)) != (hidden := _hidden(text)):
            report.longrepr = hidden
        return report

    def _look(self, item: pytest.Item) -> None:
        sections = item._report_sections
        for when, what, text in sections[item.stash.get(_LOOKED_AT, 0) :]:
            saw(f"{what} of its {when}", text)
        item.stash[_LOOKED_AT] = len(sections)
        for directory in self._directories:
            self._look_below(directory)
        found, _leaks[:] = sorted(set(_leaks)), []
        if found:
            pytest.fail("a planted secret is in " + "; ".join(found), pytrace=False)

    def _look_below(self, directory: Path) -> None:
        for folder, _, names in os.walk(directory):
            for path in (f"{folder}/{name}" for name in names):
                if not path.endswith(tuple(EXEMPT)):
                    self._look_into(path)

    def _look_into(self, path: str) -> None:
        # sockets cannot be read, and files of running services come and go
        try:
            now = os.lstat(path)
            state = now.st_mtime_ns, now.st_size
            if not stat.S_ISREG(now.st_mode) or self._seen.get(path) == state:
                return
            with open(path, "rb") as file:
                end = b""
                while part := _after_hole(file).read(_CHUNK):
                    saw(path, end + part)
                    end = part[-256:]
        except FileNotFoundError:
            return
        self._seen[path] = state


def _after_hole(file: BinaryIO) -> BinaryIO:
    """Moves on to where something is written: volumes in sparse files are little else than holes."""
    try:
        file.seek(file.tell(), os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            file.seek(0, os.SEEK_END)
    return file


class _Records(logging.Handler):
    """Looks at each record that is logged, with its traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        saw(f"a record of {record.name} at level {record.levelname}", self.format(record))


def _after(undo: pytest.MonkeyPatch, owner: type, name: str, look: Callable[[Any, Any], object]) -> None:
    """Has a look at what a method of these objects returns."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = method(self, *args, **kwargs)
        look(self, result)
        return result

    undo.setattr(owner, name, call)


def _process(process: subprocess.Popen[Any], outputs: tuple[Any, Any]) -> None:
    program = process.args if isinstance(process.args, str) else Path(os.fspath(process.args[0])).name
    for stream, text in zip(("standard output", "standard error"), outputs, strict=True):
        saw(f"{stream} of {_hidden(program)}", text)


def _captured(_: object, outputs: Any) -> None:
    saw("captured standard output", outputs.out)
    saw("captured standard error", outputs.err)


def _asked(name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls what is native, and looks at its answer or its error."""
    try:
        answer = function(*args, **kwargs)
    except ProtectorException as error:
        saw(f"an error of {name}", f"{error} {error.details} {error.__cause__}")
        raise
    if isinstance(answer, str):
        saw(f"the answer of {name}", answer)
    return _Talking(answer) if isinstance(answer, _TALKING) else answer


class _Talking:
    """A native engine or array, whose answers are looked at."""

    def __init__(self, native: Any) -> None:
        self._of = native

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        return functools.partial(_asked, name, found) if callable(found) else found
