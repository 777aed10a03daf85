"""Requests that Protector's adapters tell of in the log: how many, of whom, and how many at once."""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: One adapter talks to clouds, the other one to arrays.
LOGGERS = ("protector.engine.cloud.openstack", "protector.engine.storage.pure")
_FIELD = re.compile(r'(\w+)=("[^"]*"|\S+)')


@dataclass(frozen=True)
class Request:
    """One, from when it was sent to its answer, in seconds of :func:`time.monotonic`."""

    #: ``Cinder`` and the like, or ``array``.
    whom: str
    began: float
    ended: float


class Seen(logging.Handler):
    """All requests while it listens."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.requests: list[Request] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        told = {name: value.strip('"') for name, value in _FIELD.findall(text)}
        if text.startswith("request") and "ms" in told:
            ended = time.monotonic()
            whom = told.get("service", "array")
            self.requests.append(Request(whom, ended - int(told["ms"]) / 1000, ended))

    def counted(self) -> Counter[str]:
        """How many by whom they went to."""
        return Counter(request.whom for request in self.requests)

    def to_clouds(self) -> list[Request]:
        return [request for request in self.requests if request.whom != "array"]


def most_at_once(requests: list[Request]) -> int:
    """How many were under way at the busiest moment."""
    # of two changes at the same time the end comes first
    changes = sorted([(each.began, 1) for each in requests] + [(each.ended, -1) for each in requests])
    now = most = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


@contextmanager
def seen() -> Iterator[Seen]:
    """Listens to both adapters."""
    handler = Seen()
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
