"""Progress of a running operation on stderr: a bar on a terminal, else one line per step."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from protector.values import Event


class Lines:
    """One line per finished step."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        """Shows an event."""
        if event.state != "started":
            self._stream.write(f"{event.progress:3d}% {event.title}: {event.state}\n")
            self._stream.flush()


class Bar:
    """A bar with the step that runs; steps that failed or were skipped stay on the screen above it."""

    def __init__(self, bar: Any, task: Any) -> None:
        self._bar, self._task = bar, task

    def __call__(self, event: Event) -> None:
        """Shows an event."""
        if event.state in ("failed", "skipped"):
            self._bar.console.print(f"{event.title}: {event.state}", markup=False, highlight=False)
        self._bar.update(self._task, completed=event.progress, title=event.title)


class _Terminal(AbstractContextManager[Bar]):
    def __enter__(self) -> Bar:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        title = TextColumn("{task.fields[title]}", markup=False)
        console = Console(stderr=True)
        self._bar = Progress(BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), title, console=console)
        self._bar.start()
        return Bar(self._bar, self._bar.add_task("", total=100, title=""))

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def reporter() -> AbstractContextManager[Lines | Bar]:
    """Shows events for as long as the context lasts."""
    return _Terminal() if sys.stderr.isatty() else nullcontext(Lines(sys.stderr))
