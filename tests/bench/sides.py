"""The sides that are compared: processes that answer orders with what they measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def environment(directory: Path) -> dict[str, str]:
    """As of a process that nobody debugs. What Python compiles is kept below ``directory``: installed packages are
    compiled, too, and it must not be compiled in each process."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith(("OS_", "PROTECTOR_"))}
    ours.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**ours, "PYTHONPYCACHEPREFIX": str(directory / "compiled"), "HOME": str(directory)}


class Side:
    """A process that answers each order, a line of JSON, with a line of JSON."""

    def __init__(self, command: list[str], directory: Path) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(directory),
        )

    def __enter__(self) -> Side:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)

    def ask(self, order: str, **details: Any) -> dict[str, Any]:
        """Its answer to an order."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"order": order, **details}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"'{self._process.args}' ended with {self._process.wait()} instead of answering {order}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Apart:
    """Sides that get the same order at the same time."""

    def __init__(self, sides: Sequence[Side]) -> None:
        self._sides = sides

    def ask(self, order: str, **details: Any) -> dict[str, Any]:
        """What the last of them took, and the hash that all of them found."""
        with ThreadPoolExecutor(len(self._sides)) as pool:
            answers = list(pool.map(lambda side: side.ask(order, **details), self._sides))
        (found,) = {answer["hash"] for answer in answers}
        return {"seconds": max(answer["seconds"] for answer in answers), "hash": found}


def rust(program: Path, directory: Path) -> Side:
    """The program of ``tests/rust/benches/doors``."""
    return Side([str(program), "answer"], directory)


def c(libraries: Path, directory: Path) -> Side:
    """``c_side.c``, over the shared library."""
    program = directory / "c_side"
    includes = [f"-I{ROOT / place}" for place in ("include", "examples/c", "tests/c")]
    link = [f"-L{libraries}", "-lprotector", f"-Wl,-rpath,{libraries}"]
    flags = ["-O2", "-std=c11", "-D_POSIX_C_SOURCE=200809L"]
    subprocess.run(["cc", *flags, *includes, HERE / "c_side.c", "-o", program, *link], check=True)
    return Side([str(program)], directory)


def python(directory: Path) -> Side:
    """``python_side.py``."""
    return Side([sys.executable, str(HERE / "python_side.py")], directory)
