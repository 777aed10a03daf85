"""What stands between a client and a service, and can be told to be a bad line."""

from __future__ import annotations

import http.client
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "server"}


@dataclass
class Fault:
    """What happens to requests whose ``METHOD path`` a pattern finds."""

    pattern: str
    status: int | None = None
    """Answered by the proxy, with a page in HTML as proxies write it; the service hears nothing."""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    """Waited before anything is done."""
    lose_reply: bool = False
    """The service carries it out, and the connection is closed."""
    times: int = 1_000_000
    """How often."""


class Proxy:
    """A proxy on the loopback before one service, from ``with`` on and to its end."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.seen: list[str] = []
        """``METHOD path`` of each request, in the order in which they came."""
        self.tokens: list[str] = []
        """The token that each was made with."""
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Proxy:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()

    def fault(self, pattern: str, **what: Any) -> Fault:
        """Adds a fault; the first one that fits counts."""
        added = Fault(pattern, **what)
        with self._lock:
            self._faults.append(added)
        return added

    def heal(self) -> None:
        """Ends all faults, and forgets what was seen."""
        with self._lock:
            self._faults.clear()
            self.seen.clear()
            self.tokens.clear()

    def count(self, pattern: str) -> int:
        """How many requests came that fit."""
        return sum(1 for line in self.seen if re.search(pattern, line))

    def take(self, line: str, token: str) -> Fault | None:
        with self._lock:
            self.seen.append(line)
            self.tokens.append(token)
            for fault in self._faults:
                if fault.times > 0 and re.search(fault.pattern, line):
                    fault.times -= 1
                    return fault
        return None


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy

    def log_message(self, *_: Any) -> None:
        """``Proxy.seen`` is the log."""

    def _serve(self) -> None:
        """One request."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        line = f"{self.command} {urlsplit(self.path).path}"
        fault = self.proxy.take(line, self.headers.get("x-auth-token", ""))
        if fault is not None:
            time.sleep(fault.seconds)
            if fault.status is not None:
                headers = {"content-type": "text/html", **fault.headers}
                return self._reply(fault.status, headers, b"<html>the proxy's own page</html>")
        status, headers, answer = self._pass_on(body)
        if fault is not None and fault.lose_reply:
            return None  # HTTP/1.0: the connection ends with this
        return self._reply(status, headers, answer)

    def _pass_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        target = self.proxy.target
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            connection.request(self.command, self.path, body or None, headers)
            reply = connection.getresponse()
            kept = {name: value for name, value in reply.getheaders() if name.lower() not in HOP_BY_HOP}
            return reply.status, kept, reply.read()
        finally:
            connection.close()

    def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            pass  # who asked did not wait

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()
