"""What happens while an operation runs, as something to loop over."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import TYPE_CHECKING

from protector._native import Cancel
from protector.engine.operations import Operations
from protector.values import Event, Operation

if TYPE_CHECKING:
    from concurrent.futures import Future


class Events(Operations):
    """Operations that tell what they do."""

    def events(self, operation: str, *, cancel: Cancel | None = None) -> Iterator[Event]:
        """Runs an accepted operation as :meth:`run` does, in a thread, and yields what happens, in order.

        Whoever leaves the loop early, by ``break`` or by Ctrl-C, asks the operation to stop, and goes on as soon as it
        has reached a safe place; its journal is kept and :meth:`run` continues. :meth:`operation_show` tells how it
        stands afterwards. Raises as :meth:`run`, after the last event.

        >>> operation = engine.accept(engine.plan_sync("prod-web"))
        >>> [event.progress for event in engine.events(operation.id)][-1]
        100
        """
        # most of what `import protector` would cost
        from concurrent.futures import ThreadPoolExecutor

        asked = cancel or Cancel()
        seen: queue.SimpleQueue[Event | Future[Operation]] = queue.SimpleQueue()
        with ThreadPoolExecutor(1, thread_name_prefix="protector-events") as pool:
            running = pool.submit(self.run, operation, progress=seen.put, cancel=asked)
            running.add_done_callback(seen.put)
            try:
                while isinstance(event := seen.get(), Event):
                    yield event
            finally:
                # leaving the pool waits for the thread
                if not running.done():
                    asked.request()
            running.result()
