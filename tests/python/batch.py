"""The real ``openstack`` executable, which reads commands from a pipe and is started once for all of them."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import planted
from conftest import BIN, Result

_END = "=end="


class Batch:
    """A running executable. What a command ended with is not to be had from it, only whether it complained."""

    def __init__(self, process: subprocess.Popen[str], complaints: Path) -> None:
        self._process, self._complaints = process, complaints

    def run(self, *words: str) -> Result:
        """What a command printed; the exit status is 1 if it said what to do, or how it is used."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        before = self._complaints.stat().st_size
        # the shell splits a line twice
        line = " ".join(shlex.quote(quoted) if (quoted := shlex.quote(word)) != word else word for word in words)
        self._process.stdin.write(f"{line}\nshell echo {_END}\n")
        self._process.stdin.flush()
        out = ""
        while (printed := self._process.stdout.readline()).strip() != _END:
            assert printed, self._complaints.read_text()
            out += printed
        planted.saw("standard output of openstack", out)
        err = self._complaints.read_bytes()[before:].decode()
        planted.saw("standard error of openstack", err)
        return Result(int("What to do: " in err or "usage: " in err), out, err)


@contextlib.contextmanager
def batch() -> Iterator[Batch]:
    """Starts the executable; it ends with the context."""
    with (
        tempfile.NamedTemporaryFile() as complaints,
        subprocess.Popen(
            [BIN / "openstack"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        try:
            yield Batch(process, Path(complaints.name))
        finally:
            process.kill()
