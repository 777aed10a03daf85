"""Everything that urllib3 sends and receives in this process, for clients that cannot be asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from urllib3.connectionpool import HTTPConnectionPool


@dataclass(frozen=True)
class Exchange:
    """A request and its reply."""

    port: int
    method: str
    version: str | None
    """As in the path; ``None``: the path has none."""
    path: str
    """Behind the version."""
    query: str
    """Decoded."""
    body: Any
    status: int
    reply: Any
    """Read as JSON; ``None``: no body."""

    def line(self) -> str:
        """As one line, without the array: method, path, query and body."""
        asked = f"{self.path}?{self.query}" if self.query else self.path
        body = [] if self.body is None else [json.dumps(self.body, sort_keys=True, separators=(",", ":"))]
        failed = [] if self.status == 200 else [f"-> {self.status}"]
        return " ".join([self.method, asked, *body, *failed])


@contextmanager
def recording() -> Iterator[list[Exchange]]:
    """The exchanges from here to the end of the block."""
    exchanges: list[Exchange] = []
    genuine = HTTPConnectionPool.urlopen

    def urlopen(pool: Any, method: str, url: str, body: Any = None, *arguments: Any, **options: Any) -> Any:
        response = genuine(pool, method, url, body, *arguments, **options)
        exchanges.append(_exchange(pool.port, method, url, body, response))
        return response

    HTTPConnectionPool.urlopen = urlopen  # type: ignore[method-assign]
    try:
        yield exchanges
    finally:
        HTTPConnectionPool.urlopen = genuine  # type: ignore[method-assign]


def _exchange(port: int, method: str, url: str, body: Any, response: Any) -> Exchange:
    parts = urlsplit(url)
    version, path = None, parts.path.removeprefix("/")
    if parts.path.startswith("/api/") and parts.path.count("/") > 2:
        _, _, version, path = parts.path.split("/", 3)
    sent = json.loads(body) if body else None
    text = response.data
    received = json.loads(text) if text else None
    return Exchange(port, method, version, path, unquote(parts.query), sent, response.status, received)
