"""Executing operations side by side, each in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable

from protector import Cancel, Engine
from protector.exceptions import Cancelled, Conflict, ProtectorException

LOG = logging.getLogger(__name__)

#: Seconds until an operation that could not be taken up is tried again: at first, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0


class Execution:
    """What this worker is at work on. May be used from any thread."""

    def __init__(self, engine: Engine, workers: int) -> None:
        self._engine = engine
        self._workers = workers
        self._lock = threading.Lock()
        self._running: dict[str, tuple[threading.Thread, Cancel]] = {}
        #: When an operation may be tried again, and the pause after that.
        self._paused: dict[str, tuple[float, float]] = {}

    @property
    def busy(self) -> set[str]:
        """Operations that are executed here, or are not to be tried yet."""
        now = time.monotonic()
        with self._lock:
            return {*self._running, *(each for each, (until, _) in self._paused.items() if until > now)}

    @property
    def running(self) -> set[str]:
        """Operations that are executed here."""
        with self._lock:
            return set(self._running)

    def take_up(self, operations: Iterable[str]) -> None:
        """Starts as many of them as there is room for; the rest is left to other workers, or to the next look."""
        for operation in operations:
            with self._lock:
                if len(self._running) >= self._workers or operation in self._running:
                    continue
                cancel = Cancel()
                # a thread that outlives the deadline of a stop must not keep the process
                thread = threading.Thread(target=self._execute, args=(operation, cancel), name=operation, daemon=True)
                self._running[operation] = thread, cancel
            thread.start()

    def stop(self, seconds: float) -> set[str]:
        """Asks everything to stop at the next step boundary, and waits at most so long. Returns what still runs."""
        end = time.monotonic() + seconds
        with self._lock:
            running = list(self._running.values())
        for _, cancel in running:
            cancel.request()
        for thread, _ in running:
            thread.join(max(0.0, end - time.monotonic()))
        return self.running

    def _execute(self, operation: str, cancel: Cancel) -> None:
        try:
            LOG.info("executing %s", operation)
            ended = self._engine.run(operation, cancel=cancel)
            taken = f", taken over from {ended.taken_from}" if ended.taken_from else ""
            log = LOG.info if ended.completed else LOG.warning
            log("%s, %s of '%s', is %s%s", operation, ended.operation_type, ended.protection_group, ended.status, taken)
            if ended.error:
                LOG.warning("%s: %s", operation, ended.error)
            # what still waits for somebody is not tried again at once
            self._rest(operation, failed=ended.finished_at is None)
        except Conflict as held:
            # what the lease is for: another worker was faster
            LOG.info("%s is left to whoever has it: %s", operation, held.message)
            self._rest(operation, failed=True)
        except Cancelled as stopped:
            LOG.info("%s", stopped.message)
            self._rest(operation, failed=False)
        except ProtectorException as error:
            LOG.warning("%s cannot be executed now: %s", operation, error)
            self._rest(operation, failed=True)
        except Exception:  # a defect must not be met again and again
            LOG.exception("%s ended at a defect", operation)
            self._rest(operation, failed=True)
        finally:
            with self._lock:
                del self._running[operation]

    def _rest(self, operation: str, *, failed: bool) -> None:
        with self._lock:
            _, pause = self._paused.pop(operation, (0.0, _FIRST_PAUSE))
            if failed:
                self._paused[operation] = time.monotonic() + pause, min(pause * 2, _LONGEST_PAUSE)
