"""A ``flasharray-sim`` process of a test's own."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypureclient import flasharray
from pypureclient.configuration import Configuration

ROOT = Path(__file__).parents[2]
EXECUTABLE = Path(os.environ.get("FLASHARRAY_SIM", ROOT / "target/debug/flasharray-sim"))
START_SECONDS = 30


@dataclass(frozen=True)
class Array:
    """How an array is reached."""

    name: str
    address: str
    api_token: str
    certificate: str

    def client(self, **options: Any) -> Any:
        """A new session of py-pure-client, over a connection that it verifies."""
        # the argument ssl_cert is not read by py-pure-client 1.96
        trust = Configuration(ssl_ca_cert=self.certificate)
        trust.verify_ssl = True
        return flasharray.Client(target=self.address, api_token=self.api_token, configuration=trust, **options)


class Simulator:
    """Two arrays, ``arrA`` and ``arrB``, from ``with`` on and to its end."""

    def __init__(self, directory: Path, *options: str) -> None:
        self._ready = directory / "ready.json"
        self._log = directory / "simulator.log"
        self._options = options
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> Simulator:
        arrays = [part for name in ("arrA", "arrB") for part in ("--array", f"{name}=127.0.0.1:0")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [EXECUTABLE, *arrays, "--control", "127.0.0.1:0", "--ready-file", self._ready, *self._options],
                stderr=log,
            )
        try:
            found = self._wait()
        except BaseException:
            self._stop()
            raise
        self._control = found["control"]
        self.arrays = {
            each["name"]: Array(each["name"], each["url"].removeprefix("https://"), each["api_token"], each["ca_cert"])
            for each in found["arrays"]
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    @property
    def a(self) -> Any:
        """The client of ``arrA``, where the volumes are."""
        return self._client("arrA")

    @property
    def b(self) -> Any:
        """The client of ``arrB``, where they are replicated to."""
        return self._client("arrB")

    def fault(self, *lines: str) -> None:
        """Adds faults; ``flasharray-sim --help`` and its documentation say which there are."""
        self._call("POST", "faults", "\n".join(lines))

    def no_faults(self) -> None:
        """Ends all faults."""
        self._call("DELETE", "faults")

    def requests(self) -> dict[str, int]:
        """How often what was asked: by ``<array> <method> <path without version>``."""
        counts: dict[str, int] = self._call("GET", "requests")["by_route"]
        return counts

    def count(self, route: str) -> int:
        """How often this was asked since ``forget_requests``."""
        return self.requests().get(route, 0)

    def forget_requests(self) -> None:
        """Begins to count anew."""
        self._call("DELETE", "requests")

    def _client(self, name: str) -> Any:
        if name not in self._clients:
            self._clients[name] = self.arrays[name].client()
        return self._clients[name]

    def _call(self, method: str, path: str, body: str | None = None) -> Any:
        data = None if body is None else body.encode()
        request = urllib.request.Request(f"{self._control}/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    def _wait(self) -> Any:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._ready.exists():
                return json.loads(self._ready.read_text())
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"the simulator did not start: {self._log.read_text()}")

    def _stop(self) -> None:
        self._process.terminate()
        see_end_of(self._process)


def see_end_of(process: subprocess.Popen[Any]) -> None:
    """Waits for a process that was asked to end, and ends it if it does not."""
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(what: Any, seconds: float = 20) -> Any:
    """The first result of ``what()`` that is true."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
    return found
