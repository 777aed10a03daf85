"""The end of an interpreter while an operation runs: no crash, no hang, and the next process goes on."""

from __future__ import annotations

import subprocess
import sys

import planted
import pytest
from conftest import NETWORKS

from protector.testing import MockDeployment

#: Each line of the log and each event takes Python's lock in a thread, as long as there is an interpreter.
PROGRAM = """
import logging, sys, threading, time
import protector

logging.basicConfig(level=logging.DEBUG)
engine = protector.Engine(protector.Settings.load([sys.argv[1]]), "site-a")
operation, begun = sys.argv[2], threading.Event()

def run():
    engine.run(operation, progress=lambda event: begun.set())

def look():
    while True:
        engine.protection_group_list()

def events():
    for event in engine.events(operation):
        begun.set()
"""
STARTED = "thread = threading.Thread(target={target}, daemon={daemon}); thread.start(); begun.wait(20)\n"
DAEMON = STARTED.format(target="run", daemon=True)
#: How a program goes on, and the exit status it must have. All of them go on with one operation, which only the last
#: one completes.
ENDS = {
    "main ends beside a daemon": (DAEMON, 0),
    "exit beside a daemon": (f"{DAEMON}sys.exit(3)", 3),
    "main fails": (f"{DAEMON}raise RuntimeError('main')", 1),
    "main ends beside a loop": (STARTED.format(target="events", daemon=True), 0),
    "main ends within a loop": ("loop = engine.events(operation); next(loop)", 0),
    "exit in a progress callback": ("engine.run(operation, progress=lambda event: sys.exit(4))", 4),
    "main ends beside calls": (
        f"{DAEMON}for _ in range(4): threading.Thread(target=look, daemon=True).start()\ntime.sleep(0.2)",
        0,
    ),
    "a call while the interpreter ends": (
        f"import atexit\natexit.register(lambda: print(len(engine.operation_list()), 'at the end'))\n{DAEMON}",
        0,
    ),
    "exit beside a thread": (f"{STARTED.format(target='run', daemon=False)}sys.exit(3)", 3),
}


def ended(deployment: MockDeployment, program: str, operation: str) -> subprocess.CompletedProcess[str]:
    """How a process ends that runs an operation."""
    command = [sys.executable, "-X", "faulthandler", "-c", PROGRAM + program, str(deployment.config_file), operation]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired as hanging:
        planted.saw("standard error of a process that hangs", hanging.stderr)
        pytest.fail(f"{program}: the process hangs: {hanging.stderr!r}")


def test_an_interpreter_may_end_while_an_operation_runs(real_time: MockDeployment) -> None:
    engine = real_time.engine()
    operation = engine.accept(engine.plan_failover("prod-web", networks=NETWORKS)).id
    for name, (program, status) in ENDS.items():
        assert not engine.operation_show(operation).completed, name
        done = ended(real_time, program, operation)
        assert done.returncode == status, (name, done.stderr)
        for word in ("Fatal Python error", "panicked", "Segmentation", "terminate called", "fatal runtime error"):
            assert word not in done.stderr, (name, done.stderr)
        assert ("at the end" in done.stdout) == ("at the end" in program), name
    assert engine.operation_show(operation).completed
    assert engine.protection_group_show("prod-web").current_primary_site == "site-b"
