"""SIGKILL before and after every journal write of a failover; ``operation resume`` always ends in the same world.

The process that dies is the Rust tests' own ``protector-test-child``, which kills itself at a numbered point; the
command that resumes is the one an operator types.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import BIN, NETWORKS, protect, run_osc
from test_kill import end_state

from protector.testing import MockDeployment

CHILD = Path(__file__).parents[2] / "target" / "debug" / "protector-test-child"
CONFIGURATION = """
[DEFAULT]
state_path = {directory}
[engine]
storage_driver = mock
mock_db_path = {directory}/world.db
mock_clock = virtual
cloud_driver = mock
local_site = site-a
"""


def deployed(directory: Path) -> MockDeployment:
    deployment = MockDeployment(directory, directory / "protector.conf")
    deployment.config_file.write_text(CONFIGURATION.format(directory=directory))
    return deployment


def run_until(directory: Path, operation: str, point: int) -> int:
    """Runs the accepted operation in a process that dies at that point; its exit code."""
    command = [CHILD, "run", directory, "site-a", operation, str(point)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


@pytest.mark.skipif(not CHILD.exists(), reason=f"{CHILD.name} is not built: cargo test builds it")
def test_a_failover_killed_at_any_step_is_resumed_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prepared").mkdir()
    prepared = deployed(tmp_path / "prepared")
    monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(prepared.config_file))
    for arguments in (["db", "sync"], ["mock", "seed"]):
        subprocess.run([BIN / "protector-manage", *arguments], check=True, capture_output=True, timeout=60)
    engine = protect(prepared)
    operation = engine.accept(engine.plan_failover("prod-web", networks=NETWORKS))
    del engine

    undisturbed = None
    killed = 0
    for point in range(1, 500):
        directory = tmp_path / str(point)
        shutil.copytree(prepared.directory, directory)
        deployment = deployed(directory)
        code = run_until(directory, operation.id, point)
        if undisturbed is None:
            undisturbed = reference(tmp_path / "reference", prepared, operation.id)
        if code == 0:
            break
        assert code == -signal.SIGKILL, f"point {point} ended with {code}"
        killed += 1
        monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(deployment.config_file))
        done = run_osc("protector", "operation", "resume", operation.id, "-f", "json")
        assert (done.json["status"], done.json["instances_failed"]) == ("completed", 0), f"point {point}: {done}"
        assert end_state(deployment) == undisturbed, f"point {point}"
        shutil.rmtree(directory)
    # an intent and an outcome of each step, each with a place before and after it
    assert killed >= 4 * len(operation.steps), (killed, len(operation.steps))


def reference(directory: Path, prepared: MockDeployment, operation: str) -> dict:
    shutil.copytree(prepared.directory, directory)
    deployment = deployed(directory)
    assert deployment.engine().run(operation).completed
    return end_state(deployment)
