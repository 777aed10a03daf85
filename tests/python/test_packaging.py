"""The units of systemd, and what importing the package brings with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BIN
from services import LOOPBACK, configure

from protector.testing import MockDeployment

UNITS = sorted(Path(__file__).parents[2].glob("packaging/systemd/*.service"))


def test_there_is_a_unit_for_each_service() -> None:
    assert [unit.stem for unit in UNITS] == ["protector-api", "protector-engine"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    assert f"ExecStart=/usr/bin/{unit.stem}\n" in text
    assert "RestartPreventExitStatus=78\n" in text
    # a lease of a process that is hidden would be taken from it
    assert not [line for line in text.splitlines() if line.startswith(("ProtectProc", "ProcSubset", "PrivatePIDs"))]
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    here = tmp_path / unit.name
    here.write_text(text.replace("/usr/bin/", f"{BIN}/"), encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", here]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    complaints = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, complaints) == (0, []), done.stderr


def run(code: str, **environment: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=os.environ | environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "module", ["protector", "protector.worker.service", "protector.api.server", "protector.api.wsgi"]
)
def test_nothing_of_the_extra_is_imported_before_it_is_needed(module: str) -> None:
    libraries = ("falcon", "jsonschema", "keystonemiddleware", "oslo_config", "oslo_policy", "waitress")
    code = f"import sys, {module}; print([name for name in {libraries} if name in sys.modules])"
    assert run(code) == "[]\n"


def test_an_api_without_its_extra_says_what_to_install(deployment: MockDeployment) -> None:
    config = configure(deployment, "site-a", "api", LOOPBACK)
    code = (
        "import sys\nsys.modules['falcon'] = None\nfrom protector.api.server import main\n"
        f"print(main(['--config-file', {str(config)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "1\n", done.stderr
    assert "pip install 'openstack-protector[api]'" in done.stderr


def test_a_wsgi_server_may_fork_after_importing(deployment: MockDeployment) -> None:
    """As uwsgi does: the module is loaded once, and each worker answers with an engine of its own."""
    code = """
import os
from falcon.testing import TestClient
from protector.api.wsgi import application

def ask():
    got = TestClient(application).simulate_get("/v1/admin/sites", remote_addr="127.0.0.1")
    print(os.getpid() == parent, got.status_code, [site["name"] for site in got.json["sites"]], flush=True)

parent = os.getpid()
children = []
for _ in range(2):
    child = os.fork()
    if child == 0:
        ask()
        ask()
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
"""
    config = configure(deployment, "site-a", "api", LOOPBACK)
    lines = run(code, PROTECTOR_CONFIG_FILE=str(config)).splitlines()
    assert lines == ["False 200 ['site-a', 'site-b']"] * 4
