"""Questions that are answered within a time, or not at all."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from protector.exceptions import ProtectorException


def answer(call: Callable[[], Any]) -> Any:
    """What the call returns, or ``{"unknown": reason}``.

    >>> answer(lambda: 1 / 0)
    {'unknown': 'ZeroDivisionError: division by zero'}
    """
    try:
        return call()
    except (ProtectorException, OSError) as error:
        return {"unknown": str(error)}
    except BaseException as error:  # a panic of the native half is none of Exception
        return {"unknown": f"{type(error).__name__}: {error}"}


def ask(calls: Mapping[str, Callable[[], Any]], seconds: float, at_once: int = 16) -> dict[str, Any]:
    """The answers by name, each ``{"unknown": reason}`` if it fails or is not there after ``seconds`` in all.

    Who does not answer is left behind in a thread that keeps no process alive.

    >>> ask({"quick": lambda: 1, "slow": lambda: time.sleep(60)}, 0.1)
    {'quick': 1, 'slow': {'unknown': 'no answer within 0.1 s'}}
    """
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    answers: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    for name in calls:
        waiting.put(name)
    until = time.monotonic() + seconds

    def work() -> None:
        while time.monotonic() < until:
            try:
                name = waiting.get_nowait()
            except queue.Empty:
                return
            answers.put((name, answer(calls[name])))

    for _ in range(min(at_once, len(calls))):
        threading.Thread(target=work, name="protector-doctor", daemon=True).start()
    known: dict[str, Any] = {}
    while len(known) < len(calls):
        try:
            name, value = answers.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        known[name] = value
    return {name: known.get(name, {"unknown": f"no answer within {round(seconds, 1):g} s"}) for name in calls}
