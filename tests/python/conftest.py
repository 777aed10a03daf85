"""A seeded deployment per test, and two ways to run the commands on it: in this process, and as an operator does."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import planted
import pytest
from api_client import Stage
from database_server import DatabaseServer, database_server

from protector import Engine
from protector.testing import MockDeployment, mock_deployment

DATA = Path(__file__).parents[1] / "data"
BIN = Path(sys.executable).parent
NETWORKS = {"net-primary-web": "net-secondary-web"}
HOME = {there: here for here, there in NETWORKS.items()}


def pytest_configure(config: pytest.Config) -> None:
    planted.watch(config)


# a job in the background starts with Ctrl-C ignored, and so would every process that it starts
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output of a command that must have succeeded, read as JSON."""
        assert self.code == 0, self.err
        return json.loads(self.out)


Command = Callable[..., Result]


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockDeployment]:
    with mock_deployment(tmp_path) as made:
        for name in [name for name in os.environ if name.startswith("OS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(made.config_file))
        monkeypatch.setenv("HOME", str(tmp_path))
        yield made


@pytest.fixture
def engine(deployment: MockDeployment) -> Engine:
    return deployment.engine()


def tokens(deployment: MockDeployment) -> dict[str, str]:
    """Credentials for a policy; served arrays ask for their own, and without keys none can be kept."""
    if deployment.settings.storage_driver != "mock" or not (deployment.directory / "fernet-keys").exists():
        return {}
    return {f"{role}_fa_api_token": planted.token(role) for role in ("primary", "secondary")}


def protect(deployment: MockDeployment, group: str = "prod-web", server: str = "web-server-1") -> Engine:
    """A group with a policy, one member and a recovery point."""
    engine = deployment.engine()
    engine.protection_group_create(
        group,
        replication_type="async",
        primary_site="site-a",
        secondary_site="site-b",
        volume_type="replicated-ssd",
    )
    engine.policy_create(
        group, pure_pg_name=f"pg-{group}", replication_interval=300, rpo_minutes=15, **tokens(deployment)
    )
    engine.member_add(group, deployment.server_id(server))
    assert engine.sync(group).completed
    return engine


@pytest.fixture
def protected(deployment: MockDeployment) -> Engine:
    """The engine of site-a with the protected group ``prod-web``."""
    return protect(deployment)


@pytest.fixture
def stage(deployment: MockDeployment) -> Stage:
    """The API of site-a in this process."""
    return Stage(deployment)


@pytest.fixture
def protected_stage(stage: Stage) -> Stage:
    """With the group ``prod-web`` of the project ``web``, which has a policy and a member."""
    stage.protect()
    return stage


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DatabaseServer]:
    """A MariaDB server of the test's own."""
    directory = tmp_path / "server"
    directory.mkdir()
    with database_server(directory) as running:
        yield running


@pytest.fixture
def osc() -> Command:
    """Runs ``openstack …`` in this process, which takes milliseconds where the executable takes most of a second."""
    return run_osc


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the shell warns about itself
    from openstackclient.shell import OpenStackShell
    from osc_lib.clientmanager import ClientManager


@pytest.fixture
def real_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockDeployment]:
    """A protected group in a world on the time of the machine, where boots and transfers give time to interrupt."""
    with mock_deployment(tmp_path, virtual_time=False) as deployment:
        monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(deployment.config_file))
        protect(deployment)
        yield deployment


def run_osc(*arguments: str) -> Result:
    vars(ClientManager)["protector"]._handle = None  # the shell keeps the client of an earlier run
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                code = OpenStackShell().run(list(arguments))
            except SystemExit as leave:  # argparse
                code = int(leave.code or 0)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    return seen("openstack", Result(code, out.getvalue(), err.getvalue()))


def seen(program: str, result: Result) -> Result:
    planted.saw(f"standard output of {program}", result.out)
    planted.saw(f"standard error of {program}", result.err)
    return result


def run_executable(name: str, *arguments: str, timeout: float = 60) -> Result:
    """Runs an executable of the virtual environment, as an operator does."""
    done = subprocess.run([BIN / name, *arguments], capture_output=True, text=True, timeout=timeout, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def columns(output: str) -> list[str]:
    """The column names of a table as it is printed: the header of a list, the first column of a single thing."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in output.splitlines() if line[:1] == "|"]
    if rows and rows[0] == ["Field", "Value"]:
        return [row[0] for row in rows[1:] if row[0]]
    return rows[0] if rows else []


def snapshot(deployment: MockDeployment) -> dict[str, Any]:
    """Everything that the commands show, to compare before and after a refusal."""
    seen: dict[str, Any] = {"servers": deployment.servers()}
    for site in ("site-a", "site-b"):
        engine = deployment.engine(site)
        groups = engine.protection_group_list()
        seen[site] = {
            "sites": engine.site_list(),
            "operations": engine.operation_list(),
            "groups": [
                (
                    group,
                    engine.sync_status(group.name),
                    engine.consistency_group_show(group.name),
                    engine.consistency_group_volumes(group.name),
                )
                for group in groups
            ],
        }
    return seen
