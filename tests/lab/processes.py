"""Processes that outlive the command which started them, each known by a file that names the very process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

from places import LAB, LOGS

RUN = LAB / "run"
_BOOT = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
#: How long a process may take to end by itself.
_PATIENCE = 20.0
#: How long a command may take, in seconds: the longest makes the tables of a service.
_LONGEST = 900.0


class LabError(Exception):
    """The lab cannot go on; the text says what to do."""


def _started(pid: int) -> str | None:
    """When a process was started; nothing, if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    fields = stat.rpartition(") ")[2].split()
    return None if fields[0] == "Z" else fields[19]


def pid_of(name: str) -> int | None:
    """The process that was started under this name, if it still runs and is no other that got its number."""
    try:
        kept = json.loads((RUN / f"{name}.json").read_text(encoding="utf-8"))
    except OSError:
        return None
    same = kept["boot"] == _BOOT and _started(kept["pid"]) == kept["started"]
    return int(kept["pid"]) if same else None


def names(prefix: str = "") -> list[str]:
    """All that were started and not stopped."""
    return sorted(path.stem for path in RUN.glob(f"{prefix}*.json"))


def spawn(name: str, *command: str | Path, **environment: str) -> None:
    """Starts a process, unless it runs already. Its output goes to ``log/<name>.log``."""
    if pid_of(name) is not None:
        return
    RUN.mkdir(parents=True, exist_ok=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=surroundings() | environment,
            start_new_session=True,
        )
    kept = {"pid": process.pid, "started": _started(process.pid), "boot": _BOOT}
    (RUN / f"{name}.json").write_text(json.dumps(kept), encoding="utf-8")


def surroundings() -> dict[str, str]:
    """An environment in which nothing of the caller's own clouds, proxies and packages shows."""
    foreign = ("OS_", "PYTHON", "http", "HTTP", "all_proxy", "ALL_PROXY", "RABBITMQ_", "ERL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    path = f"{kept.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin:/usr/lib/rabbitmq/bin"
    return kept | {"PATH": path, "PYTHONWARNINGS": "ignore", "no_proxy": "127.0.0.1,localhost"}


def stop(listed: Iterable[str]) -> None:
    """Asks all to end, waits for all, and kills what is left of their sessions."""
    pids = {name: pid for name in listed if (pid := pid_of(name)) is not None}
    for pid in pids.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and any(_started(pid) for pid in pids.values()):
        time.sleep(0.1)
    for pid in pids.values():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    for name in listed:
        (RUN / f"{name}.json").unlink(missing_ok=True)


def run(name: str, *command: str | Path, stdin: bytes | None = None, **environment: str) -> bytes:
    """Runs a command to its end; what it prints to its error output is appended to ``log/<name>.log``."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    with log.open("ab") as errors:
        words = [str(word) for word in command]
        try:
            done = subprocess.run(
                words,
                input=stdin,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=surroundings() | environment,
                timeout=_LONGEST,
            )
        except subprocess.TimeoutExpired:
            raise LabError(f"{' '.join(words[:3])} … did not end within {_LONGEST:.0f} s; see {log}") from None
    if done.returncode != 0:
        raise LabError(f"{' '.join(words[:3])} … failed with {done.returncode}; its errors are in {log}")
    return done.stdout


def wait(what: str, ready: Callable[[], bool], *processes: str, seconds: float = 180) -> None:
    """Until something is ready, or one of the processes that it needs has ended."""
    end = time.monotonic() + seconds
    while not ready():
        for name in processes:
            if pid_of(name) is None:
                raise LabError(f"{name} has ended; its log is {LOGS / f'{name}.log'}")
        if time.monotonic() > end:
            raise LabError(f"{what} was not ready within {seconds:.0f} s; the logs are in {LOGS}")
        time.sleep(0.2)


def is_taken(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(url: str) -> bool:
    """Whether anything but silence comes back."""
    anyone = ssl._create_unverified_context()
    try:
        urllib.request.urlopen(url, timeout=5, context=anyone).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def need_free(name: str, port: int) -> None:
    """Refuses to go on where another process has the port."""
    if pid_of(name) is None and is_taken(port):
        raise LabError(f"port {port}, which {name} needs, is taken; set PROTECTOR_LAB_PORTS to another first port")
