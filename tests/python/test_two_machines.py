"""Two sites on machines of their own: each has its database to itself, and the metadata goes over HTTP."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import planted
import pytest
from conftest import HOME, NETWORKS
from services import Client, wait_for
from two_machines import Machine, two_machines

from protector import Engine
from protector.exceptions import Conflict, InvalidConfiguration, PeerUnreachable, PreconditionFailed
from protector.testing import MockDeployment, mock_deployment

GROUP = {
    "replication_type": "async",
    "primary_site": "site-a",
    "secondary_site": "site-b",
    "volume_type": "replicated-ssd",
}
TOKEN = planted.token("array")


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockDeployment]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with mock_deployment(tmp_path, virtual_time=False) as made:
        yield made


@pytest.fixture
def machines(deployment: MockDeployment) -> tuple[Machine, Machine]:
    return two_machines(deployment)


def compared(engine: Engine) -> str:
    """How the records of the two sites stand to each other."""
    return engine.sync_status("prod-web").sync_status


def test_a_group_is_moved_and_brought_back(deployment: MockDeployment, machines: tuple[Machine, Machine]) -> None:
    a, b = machines
    with a.serving() as api_a, b.serving() as api_b, a.working() as engine_a, b.working() as engine_b:
        client_a, client_b = Client(api_a), Client(api_b)
        client_a.protect(deployment)
        groups = "/v1/web/protection-groups"
        client_a.call("PUT", f"{groups}/prod-web/policy", {"policy": {"primary_fa_api_token": TOKEN}}, 200)
        # an edit on the other site comes back, and neither loses what the other one wrote
        edited = {"protection_group": {"description": "from b"}}
        client_b.call("PUT", f"{groups}/prod-web", edited, 200)
        for client in (client_a, client_b):
            group = client.call("GET", f"{groups}/prod-web", None, 200)["protection_group"]
            assert group["description"] == "from b"
            status = client.call("GET", f"{groups}/prod-web/sync-status", None, 200)["sync_status"]
            assert (status["sync_status"], status["differences"]) == ("IN SYNC", [])
        assert client_a.ended(client_a.act("sync"))["status"] == "completed"
        moved = client_a.ended(client_a.act("failover", networks=NETWORKS))
        assert (moved["status"], moved["instances_failed"]) == ("completed", 0)
        group = client_b.call("GET", f"{groups}/prod-web", None, 200)["protection_group"]
        assert (group["status"], group["current_primary_site"]) == ("failed_over", "site-b")
        assert client_b.ended(client_b.act("failback", networks=HOME))["status"] == "completed"
        group = client_a.call("GET", f"{groups}/prod-web", None, 200)["protection_group"]
        assert (group["status"], group["current_primary_site"]) == ("active", "site-a")
        validation = client_a.call("GET", "/v1/admin/sites/site-b/validation", None, 200)["validation"]
        assert [check["result"] for check in validation["checks"] if check["service"] == "metadata"] == ["ok"]
        [member] = client_b.call("GET", f"{groups}/prod-web/members", None, 200)["members"]
        client_b.call("DELETE", f"{groups}/prod-web/members/{member['instance_id']}", None, 204)
        client_a.call("DELETE", f"{groups}/prod-web", None, 204)
        assert client_b.call("GET", groups, None, 200) == {"protection_groups": []}
        for log in (api_a.log, api_b.log, engine_a.log, engine_b.log):
            assert TOKEN not in log
            assert "Traceback" not in log


def test_each_site_keeps_tokens_under_keys_of_its_own(machines: tuple[Machine, Machine]) -> None:
    a, b = machines
    with b.serving():
        engine = a.engine()
        engine.protection_group_create("prod-web", **GROUP)
        engine.policy_create("prod-web", primary_fa_api_token=TOKEN, replication_interval=300, rpo_minutes=15)
        assert compared(engine) == "IN SYNC"
    stored = []
    for machine in machines:
        with sqlite3.connect(machine.config_file.with_name(f"{machine.site}.db")) as database:
            stored += database.execute("SELECT primary_token FROM protection_groups").fetchall()
    assert len(stored) == 2
    assert stored[0] != stored[1]
    # each of them can read its own
    with a.serving():
        assert compared(b.engine()) == "IN SYNC"


def array_groups(deployment: MockDeployment) -> list[tuple[str, str]]:
    with sqlite3.connect(deployment.directory / "mock_array.db") as world:
        return world.execute("SELECT array_id, name FROM protection_groups ORDER BY 1, 2").fetchall()


def test_a_policy_that_the_other_site_cannot_keep_changes_no_array(
    deployment: MockDeployment, machines: tuple[Machine, Machine]
) -> None:
    a, b = machines
    shutil.rmtree(b.config_file.with_name("fernet-keys"))
    with b.serving():
        engine = a.engine()
        engine.protection_group_create("prod-web", **GROUP)
        before = array_groups(deployment)
        with pytest.raises(InvalidConfiguration, match=r"site-b: .* without a key repository") as refused:
            engine.policy_create("prod-web", primary_fa_api_token=TOKEN, replication_interval=300, rpo_minutes=15)
    assert "protector-manage fernet setup" in (refused.value.remedy or "")
    assert array_groups(deployment) == before


def test_while_the_other_site_is_away_nothing_is_edited(
    deployment: MockDeployment, machines: tuple[Machine, Machine]
) -> None:
    a, b = machines
    with b.serving() as api_b:
        engine = a.engine()
        engine.protection_group_create("prod-web", **GROUP)
        api_b.kill()
        with pytest.raises(
            PeerUnreachable, match=r"Peer site unreachable: site-b does not answer at http://127\.0\.0\.1"
        ):
            engine.protection_group_update("prod-web", description="x")
        status = engine.sync_status("prod-web")
        assert (status.sync_status, status.remote_version) == ("UNREACHABLE", None)
        assert engine.protection_group_show("prod-web").description is None
    with b.serving():
        assert compared(engine) == "IN SYNC"
        assert engine.protection_group_update("prod-web", description="y").description == "y"
        assert compared(engine) == "IN SYNC"


def test_a_site_burns_and_returns(deployment: MockDeployment, machines: tuple[Machine, Machine]) -> None:
    a, b = machines
    with b.serving() as api_b, b.working() as engine_b:
        client_b = Client(api_b)
        with a.serving() as api_a, a.working() as engine_a:
            client_a = Client(api_a)
            client_a.protect(deployment)
            assert client_a.ended(client_a.act("sync"))["status"] == "completed"
            api_a.kill()
            engine_a.kill()
        deployment.set_site("site-a", available=False)
        forced = client_b.act("failover", type="unplanned", force=True, reason="site-a burns", networks=NETWORKS)
        assert client_b.ended(forced)["status"] == "completed"
        deployment.set_site("site-a", available=True)
        with a.serving() as api_a, a.working():
            engine = a.engine()
            left = engine.sync_status("prod-web")
            assert left.sync_status == "OUT OF SYNC"
            with pytest.raises(Conflict, match="site-b"):
                engine.sync_metadata("prod-web")
            assert engine.reconcile(engine.plan_reconcile("prod-web", winner="site-b")).sync_status == "IN SYNC"
            assert engine.protection_group_show("prod-web").current_primary_site == "site-b"
            for action, options in (("reprotect", {}), ("sync", {}), ("failback", {"networks": HOME})):
                ended = client_b.ended(client_b.act(action, **options))
                assert ended["status"] == "completed", ended
            group = Client(api_a).call("GET", "/v1/web/protection-groups/prod-web", None, 200)["protection_group"]
            assert (group["status"], group["current_primary_site"]) == ("active", "site-a")
            assert compared(engine) == "IN SYNC"
        assert "Traceback" not in api_b.log + engine_b.log


def test_the_other_service_dies_in_the_middle_of_a_move(
    deployment: MockDeployment, machines: tuple[Machine, Machine]
) -> None:
    a, b = machines
    with a.serving() as api_a, a.working():
        client = Client(api_a)
        with b.serving() as api_b:
            client.protect(deployment)
            assert client.ended(client.act("sync"))["status"] == "completed"
            operation = client.act("failover", networks=NETWORKS)
            # it has told the other site that it is open, and has not told it yet where the group runs
            wait_for("progress", lambda: client.operation(operation)["steps_completed"] >= 3)
            api_b.kill()
        wait_for("silence", lambda: not _moves(client, operation), 180)
        left = client.operation(operation)
        assert left["status"] in ("failed", "interrupted"), left
        with b.serving():
            client.call("POST", f"/v1/web/operations/{operation}/action", {"resume": {}}, 202)
            ended = client.ended(operation)
            # how far it had come decides whether it goes on or is taken back; nothing is left half-way
            assert (ended["status"] in ("completed", "rolled_back"), ended["instances_failed"]) == (True, 0), ended
            assert compared(a.engine()) == compared(b.engine()) == "IN SYNC"
            if ended["status"] == "rolled_back":
                assert b.engine().protection_group_show("prod-web").current_primary_site == "site-a"
                assert client.ended(client.act("failover", networks=NETWORKS))["status"] == "completed"
            assert b.engine().protection_group_show("prod-web").current_primary_site == "site-b"


def _moves(client: Client, operation: str) -> bool:
    return client.operation(operation)["status"] in ("running", "completed")


def test_the_database_of_another_machine_is_not_opened(machines: tuple[Machine, Machine]) -> None:
    a, _ = machines
    with pytest.raises(PreconditionFailed, match=r"site-b keeps its own database; it answers at http://"):
        Engine(a.settings, "site-b")


def test_a_machine_must_know_which_one_it_is(machines: tuple[Machine, Machine]) -> None:
    a, _ = machines
    text = a.config_file.read_text(encoding="utf-8").replace("local_site = site-a\n", "")
    a.config_file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidConfiguration, match=r"\[site:site-b\] has an api_url, and \[engine\] local_site"):
        a.engine()


def test_an_address_that_leads_back_is_found_out(machines: tuple[Machine, Machine]) -> None:
    a, _ = machines
    with a.serving() as api_a:
        own = Client(api_a).url
        text = a.config_file.read_text(encoding="utf-8")
        other = next(line for line in text.splitlines() if line.startswith("api_url"))
        a.config_file.write_text(text.replace(other, f"api_url = {own}"), encoding="utf-8")
        with pytest.raises(InvalidConfiguration, match="site-a asks for site-b, and this is site-a"):
            a.engine().protection_group_create("prod-web", **GROUP)
        assert a.engine().protection_group_list() == []
