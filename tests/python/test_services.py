"""Both services as processes of their own on the stores of two simulated sites, with some of them killed."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import HOME, NETWORKS
from services import LOOPBACK, Client, Service, configure, running, wait_for

from protector.testing import MockDeployment, mock_deployment

QUICK = """
[engine]
poll_interval = 1
watch_interval = 1
stop_timeout = 20
"""


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockDeployment]:
    """A world on the time of the machine, where boots and transfers give time to interrupt."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with mock_deployment(tmp_path, virtual_time=False) as made:
        yield made


@pytest.fixture
def client(deployment: MockDeployment) -> Iterator[Client]:
    with running("protector-api", configure(deployment, "site-a", "api", LOOPBACK)) as api:
        yield Client(api)


def engine_config(deployment: MockDeployment, name: str = "engine", site: str = "site-a") -> Path:
    # one section of that name is enough: the file of the deployment has the other options of [engine]
    return configure(deployment, site, name, QUICK)


def attempts(deployment: MockDeployment, operation: str, site: str = "site-a") -> tuple[int, list[str]]:
    """How often executors took an operation up, by its journal, and the steps that were begun."""
    with sqlite3.connect(deployment.directory / f"{site}.db") as database:
        rows = database.execute(
            "SELECT record FROM journal WHERE operation_id = ? ORDER BY sequence", [operation]
        ).fetchall()
    records = [record for (record,) in rows]
    begun = [step[1] for record in records if (step := re.search(r'"step_intent","step":"([^"]+)"', record))]
    return sum('"record":"attempt"' in record for record in records), begun


def test_what_is_accepted_is_executed(deployment: MockDeployment, client: Client) -> None:
    client.protect(deployment)
    operation = client.act("sync")
    assert client.operation(operation)["status"] == "pending"
    with running("protector-engine", engine_config(deployment)) as engine:
        engine.logs(r"INFO protector\.engine\.manager \[-\] Storage driver: MockStorageDriver")
        engine.logs(r"INFO protector\.engine\.storage\.mock \[-\] MockStorageDriver initialized: data_dir=/")
        engine.logs(
            r"WARNING protector\.engine\.storage\.mock \[-\] Mock storage driver active — not suitable for prod"
        )
        engine.logs(r"WARNING .* RPO of 'prod-web' of project web is not kept: there is no complete recovery point yet")
        assert client.ended(operation)["status"] == "completed"
        engine.logs(r"RPO of 'prod-web' of project web is as it should be again")
        assert engine.log.count("RPO of 'prod-web' of project web is not kept") == 1
        moved = client.ended(client.act("failover", networks=NETWORKS))
        assert (moved["status"], moved["progress"], moved["instances_failed"]) == ("completed", 100, 0)
        assert client.ended(client.act("failback", networks=HOME))["status"] == "completed"
        assert engine.terminate() == 0
        assert engine.log.rstrip().endswith("stopped")
    assert "Traceback" not in engine.log


def test_another_engine_ends_what_a_killed_one_began(deployment: MockDeployment, client: Client) -> None:
    client.protect(deployment)
    with running("protector-engine", engine_config(deployment, "first")) as first:
        assert client.ended(client.act("sync"))["status"] == "completed"
        operation = client.act("failover", networks=NETWORKS)
        wait_for("progress", lambda: client.operation(operation)["steps_completed"] >= 3)
        first.kill()
    shown = client.operation(operation)
    assert shown["finished_at"] is None
    with running("protector-engine", engine_config(deployment, "second")) as second:
        ended = client.ended(operation)
        assert (ended["status"], ended["instances_failed"]) == ("completed", 0)
        second.logs(rf"{operation}, failover of 'prod-web', is completed, taken over from process {first.process.pid}")
    count, _ = attempts(deployment, operation)
    assert count == 2


def test_two_engines_never_execute_the_same_operation_twice(deployment: MockDeployment, client: Client) -> None:
    servers = ("web-server-1", "app-server-1", "db-server-1")
    names = [server for server in servers if server in {each["name"] for each in deployment.servers("site-a")}]
    assert len(names) >= 2
    for name in names:
        client.protect(deployment, group=f"g-{name}", server=name)
    with (
        running("protector-engine", engine_config(deployment, "first")) as first,
        running("protector-engine", engine_config(deployment, "second")) as second,
    ):
        for service in (first, second):
            service.logs("protector-engine .* works for site-a")
        for _ in range(3):
            accepted = [client.act("sync", f"g-{name}") for name in names]
            for operation in accepted:
                assert client.ended(operation)["status"] == "completed"
                count, begun = attempts(deployment, operation)
                assert count == 1
                assert len(begun) == len(set(begun)) == client.operation(operation)["steps_total"]
                executed = [f"executing {operation}" in service.log for service in (first, second)]
                assert any(executed)


def test_a_stop_comes_at_a_step_boundary_and_the_next_engine_goes_on(
    deployment: MockDeployment, client: Client
) -> None:
    client.protect(deployment)
    with running("protector-engine", engine_config(deployment, "first")) as first:
        assert client.ended(client.act("sync"))["status"] == "completed"
        operation = client.act("failover", networks=NETWORKS)
        wait_for("progress", lambda: client.operation(operation)["steps_completed"] >= 2)
        assert first.terminate(30) == 0
    shown = client.operation(operation)
    assert shown["status"] == "interrupted"
    assert not [step for step in shown["steps"] if step["state"] == "failed"]
    with running("protector-engine", engine_config(deployment, "second")):
        assert client.ended(operation)["status"] == "completed"
    _, begun = attempts(deployment, operation)
    # a wait leaves nothing behind, so it is not waited for; what changes the world is never torn
    assert {step for step in begun if begun.count(step) > 1} <= {"await_final_snapshot"}


def test_an_abort_is_obeyed_by_the_engine(deployment: MockDeployment, client: Client) -> None:
    client.protect(deployment)
    operation = client.act("sync")
    client.call("POST", f"/v1/web/operations/{operation}/action", {"abort": {"reason": "not now"}}, 202)
    assert client.operation(operation)["status"] == "pending"
    with running("protector-engine", engine_config(deployment)):
        assert client.ended(operation)["status"] == "cancelled"


def test_both_sites_with_their_services_and_one_of_them_lost(deployment: MockDeployment, client: Client) -> None:
    """Two ports, one world. The site that is left takes over with what it has."""
    client.protect(deployment)
    with (
        running("protector-engine", engine_config(deployment, "engine-a")) as engine_a,
        running("protector-api", configure(deployment, "site-b", "api-b", LOOPBACK)) as api_b,
        running("protector-engine", engine_config(deployment, "engine-b", "site-b")) as engine_b,
    ):
        client_b = Client(api_b)
        assert client.ended(client.act("sync"))["status"] == "completed"
        assert (
            client_b.call("GET", "/v1/web/protection-groups", None, 200)["protection_groups"][0]["name"] == "prod-web"
        )
        # operations are kept on the site where they began
        assert client_b.call("GET", "/v1/web/operations", None, 200) == {"operations": []}

        engine_a.kill()
        deployment.set_site("site-a", available=False)
        edit = {"protection_group": {"description": "x"}}
        refused = client_b.call("PUT", "/v1/web/protection-groups/prod-web", edit, 503)
        assert refused["error"]["code"] == "peer_unreachable"
        forced = client_b.act("failover", type="unplanned", force=True, reason="site-a burns", networks=NETWORKS)
        assert client_b.ended(forced)["status"] == "completed"
        group = client_b.call("GET", "/v1/web/protection-groups/prod-web", None, 200)["protection_group"]
        assert (group["current_primary_site"], group["protection"]) == ("site-b", "unprotected")
        engine_b.logs(rf"{forced}, failover of 'prod-web', is completed")


def test_the_log_is_a_file_where_one_is_wanted(deployment: MockDeployment) -> None:
    logs = deployment.directory / "log"
    logs.mkdir()
    config = configure(deployment, "site-a", "engine", QUICK + f"\n[DEFAULT]\nlog_dir = {logs}\ndebug = True\n")
    service = Service("protector-engine", config, deployment.directory / "stderr.log")
    try:
        file = logs / "protector-engine.log"
        wait_for("log", lambda: file.exists() and "works for site-a" in file.read_text(encoding="utf-8"))
        rotated = file.rename(logs / "protector-engine.log.1")
        assert service.terminate() == 0
        assert "stopping: nothing is under way" in file.read_text(encoding="utf-8")
        assert "stopping" not in rotated.read_text(encoding="utf-8")
        assert service.log == ""
    finally:
        if service.process.poll() is None:
            service.kill()


def test_a_cancel_is_kept_until_somebody_resumes(deployment: MockDeployment, client: Client) -> None:
    client.protect(deployment)
    with running("protector-engine", engine_config(deployment)) as engine:
        assert client.ended(client.act("sync"))["status"] == "completed"
        operation = client.act("failover", networks=NETWORKS)
        path = f"/v1/web/operations/{operation}/action"
        wait_for("progress", lambda: client.operation(operation)["steps_completed"] >= 2)
        client.call("POST", path, {"cancel": {"reason": "lunch"}}, 202)
        wait_for("stop", lambda: client.operation(operation)["status"] == "interrupted")
        looks = engine.log.count(f"executing {operation}")
        time.sleep(3)
        assert engine.log.count(f"executing {operation}") == looks == 1
        client.call("POST", path, {"resume": {}}, 202)
        assert client.ended(operation)["status"] == "completed"
