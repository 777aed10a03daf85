"""What happens while an operation runs, as something to loop over."""

from __future__ import annotations

from collections.abc import Iterator

from protector._native import Cancel
from protector.engine.operations import Operations
from protector.values import Event


class Events(Operations):
    """Operations that tell what they do."""

    def events(self, operation: str, *, cancel: Cancel | None = None) -> Iterator[Event]:
        """Runs an accepted operation as :meth:`run` does, beside the loop, and yields what happens, in order.

        Whoever leaves the loop early, by ``break`` or by Ctrl-C, asks the operation to stop, and goes on as soon as it
        has reached a safe place; its journal is kept and :meth:`run` continues. :meth:`operation_show` tells how it
        stands afterwards. Raises as :meth:`run`, after the last event.

        >>> operation = engine.accept(engine.plan_sync("prod-web"))
        >>> [event.progress for event in engine.events(operation.id)][-1]
        100
        """
        running = self._native.start(operation, cancel)
        try:
            while (event := running.next()) is not None:
                yield Event.from_json(event)
        finally:
            running.stop()
