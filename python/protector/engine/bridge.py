"""The way from the core to a driver in Python: a call by its name, with arguments and answer as JSON text."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import logging
import threading
import traceback
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from protector._value import Value, _plain, _read, types_of_arguments
from protector.engine.driver import AlreadyDone, Done, InProgress
from protector.exceptions import Indeterminate, InternalError, NotSupported, ProtectorException, Unreachable

LOG = logging.getLogger(__name__)

#: Seconds that a coroutine may take. The core gives up after as many, and would leave it running.
LIMIT = 60.0

_kinds = functools.cache(types_of_arguments)


class Bridge:
    """One driver, seen from the core.

    ``port`` is its base class: what is not a public method of it cannot be called. ``describe`` says what the driver
    is.
    """

    def __init__(self, driver: object, port: type, describe: Mapping[str, Any]) -> None:
        self._driver = driver
        self._port = port
        self._describe = dict(describe)
        self._loop = _EventLoop()

    def call(self, method: str, arguments: str) -> str:
        """Answers a call. Raises exceptions of :mod:`protector.exceptions` alone."""
        if method == "describe":
            return json.dumps(self._describe)
        if method.startswith("_") or not callable(getattr(self._port, method, None)):
            raise NotSupported(f"{self._port.__name__} has no method '{method}'")
        kinds = _kinds(getattr(self._port, method))
        given = json.loads(arguments)
        is_change = "context" in given
        try:
            read = {name: _read(kinds.get(name), data) for name, data in given.items()}
            answer = getattr(self._driver, method)(**read)
            if inspect.isawaitable(answer):
                answer = self._loop.run(answer)
            return json.dumps(_written(answer))
        except ProtectorException:
            raise
        except Exception as error:
            raise self._translated(error, method, is_change) from None

    def _translated(self, error: Exception, method: str, is_change: bool) -> ProtectorException:
        """What it means to the engine that the driver raised something else. Its text may hold anything."""
        what = f"{type(self._driver).__name__}.{method} raised {type(error).__name__}"
        if isinstance(error, NotImplementedError):
            return NotSupported(f"{type(self._driver).__name__} does not offer '{method}'")
        if isinstance(error, (TimeoutError, ConnectionError, asyncio.TimeoutError)):
            remedy = f"see why '{self._describe.get('endpoint')}' does not answer"
            return Indeterminate(what, remedy) if is_change else Unreachable(what, remedy)
        LOG.error("%s\n%s", what, "".join(traceback.format_tb(error.__traceback__)))
        return InternalError(what, remedy="this is a defect of the driver; the log of this process says where")


def _written(answer: Any) -> Any:
    """An answer as JSON data."""
    if isinstance(answer, (Done, AlreadyDone)):
        outcome = "done" if isinstance(answer, Done) else "already_done"
        return {"outcome": outcome, "value": _written(answer.value)}
    if isinstance(answer, InProgress):
        return {"outcome": "in_progress", "poll_after": answer.poll_after / timedelta(seconds=1)}
    if isinstance(answer, Mapping):
        return {key: _written(value) for key, value in answer.items()}
    if isinstance(answer, (list, tuple, set, frozenset)):
        return [_written(value) for value in answer]
    return answer.to_dict() if isinstance(answer, Value) else _plain(answer)


class _EventLoop:
    """The loop of the driver's coroutines, in a thread of its own that starts with the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: asyncio.AbstractEventLoop | None = None

    def run(self, answer: Any) -> Any:
        with self._lock:
            if self._running is None:
                self._running = asyncio.new_event_loop()
                threading.Thread(target=_serve, args=[self._running], name="protector-driver", daemon=True).start()
            loop = self._running
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(_awaited(answer), LIMIT), loop).result()

    def __del__(self) -> None:
        if self._running is not None:
            self._running.call_soon_threadsafe(self._running.stop)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Runs a loop until it is stopped, and gives back the files that it holds."""
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _awaited(answer: Any) -> Any:
    return await answer


def described(driver: object, capabilities: Value | None, port: type, optional: tuple[str, ...]) -> dict[str, Any]:
    """What the core is told of a driver; ``optional`` are the methods of its base class that have a default."""
    endpoint = getattr(driver, "endpoint", type(driver).__name__)
    return {
        "driver_name": type(driver).__name__,
        "endpoint": str(endpoint),
        "capabilities": None if capabilities is None else capabilities.to_dict(),
        "optional_methods": [name for name in optional if getattr(type(driver), name) is not getattr(port, name)],
    }
