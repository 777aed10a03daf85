"""The ``openstack`` executable on a terminal of its own, as an operator has it."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator

import planted
from conftest import BIN

#: What a terminal obeys and does not show.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x09\x0b-\x1f\x7f]")
INTERRUPT = "\x03"


class Terminal:
    """A process whose controlling terminal, standard input and standard error are at our hands."""

    def __init__(self, process: subprocess.Popen[bytes], ours: int) -> None:
        self.process = process
        self._ours = ours
        #: Everything that was shown so far.
        self.seen = ""

    def type(self, text: str) -> None:
        """Types on the keyboard."""
        os.write(self._ours, text.encode())

    def shows(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Waits until it has shown something."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            assert self._read(end), f"never shown: {pattern}\n{self.seen}"
        return found

    def ends(self, seconds: float = 60) -> int:
        """Waits for the exit status, and for everything that is shown until then."""
        end = time.monotonic() + seconds
        while self._read(end):
            pass
        planted.saw("a terminal", self.seen)
        return self.process.wait(timeout=seconds)

    def _read(self, end: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(end - time.monotonic(), 0))
        try:
            chunk = os.read(self._ours, 65536) if ready else b""
        except OSError:  # the other end is closed
            chunk = b""
        self.seen += chunk.decode(errors="replace")
        return bool(chunk)


@contextlib.contextmanager
def terminal(*words: str) -> Iterator[Terminal]:
    """Starts ``openstack`` with these words; standard output is not kept."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            ["setsid", "--ctty", BIN / "openstack", *words],
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "160"},
        ) as process:
            os.close(theirs)
            try:
                yield Terminal(process, ours)
            finally:
                process.kill()
    finally:
        os.close(ours)
