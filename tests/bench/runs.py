"""Runs contenders, each in a process of its own, one after another."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator import Simulator

HERE = Path(__file__).parent
# a contender that takes longer has gone wrong
SECONDS = 600


@dataclass
class Result:
    """What was measured of one contender at one size; medians over the rounds."""

    contender: str
    size: int
    seconds: list[float] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    """Of the contender's process, without the simulator's."""
    peak_kib: list[int] = field(default_factory=list)
    by_route: dict[str, int] = field(default_factory=dict)

    @property
    def time(self) -> float:
        return statistics.median(self.seconds)

    @property
    def cpu(self) -> float:
        return statistics.median(self.cpu_seconds)

    @property
    def asked(self) -> int:
        """The most requests that any round took."""
        return max(self.requests)

    @property
    def memory(self) -> float:
        return statistics.median(self.peak_kib)

    def plain(self) -> dict[str, Any]:
        return {**vars(self), "median_seconds": self.time}


class Runner:
    """Starts contenders and counts the requests between their ``ready`` and their report."""

    def __init__(self, driver: Path, directory: Path) -> None:
        self._driver = driver
        self._directory = directory

    def program(self, name: str) -> list[str]:
        """The command of a contender: of this directory if it is a ``.py``, else a task of the driver."""
        return [sys.executable, str(HERE / name)] if name.endswith(".py") else [str(self._driver), name]

    def do(self, name: str, order: dict[str, Any]) -> None:
        """Runs what only prepares."""
        subprocess.run([*self.program(name), self._order(order)], check=True, timeout=SECONDS, stdin=subprocess.DEVNULL)

    def measure(self, sim: Simulator, name: str, order: dict[str, Any], result: Result, expected: int) -> None:
        """Runs a contender once and adds to its result."""
        with (self._directory / "contender.log").open("w+") as log:
            process = subprocess.Popen(
                [*self.program(name), self._order(order)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            with process as running:
                assert running.stdin
                assert running.stdout
                said = next((line for line in running.stdout if line == "ready\n"), None)
                sim.forget_requests()
                if said:
                    running.stdin.write("go\n")
                    running.stdin.flush()
                report = running.stdout.readline()
                by_route = sim.requests()
                running.stdin.close()
            if process.returncode or not report:
                log.seek(0)
                raise SystemExit(f"{result.contender} with {result.size}: {log.read()}")
        found = json.loads(report)
        done = found.get("clones", found.get("items"))
        if done != expected:
            raise SystemExit(f"{result.contender}: {done} instead of {expected}")
        result.seconds.append(found["seconds"])
        result.requests.append(sum(by_route.values()))
        result.by_route = by_route
        for name in ("cpu_seconds", "peak_kib"):
            if name in found:
                getattr(result, name).append(found[name])

    def _order(self, order: dict[str, Any]) -> str:
        file = self._directory / f"order-{uuid.uuid4()}.json"
        file.write_text(json.dumps(order))
        return str(file)


def address(sim: Simulator) -> dict[str, str]:
    """The part of an order that says where the target array is."""
    target = sim.arrays["arrB"]
    return {"url": f"https://{target.address}", "api_token": target.api_token, "ca_cert": target.certificate}
