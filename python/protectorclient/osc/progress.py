"""Progress of a running operation on stderr: a bar on a terminal, else one line per step."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from protector.values import Event, Operation

#: States of a step that nothing more is done about; one that failed is tried again only by the next run.
_SETTLED = ("done", "skipped")


class Lines:
    """One line per finished step."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        """Shows an event."""
        if event.state != "started":
            self._stream.write(f"{event.progress:3d}% {event.title}: {event.state}\n")
            self._stream.flush()


class Left:
    """What remains of an operation: its steps, and the time that they are expected to take."""

    def __init__(self, operation: Operation) -> None:
        self._open = {step.id for step in operation.steps if step.state not in _SETTLED}
        self._seconds = operation.remaining_seconds or operation.predicted_p50_seconds
        self._begin = operation.progress

    def after(self, event: Event) -> str:
        """What remains after an event."""
        if event.step is None and event.state != "running":
            return ""
        if event.step is not None and event.state in (*_SETTLED, "failed"):
            self._open.discard(event.step)
        steps = f"{len(self._open)} step{'s' * (len(self._open) != 1)} left"
        if self._seconds is None or self._begin >= 100:
            return steps
        # progress is the part of the expected time that is over
        return f"{steps}, {_about(self._seconds * (100 - event.progress) / (100 - self._begin))}"


def _about(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"about {seconds / length:.0f} {unit}"
    return f"about {seconds:.0f} s"


class Bar:
    """A bar with the step that runs and what remains; steps that failed, were skipped or wait stay above it."""

    def __init__(self, bar: Any, task: Any, left: Left | None) -> None:
        self._bar, self._task, self._left = bar, task, left

    def __call__(self, event: Event) -> None:
        """Shows an event."""
        if event.state in ("failed", "skipped", "waiting"):
            self._bar.console.print(f"{event.title}: {event.state}", markup=False, highlight=False)
        left = self._left.after(event) if self._left else ""
        self._bar.update(self._task, completed=event.progress, title=event.title, left=left)


class _Terminal(AbstractContextManager[Bar]):
    def __init__(self, operation: Operation | None) -> None:
        self._left = Left(operation) if operation else None

    def __enter__(self) -> Bar:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        left = TextColumn("{task.fields[left]}", markup=False)
        title = TextColumn("{task.fields[title]}", markup=False)
        console = Console(stderr=True)
        self._bar = Progress(BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), left, title, console=console)
        self._bar.start()
        return Bar(self._bar, self._bar.add_task("", total=100, title="", left=""), self._left)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def reporter(operation: Operation | None = None) -> AbstractContextManager[Lines | Bar]:
    """Shows events for as long as the context lasts; with an operation as it stands now, a bar says what remains."""
    return _Terminal(operation) if sys.stderr.isatty() else nullcontext(Lines(sys.stderr))
