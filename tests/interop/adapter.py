"""The adapter for OpenStack clouds, as a process of its own that calls one cloud."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulator import ROOT, see_end_of

EXECUTABLE = ROOT / "target/debug/protector-test-cloud"
PATIENCE = 60
"""Seconds within which anything here has an end."""

MOMENT = 2.1
"""Seconds after which the adapter reads volume types and the like anew, which plans choose from."""


@dataclass
class Refused(Exception):
    """An error of the adapter: for people."""

    kind: str
    message: str
    remedy: str | None

    def __str__(self) -> str:
        return f"[{self.kind}] {self.message} ({self.remedy})"


class Adapter:
    """Calls one cloud of a ``clouds.yaml``, from ``with`` on and to its end."""

    def __init__(self, clouds: Path, cloud: str, log: Path, *, request_timeout: float | None = None) -> None:
        self._command = [str(EXECUTABLE), cloud] + ([] if request_timeout is None else [str(request_timeout)])
        self._environment = {**os.environ, "OS_CLIENT_CONFIG_FILE": str(clouds)}
        self.log = log
        self._answers: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> Adapter:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        see_end_of(self._process)
        self._reader.join(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def ask(self, method: str, **arguments: Any) -> Any:
        """One call and its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"method": method, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        try:
            answer = json.loads(self._answers.get(timeout=PATIENCE))
        except queue.Empty:
            raise AssertionError(f"no answer to {method} within {PATIENCE} s: {self.log.read_text()}") from None
        if "error" in answer:
            raise Refused(**answer["error"])
        return answer["answer"]

    def ask_anew(self, method: str) -> Any:
        """One call and its answer, which is not that of a moment ago."""
        time.sleep(MOMENT)
        return self.ask(method)

    def change(self, method: str, *, seconds: float = PATIENCE, op_key: str = "key", **arguments: Any) -> Any:
        """One call of a change, and its outcome."""
        deadline = datetime.now(UTC) + timedelta(seconds=seconds)
        context = {"op_key": op_key, "epoch": 1, "deadline": deadline.isoformat()}
        return self.ask(method, context=context, **arguments)

    def settled(self, method: str, **arguments: Any) -> Any:
        """Makes a change until it has an end; what is so then."""
        end = time.monotonic() + PATIENCE
        while (outcome := self.change(method, **arguments))["outcome"] == "in_progress":
            assert time.monotonic() < end, f"{method} is in progress after {PATIENCE} s"
            time.sleep(min(outcome["poll_after"], 0.2))
        return outcome["value"]

    def refusal(self, method: str, **arguments: Any) -> Refused:
        """The error of a change that must end in one, sooner or later."""
        try:
            value = self.settled(method, **arguments)
        except Refused as refused:
            return refused
        raise AssertionError(f"{method} was not refused: {value}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
