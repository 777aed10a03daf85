"""A process that is killed in the middle of a failover leaves a journal that `operation resume` finishes."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time

import planted
import pytest
from conftest import BIN, HOME, NETWORKS, protect, run_osc

from protector.testing import MockDeployment, mock_deployment

FAILOVER = ["protector", "failover", "prod-web", "--network-mapping", "net-primary-web=net-secondary-web", "--wait"]


def end_state(deployment: MockDeployment) -> dict:
    """What must be the same however often the operation was interrupted: names and words, no ids and no times."""
    engine = deployment.engine()
    group = engine.protection_group_show("prod-web")
    return {
        "group": (group.status, group.protection, group.current_primary_site, group.epoch, group.operation_id),
        "members": [(member.name, member.status, sorted(member.servers)) for member in group.members],
        "volumes": [(volume.volume_name, volume.status) for volume in engine.consistency_group_volumes("prod-web")],
        "servers": sorted((server["site"], server["name"], server["status"]) for server in deployment.servers()),
    }


def kill_after(lines: int, number: signal.Signals) -> tuple[str, int]:
    """Starts a failover and sends it a signal once it reported that many steps; its stderr and how it ended."""
    command = [BIN / "openstack", *FAILOVER]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        seen = ""
        while seen.count("%") < lines:
            line = process.stderr.readline()
            assert line, f"ended early: {seen}"
            seen += line
        process.send_signal(number)
        seen += process.stderr.read()
        planted.saw("standard error of openstack", seen)
        return seen, process.wait(timeout=60)


@pytest.mark.parametrize("lines", [1, 4, 9])
def test_sigkill_and_resume_reach_the_end_of_an_undisturbed_failover(
    real_time: MockDeployment, tmp_path_factory: pytest.TempPathFactory, lines: int
) -> None:
    with mock_deployment(tmp_path_factory.mktemp("undisturbed")) as undisturbed:
        assert protect(undisturbed).failover("prod-web", networks=NETWORKS).completed
        expected = end_state(undisturbed)

    _, code = kill_after(lines, signal.SIGKILL)
    assert code == -signal.SIGKILL
    operation = real_time.engine().operation_list()[0]
    assert operation.status in ("interrupted", "running")
    assert operation.progress < 100

    done = run_osc("protector", "operation", "resume", operation.id, "-f", "json")
    assert (done.json["status"], done.json["instances_failed"]) == ("completed", 0)
    assert end_state(real_time) == expected
    assert real_time.engine().failback("prod-web", networks=HOME).completed


def test_ctrl_c_tells_how_to_go_on(real_time: MockDeployment) -> None:
    seen, code = kill_after(3, signal.SIGINT)
    assert code == 130
    operation = real_time.engine().operation_list()[0]
    assert f"openstack protector operation resume {operation.id}" in seen
    assert operation.status in ("interrupted", "cancelled", "rolled_back")


def test_ctrl_c_is_heard_by_a_call_that_reports_nothing(real_time: MockDeployment) -> None:
    engine = real_time.engine()
    operation = engine.accept(engine.plan_failover("prod-web", networks=NETWORKS))
    impatient = threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT])
    impatient.start()
    with pytest.raises(KeyboardInterrupt):
        engine.run(operation.id)
    assert engine.operation_show(operation.id).status in ("interrupted", "cancelled", "rolled_back")
    assert engine.run(operation.id).completed


def test_watch_follows_an_operation_of_another_process(real_time: MockDeployment) -> None:
    process = subprocess.Popen([BIN / "openstack", *FAILOVER], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while real_time.engine().operation_list()[0].operation_type != "failover":
        assert time.monotonic() < end
        time.sleep(0.1)
    operation = real_time.engine().operation_list()[0]
    done = run_osc("protector", "operation", "watch", operation.id, "--timeout", "60", "-f", "json")
    assert done.json["status"] == "completed"
    assert process.wait(timeout=30) == 0
