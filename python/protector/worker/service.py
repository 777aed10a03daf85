"""``protector-engine``: the loop."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from types import FrameType

from protector import Engine, Settings, __version__
from protector.exceptions import ProtectorException
from protector.service.options import ServiceOptions
from protector.service.start import start
from protector.worker import decide
from protector.worker.execution import Execution

LOG = logging.getLogger(__name__)

#: Seconds between two attempts to open an engine whose database or array does not answer.
_OPEN_AGAIN = 5.0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the script."""
    return start("protector-engine", "Execute the operations that were accepted on this site", _serve, argv)


def _serve(settings: Settings, options: ServiceOptions) -> int:
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        # nothing is logged here: a handler may come in the middle of a line
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    engine = _open(settings, stop)
    if engine is not None:
        LOG.info("protector-engine %s works for %s, workers=%d", __version__, engine.site, options.workers)
        Worker(engine, options).run(stop)
    LOG.info("stopped")
    return 0


def _open(settings: Settings, stop: threading.Event) -> Engine | None:
    """The engine, as soon as what it needs answers; ``None`` if it is stopped before. Raises what people must mend."""
    while not stop.is_set():
        try:
            return Engine(settings)
        except ProtectorException as error:
            if not error.retryable:
                raise
            LOG.warning("cannot begin yet: %s", error)
            stop.wait(_OPEN_AGAIN)
    return None


class Worker:
    """One worker. It holds nothing that another one would need: that is all in the store."""

    def __init__(self, engine: Engine, options: ServiceOptions) -> None:
        self._engine = engine
        self._options = options
        self._execution = Execution(engine, options.workers)
        self._pending: set[str] = set()
        self._concerns: dict[decide.Concern, str] = {}
        #: Looks that fail, by what they are for; each is told once.
        self._failing: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Works until it is asked to stop; then operations get their time to reach a step boundary."""
        # an array that does not answer keeps a look at the health of all groups for minutes
        threading.Thread(target=self._watch, args=(stop,), name="watch", daemon=True).start()
        while True:
            self._beat()
            self.look()
            if stop.wait(self._options.poll_interval):
                break
        LOG.info("stopping: %s", ", ".join(sorted(self._execution.running)) or "nothing is under way")
        for operation in sorted(self._execution.stop(self._options.stop_timeout)):
            LOG.warning("%s has not reached a step boundary in time; its journal tells the next worker", operation)
        self._beat(stopped=True)

    def look(self) -> None:
        """Looks for operations once, and takes them up."""
        try:
            operations = self._engine.operation_list(open=True)
        except ProtectorException as error:
            self._fails("look for operations", error)
            return
        self._succeeds("look for operations")
        self._execution.take_up(decide.to_execute(operations, self._pending, self._execution.busy))
        self._pending = {operation.id for operation in operations if operation.status == "pending"}

    def _beat(self, *, stopped: bool = False) -> None:
        """Shows in the store that this worker lives. A store that does not take it keeps no operation waiting."""
        try:
            self._engine.record_worker(
                under_way=len(self._execution.running), interval=self._options.poll_interval, stopped=stopped
            )
        except ProtectorException as error:
            self._fails("show that this worker lives", error)
            return
        self._succeeds("show that this worker lives")

    def watch(self) -> None:
        """Looks at the health of all groups once, remembers how they keep their RPO, and says what changed."""
        days = self._options.drill_interval_days
        try:
            self._engine.sweep_rpo()
            groups = self._engine.protection_group_list()
            now = decide.concerns(
                self._engine.site,
                self._engine.health(),
                groups,
                datetime.now(timezone.utc),
                timedelta(days=days) if days else None,
            )
        except ProtectorException as error:
            self._fails("look at the health of the groups", error)
            return
        self._succeeds("look at the health of the groups")
        new, gone = decide.changed(self._concerns, now)
        for text in new:
            LOG.warning("%s", text)
        for group, kind in gone:
            over = "RPO of %s is as it should be again" if kind == "rpo" else "no drill of %s is due here any more"
            LOG.info(over, group)
        self._concerns = now

    def _watch(self, stop: threading.Event) -> None:
        while True:
            try:
                self.watch()
            except Exception:  # a defect here must not end the watch unseen
                LOG.exception("the look at the health of the groups ended at a defect")
            if stop.wait(self._options.watch_interval):
                break

    def _fails(self, what: str, error: ProtectorException) -> None:
        if what not in self._failing:
            LOG.warning("cannot %s, and goes on trying: %s", what, error)
        self._failing.add(what)

    def _succeeds(self, what: str) -> None:
        if what in self._failing:
            LOG.info("can %s again", what)
        self._failing.discard(what)
