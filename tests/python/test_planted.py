"""Tests that show a planted secret fail, wherever they show it; those that do not pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = """
from pathlib import Path
import planted
def pytest_configure(config):
    planted.watch(config)
    Path(__file__).with_name("mark").write_text(planted.MARK)
"""
HEAD = """
import base64, io, logging, os, subprocess, sys
from pathlib import Path
import planted, pytest
from protector.exceptions import InvalidRequest
from protector.testing import mock_deployment
TOKEN = planted.token("array")
"""
#: How a test shows a secret: its body, and where it must be found.
LEAKS = {
    "standard output": ("print(TOKEN)", "stdout of its call"),
    "standard error": ("print('x' + TOKEN + 'y', file=sys.stderr)", "stderr of its call"),
    "output that the test reads": (
        "capsys = request.getfixturevalue('capsys'); print(TOKEN); capsys.readouterr()",
        "captured standard output",
    ),
    "a record": ("logging.getLogger('some').warning('it is %s', TOKEN)", "a record of some at level WARNING"),
    "a traceback": (
        "try:\n        raise ValueError(TOKEN)\n"
        "    except ValueError:\n        logging.getLogger('some').exception('no')",
        "a record of some at level ERROR",
    ),
    "a file": (
        "(tmp_path / 'a' / 'b').mkdir(parents=True); (tmp_path / 'a' / 'b' / 'log').write_text(TOKEN)",
        "/a/b/log",
    ),
    "a file across two reads": ("(tmp_path / 'log').write_bytes(b'.' * ((1 << 24) - 9) + TOKEN.encode())", "/log"),
    "a file in base64": ("(tmp_path / 'log').write_bytes(base64.b64encode(b'pq' + TOKEN.encode() + b'r'))", "/log"),
    "a file of another directory": (
        "made = request.getfixturevalue('tmp_path_factory').mktemp('other'); (made / 'log').write_text(TOKEN)",
        "/log",
    ),
    "a file that is written at the end": ("request.addfinalizer(lambda: (tmp_path / 'log').write_text(TOKEN))", "/log"),
    "a process": (
        "subprocess.run([sys.executable, '-c', f'print({TOKEN!r})'], capture_output=True, check=True)",
        "standard output of python",
    ),
    "an answer of the engine": (
        "with mock_deployment(tmp_path) as deployment:\n"
        "        deployment.engine().site_create('site-c', description=TOKEN)",
        "the answer of site_create",
    ),
    "an error of the engine": (
        "with mock_deployment(tmp_path) as deployment, pytest.raises(LookupError):\n"
        "        deployment.engine().site_show(TOKEN)",
        "an error of site_show",
    ),
}
CLEAN = """
def test_settings_and_references_may_hold_it(tmp_path):
    (tmp_path / "protector.conf").write_text(TOKEN)
    (tmp_path / "array-token").write_text(TOKEN)

def test_nothing_is_shown(tmp_path, capsys):
    print("nothing")
    logging.getLogger("some").warning("nothing")
    (tmp_path / "log").write_text("nothing")
    assert TOKEN
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What a run of tests that leak came to, and the mark of their secrets."""
    directory = tmp_path_factory.mktemp("leaking")
    leaking = (
        f"def test_{number}(tmp_path, request):\n    {body}\n" for number, (body, _) in enumerate(LEAKS.values())
    )
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "test_leaks.py").write_text("\n".join([HEAD, *leaking, CLEAN]))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-vv",
        "-rA",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        directory / "made",
        ".",
    ]
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr, (directory / "mark").read_text()


@pytest.mark.parametrize("number", range(len(LEAKS)), ids=LEAKS)
def test_what_shows_a_secret_fails_and_says_where(ran: tuple[str, str], number: int) -> None:
    """I-42: whatever any test shows is looked at."""
    said = re.findall(rf"(?m)^(?:FAILED|ERROR) \S+::test_{number} - (.*)$", ran[0])
    assert len(said) == 1, ran[0]
    assert re.match(rf"Failed: a planted secret is in .*{re.escape(list(LEAKS.values())[number][1])}", said[0])


def test_what_shows_none_passes(ran: tuple[str, str]) -> None:
    assert re.findall(r"(?m)^PASSED \S+::(\w+)$", ran[0])[-2:] == [
        "test_settings_and_references_may_hold_it",
        "test_nothing_is_shown",
    ]


def test_no_report_repeats_it(ran: tuple[str, str]) -> None:
    assert ran[1].startswith("planted-")
    assert ran[1] not in ran[0]
