"""The state of both sites on a MariaDB server: commands, and failovers through deaths of processes and servers."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import planted
import pytest
from conftest import HOME, NETWORKS, protect, run_osc
from database_server import DatabaseServer
from test_kill import end_state, kill_after
from test_manage import manage

from protector.testing import MockDeployment, mock_deployment

TOKEN = planted.token("array")


@pytest.fixture
def on_server(server: DatabaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockDeployment]:
    """A protected group in a world on the time of the machine, its metadata on the server."""
    with mock_deployment(tmp_path, virtual_time=False, database=server.connection("protector_{site}")) as deployment:
        monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(deployment.config_file))
        protect(deployment)
        yield deployment


@pytest.fixture
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """How an undisturbed failover ends, with SQLite."""
    with mock_deployment(tmp_path_factory.mktemp("undisturbed")) as undisturbed:
        assert protect(undisturbed).failover("prod-web", networks=NETWORKS).completed
        return end_state(undisturbed)


def test_the_databases_are_made_shown_and_checked(server: DatabaseServer, on_server: MockDeployment) -> None:
    assert not (on_server.directory / "site-a.db").exists()
    again = manage("db", "sync", "-f", "json").json
    assert all(row["from"] == row["to"] for row in again)
    versions = manage("db", "version", "-f", "json").json
    assert all(row["version"] == row["needed"] and row["path"].startswith("mysql://root@127.0.0.1") for row in versions)
    whole = manage("db", "check", "-f", "json")
    assert {row["result"] for row in whole.json} == {"ok"}, whole.out
    assert [row["check"] for row in whole.json][:5] == ["schema", "database", "sites", "groups", "journals"]
    server.sql("UPDATE `protector_site-a`.journal SET record = 'x' WHERE sequence = 1")
    damaged = manage("db", "check", "-f", "json")
    assert damaged.code == 1
    assert {row["check"] for row in json.loads(damaged.out) if row["result"] == "failed"} == {"journals"}


def test_a_token_is_nowhere_on_the_server(server: DatabaseServer, on_server: MockDeployment) -> None:
    on_server.engine().policy_create("prod-web", primary_fa_api_token=TOKEN)
    tables = server.sql("SHOW TABLES FROM `protector_site-a`").split()[1:]
    dump = "".join(server.sql(f"SELECT * FROM `protector_site-a`.`{table}`") for table in tables)
    assert "prod-web" in dump
    assert TOKEN not in dump


@pytest.mark.parametrize("lines", [1, 6])
def test_another_process_finishes_what_a_killed_one_began(
    on_server: MockDeployment, expected: dict, lines: int
) -> None:
    _, code = kill_after(lines, signal.SIGKILL)
    assert code == -signal.SIGKILL
    operation = on_server.engine().operation_list()[0]
    assert operation.progress < 100
    done = run_osc("protector", "operation", "resume", operation.id, "-f", "json")
    assert (done.json["status"], done.json["instances_failed"]) == ("completed", 0)
    assert end_state(on_server) == expected
    assert on_server.engine().failback("prod-web", networks=HOME).completed


def test_a_failover_outlives_the_death_of_the_server(
    server: DatabaseServer, on_server: MockDeployment, expected: dict
) -> None:
    def die_and_come_back() -> None:
        time.sleep(1)
        server.kill()
        time.sleep(1)
        server.start()

    accident = threading.Thread(target=die_and_come_back)
    accident.start()
    done = on_server.engine().failover("prod-web", networks=NETWORKS)
    accident.join()
    assert done.completed
    assert end_state(on_server) == expected
