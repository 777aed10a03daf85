"""A JSON file that several threads and processes read and change."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from protector.engine.driver import DriverOptions
from protector.exceptions import (
    AlreadyExists,
    Indeterminate,
    InvalidConfiguration,
    LimitReached,
    ProtectorException,
    StorageError,
    TransientError,
    Unreachable,
)

#: How long a change waits for another one. A driver answers soon, so it does not wait as long as it takes.
PATIENCE = 10.0


class Records:
    """What one endpoint knows, replaced as a whole: a reader sees all of a change or nothing of it."""

    def __init__(self, path: Path, what: str) -> None:
        """``what`` is it to people: ``array 'site-a'``."""
        self.path = path
        self.what = what

    def read(self) -> dict[str, Any]:
        """What is there now."""
        with reaching(self.what, self.path):
            return self._parsed(self.path.read_text(encoding="utf-8"))

    @contextlib.contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """What is there, to be changed by nobody else meanwhile. It is kept unless the block raises."""
        with reaching(self.what, self.path), open(self.path.with_suffix(".lock"), "a", encoding="utf-8") as lock:
            self._wait_for(lock)
            before = self.path.read_text(encoding="utf-8")
            content = self._parsed(before)
            yield content
            after = json.dumps(content, indent=1)
            if after != before:
                self._replace(after)

    def create(self, content: dict[str, Any]) -> None:
        """Writes the first records. Raises ``AlreadyExists`` if there are some."""
        with reaching(self.what, self.path):
            if self.path.exists():
                raise AlreadyExists(f"{self.what} is there already: '{self.path}'", "choose another directory")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "x", encoding="utf-8") as file:
                json.dump(content, file, indent=1)

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(text)
        except ValueError:
            raise StorageError(f"'{self.path}' of {self.what} is not JSON", f"restore '{self.path}'") from None
        return content

    def _wait_for(self, lock: IO[str]) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise TransientError(f"{self.what} is busy with another change") from None
            time.sleep(0.01)

    def _replace(self, text: str) -> None:
        new = self.path.with_suffix(".new")
        with open(new, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.path)
        try:
            sync_directory(self.path.parent)
        except OSError as error:
            # it is there now, but maybe not after the machine has lost power
            raise Indeterminate(f"{self.what}: {error.strerror} while a change was put on disk") from error


@contextlib.contextmanager
def reaching(what: str, path: Path) -> Iterator[None]:
    """Says in the engine's words what went wrong with files: nothing was changed yet."""
    try:
        yield
    except ProtectorException:
        raise  # some are an OSError, too
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LimitReached(f"{what}: no space is left", f"df '{path.parent}'") from error
        raise Unreachable(f"{what} does not answer: {error.strerror}", f"ls -l '{path}'") from error


def sync_directory(directory: Path) -> None:
    """Puts the names in it on disk."""
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def directories(options: DriverOptions, driver: str, *names: str) -> list[Path]:
    """Options that name directories. Whether they are there is not asked: that of a lost site is not."""
    for option in options:
        if option not in names:
            raise InvalidConfiguration(
                f"[driver:{driver}] {option}: there is no such option", f"these are: {', '.join(names)}"
            )
    for name in names:
        if not os.path.isabs(options.get(name, "")):
            raise InvalidConfiguration(
                f"[driver:{driver}] {name} is not the path of a directory", f"write {name} = /srv/{driver}/{name}"
            )
    return [Path(options[name]) for name in names]
