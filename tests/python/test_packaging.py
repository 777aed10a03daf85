"""The units of systemd, what importing the package brings with it, and what the distributions say of themselves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from conftest import BIN
from services import LOOPBACK, configure

import protector
from protector.testing import MockDeployment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # which maturin brings there

ROOT = Path(__file__).parents[2]
UNITS = sorted(ROOT.glob("packaging/systemd/*.service"))


def toml(file: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / file).read_text(encoding="utf-8"))


CARGO = toml("Cargo.toml")["workspace"]
ENGINE, CLIENT = (toml(f"{place}pyproject.toml")["project"] for place in ("", "python/protectorclient/"))


def test_all_have_one_version() -> None:
    version = CARGO["package"]["version"]
    assert [ENGINE["version"], CLIENT["version"], protector.__version__] == [version] * 3
    assert ENGINE["optional-dependencies"]["osc"] == [f"{CLIENT['name']}=={version}"]
    assert f"{ENGINE['name']}=={version}" in CLIENT["dependencies"]


def test_the_oldest_python_is_the_one_whose_abi_is_used() -> None:
    stated = [re.fullmatch(r"abi3-py3(\d+)", feature) for feature in CARGO["dependencies"]["pyo3"]["features"]]
    (oldest,) = [int(found[1]) for found in stated if found]
    assert ENGINE["requires-python"] == CLIENT["requires-python"] == f">=3.{oldest}"
    versions = [re.fullmatch(r"Programming Language :: Python :: 3\.(\d+)", name) for name in ENGINE["classifiers"]]
    assert min(int(found[1]) for found in versions if found) == oldest


def test_nothing_newer_than_the_oldest_python_is_used() -> None:
    """What type checkers alone read may be newer; mypy and ruff do not see the rest."""
    typing = [part for name in ("Concatenate", "ParamSpec", "TypeAlias") for part in ("--exclude", f"typing.{name}")]
    target = ENGINE["requires-python"].removeprefix(">=")
    packages = [str(ROOT / "python" / name) for name in ("protector", "protectorclient")]
    command = [BIN / "vermin", "--no-tips", f"--target={target}-", "--violations", *typing, *packages]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    imported = re.compile(r"^from typing import .*\b(Concatenate|ParamSpec|TypeAlias)\b", re.MULTILINE)
    files = [file for package in packages for file in Path(package).rglob("*.py")]
    assert files
    assert [file for file in files if imported.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("project", [ENGINE, CLIENT], ids=lambda project: project["name"])
def test_what_is_installed_says_what_the_sources_say(project: dict[str, Any]) -> None:
    about = metadata.distribution(project["name"])
    assert about.version == project["version"]
    assert about.metadata["Requires-Python"] == project["requires-python"]
    assert set(about.metadata.get_all("Provides-Extra", [])) == set(project.get("optional-dependencies", {}))
    groups = {"console_scripts": project.get("scripts", {}), **project.get("entry-points", {})}
    expected = {(group, name, target) for group, names in groups.items() for name, target in names.items()}
    assert {(point.group, point.name, point.value) for point in about.entry_points} == expected
    for point in about.entry_points:
        point.load()


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
