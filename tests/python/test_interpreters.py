"""Interpreters beside the main one, and what importing leaves in a process."""

from __future__ import annotations

import subprocess
import sys

import pytest

CREATE = """
import sys
try:
    import _interpreters as interpreters
    def run(code, isolated):
        made = interpreters.create("isolated" if isolated else "legacy")
        return interpreters.run_string(made, code)
except ImportError:
    import _xxsubinterpreters as interpreters
    def run(code, isolated):
        made = interpreters.create(isolated=isolated)
        try:
            return interpreters.run_string(made, code)
        except Exception as error:
            return error
"""
REFUSED = "protector works in the main interpreter of a process alone"


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("isolated", [False, True], ids=["legacy", "isolated"])
@pytest.mark.parametrize("module", ["protector", "protector._native"])
def test_a_sub_interpreter_is_refused_and_the_main_one_is_not(module: str, isolated: bool) -> None:
    printed = python(
        f"{CREATE}\n"
        f"refused = str(run('import {module}', {isolated}))\n"
        f"assert {REFUSED!r} in refused and 'ImportError' in refused, refused\n"
        "assert '%{GLOBAL}' in refused\n"
        f"import {module}, protector\n"
        "settings = protector.Settings.from_text("
        "'[engine]\\nstorage_driver = mock\\ncloud_driver = mock\\n[database]\\nconnection = sqlite://\\n')\n"
        "print(len(protector.Engine(settings).site_list()))\n"
        f"assert {REFUSED!r} in str(run('import {module}', {isolated}))\n"
    )
    assert printed == "2\n"


def test_importing_everything_starts_and_opens_nothing() -> None:
    """Threads, descriptors, children, signal handlers, hooks at the end, the time of a switch, levels of the log."""
    python(
        """
import atexit, importlib, logging, os, pkgutil, signal, sys, threading

def state():
    files = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            files[name] = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            pass  # the directory that was listed
    return (
        sorted(os.listdir("/proc/self/task")), files, threading.active_count(), sys.getswitchinterval(),
        [signal.getsignal(number) for number in signal.valid_signals()],
        logging.getLogger().level, logging.getLogger().handlers[:], logging.getLogger("protector").level,
        sys.excepthook, threading.excepthook, sys.unraisablehook, dict(os.environ), os.getcwd(),
    )

# whatever these do is theirs
import oslo_config.cfg, oslo_policy.policy, keystonemiddleware.auth_token, falcon, jsonschema, waitress, cliff.app
before = state()
import protector
assert state() == before, (state(), before)
names = [name for _, name, _ in pkgutil.walk_packages(protector.__path__, "protector.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
assert {"protector.api.wsgi", "protector.worker.service", "protector.aio"} <= set(names)
assert state() == before, (state(), before)
protector.Settings.from_text("[engine]\\nstorage_driver = mock\\n")
protector.plan.__doc__
assert state() == before, (state(), before)
"""
    )


def test_the_first_call_starts_the_threads() -> None:
    """Else the test above looks at nothing."""
    printed = python(
        """
import os, protector
settings = protector.Settings.from_text(
    "[engine]\\nstorage_driver = mock\\ncloud_driver = mock\\n[database]\\nconnection = sqlite://\\n")
count = lambda: (len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd")))
before = count()
protector.Engine(settings).site_list()
print(all(now > then for now, then in zip(count(), before)))
"""
    )
    assert printed == "True\n"
