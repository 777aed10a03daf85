"""Several of each service on one MariaDB server; whoever is killed, nothing is lost and nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import NETWORKS
from database_server import DatabaseServer
from services import LOOPBACK, Client, configure, running, wait_for

from protector.testing import MockDeployment, mock_deployment

QUICK = "\n[engine]\npoll_interval = 1\nwatch_interval = 1\n"


@pytest.fixture
def deployment(server: DatabaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockDeployment]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with mock_deployment(tmp_path, virtual_time=False, database=server.connection("protector_{site}")) as made:
        yield made


def attempts(server: DatabaseServer, operation: str) -> int:
    """How often executors took an operation up, by its journal."""
    count = f"SELECT COUNT(*) FROM `protector_site-a`.journal WHERE operation_id = '{operation}'"
    return int(server.sql(f'{count} AND record LIKE \'%"record":"attempt"%\'').split()[-1])


def test_whoever_is_killed(server: DatabaseServer, deployment: MockDeployment) -> None:
    def config(name: str, more: str) -> Path:
        return configure(deployment, "site-a", name, more)

    with (
        running("protector-api", config("api-1", LOOPBACK)) as api_1,
        running("protector-api", config("api-2", LOOPBACK)) as api_2,
        running("protector-engine", config("engine-1", QUICK)) as engine_1,
        running("protector-engine", config("engine-2", QUICK)) as engine_2,
    ):
        client = Client(api_1)
        client.protect(deployment)
        synced = client.act("sync")
        assert client.ended(synced)["status"] == "completed"
        assert attempts(server, synced) == 1

        operation = client.act("failover", networks=NETWORKS)
        api_1.kill()
        client = Client(api_2)
        wait_for("progress", lambda: client.operation(operation)["steps_completed"] >= 2)
        first, other = (engine_1, engine_2) if f"executing {operation}" in engine_1.log else (engine_2, engine_1)
        first.kill()
        wait_for("successor", lambda: f"executing {operation}" in other.log)
        server.kill()
        answer = client.call("GET", f"/v1/web/operations/{operation}")
        assert answer["error"]["code"] in ("unreachable", "storage"), answer
        other.logs("cannot look for operations, and goes on trying")
        server.start()
        ended = client.ended(operation)
        assert (ended["status"], ended["instances_failed"]) == ("completed", 0)
        other.logs("can look for operations again")
        assert other.process.poll() is None
        assert api_2.process.poll() is None
