"""The Python side of ``doors.py``: answers the orders of ``tests/rust/benches/doors/orders.rs`` through the package."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import protector


def plan(order: dict[str, Any]) -> dict[str, Any]:
    """Seconds of all plans together, and the hash of one. ``look`` is done with each."""
    facts, request = (Path(order[name]).read_text() for name in ("facts", "request"))
    look = LOOKS[order.get("look", "none")]
    made: list[protector.Plan] = []

    def share() -> None:
        for _ in range(order["times"] // order["threads"]):
            last = protector.plan(facts, request)
            look(last)
        made.append(last)

    threads = [Thread(target=share) for _ in range(1, order["threads"])]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    share()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    (found,) = {each.hash for each in made}
    return {"seconds": seconds, "hash": found}


#: What is done with a plan beyond making it.
LOOKS: dict[str, Callable[[protector.Plan], object]] = {
    "none": lambda plan: None,
    "json": lambda plan: plan.json,
    "steps": lambda plan: plan.steps,
}

engines: dict[str, protector.Engine] = {}


def read(order: dict[str, Any]) -> dict[str, Any]:
    """The seconds that each call took."""
    file = order["settings"]
    if file not in engines:
        engines[file] = protector.Engine(protector.Settings.from_text(Path(file).read_text()), order["site"])
    call, name, seconds = getattr(engines[file], order["call"]), order["name"], []
    for _ in range(order["times"]):
        begun = time.perf_counter()
        call(name)
        seconds.append(time.perf_counter() - begun)
    return {"seconds": seconds}


for line in sys.stdin:
    asked = json.loads(line)
    answer = {"plan": plan, "read": read}[asked["order"]](asked)
    print(json.dumps(answer), flush=True)
