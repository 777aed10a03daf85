"""What every contender written in Python does: read its order, say when it is ready, wait for the word, report."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from simulator import Array


def order() -> SimpleNamespace:
    """What the file named by the first argument asks for."""
    return SimpleNamespace(**json.loads(Path(sys.argv[1]).read_text()))


def client(asked: SimpleNamespace) -> Any:
    """A session of py-pure-client on the target array, over a connection that it verifies."""
    array = Array("arrB", asked.url.removeprefix("https://"), asked.api_token, asked.ca_cert)
    return array.client()


def items(reply: Any) -> list[Any]:
    """All items of a reply, page by page."""
    if reply.status_code != 200:
        raise SystemExit(f"refused: {reply}")
    return list(reply.items)


def measured(work: Callable[[], int], *, counts: str) -> None:
    """Says that preparations are over and waits for the word, since requests are counted from there. Does the work and
    reports how long it took, how much it counted, and the most memory that the process ever held."""
    print("ready", flush=True)
    sys.stdin.readline()
    begun, cpu_before = time.perf_counter(), time.process_time()
    done = work()
    found = {"seconds": time.perf_counter() - begun, "cpu_seconds": time.process_time() - cpu_before}
    print(json.dumps({**found, counts: done, "peak_kib": peak_kib()}), flush=True)
    # the log-out is not to be counted
    sys.stdin.readline()


def peak_kib() -> int:
    """``VmHWM`` of Linux."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0])
