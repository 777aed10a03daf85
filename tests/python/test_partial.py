"""Start options of members, members that do not arrive, and their retry: in Python and by commands."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import NETWORKS, Command

from protector import Engine, exceptions
from protector.testing import MockDeployment
from protector.values import BootCheck

THERE = ("--network-mapping", "net-primary-web=net-secondary-web")


def mishap(deployment: MockDeployment, kind: str, name: str, *, happens: bool) -> None:
    """Lets something go wrong on site-b, or no longer.

    In a process of its own: another SQLite in this one would take the engine's locks away when it closes the file.
    """
    sql = "INSERT INTO mishaps (site, kind, name) VALUES ('site-b', ?, ?)"
    if not happens:
        sql = "DELETE FROM mishaps WHERE site = 'site-b' AND kind = ? AND name = ?"
    script = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as world: world.execute(sys.argv[2], sys.argv[3:])"
    world = deployment.directory / "mock_array.db"
    subprocess.run([sys.executable, "-c", script, str(world), sql, kind, name], check=True, timeout=60)


@pytest.fixture
def ordered(deployment: MockDeployment, protected: Engine) -> Engine:
    """Beside ``web-server-1`` a database, and an application that depends on it."""
    protected.member_add("prod-web", deployment.server_id("db-server-1"), boot_check=BootCheck.tcp(5432))
    protected.member_add("prod-web", deployment.server_id("app-server-1"), tier=1, depends_on=["db-server-1"])
    assert protected.sync("prod-web").completed
    return protected


def test_start_options_of_commands(deployment: MockDeployment, protected: Engine, osc: Command) -> None:
    db, app = deployment.server_id("db-server-1"), deployment.server_id("app-server-1")
    options = ["--start-timeout", "900", "--required", "--check-tcp", "5432", "--check-timeout", "30"]
    added = osc("protector", "member", "add", "prod-web", "--instance-id", db, *options, "-f", "json").json
    assert (added["required"], added["start_timeout_seconds"]) == (True, 900)
    assert added["boot_check"] == {"kind": "tcp", "timeout_seconds": 30, "port": 5432}
    options = ["--tier", "1", "--depends-on", "db-server-1", "--depends-on", "web-server-1"]
    added = osc("dr", "member", "add", "prod-web", "--instance-id", app, *options, "-f", "json").json
    assert sorted(added["depends_on"]) == sorted([db, deployment.server_id("web-server-1")])

    def update(*words: str) -> dict:
        return osc("protector", "member", "update", "prod-web", "--instance-id", db, *words, "-f", "json").json

    changed = update("--check-command", "/usr/bin/look --deep 'at it'", "--check-in-tests", "--no-required")
    assert changed["boot_check"]["arguments"] == ["--deep", "at it"]
    assert changed["boot_check"]["in_tests"] is True
    assert (changed["required"], changed["start_timeout_seconds"]) == (False, 900)
    changed = update("--no-check", "--no-start-timeout", "--no-depends-on")
    assert (changed["boot_check"], changed["start_timeout_seconds"], changed["depends_on"]) == (None, None, [])
    listed = osc("protector", "protection-group", "member-list", "prod-web", "--long", "-f", "json").json
    assert {each["name"]: each["tier"] for each in listed}["app-server-1"] == 1


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--depends-on", "app-server-1"], "starts later"),
        (["--depends-on", "db-server-1"], "circle: db-server-1 -> db-server-1"),
        (["--depends-on", "nobody"], "not a member"),
        (["--check-tcp", "0"], "port"),
        (["--check-command", "look"], "not an absolute path"),
        (["--check-command", "'"], "cannot be read"),
        (["--check-command", ""], "is empty"),
        (["--check-timeout", "5"], "belongs to a check"),
        (["--start-timeout", "0"], "is 0 s"),
    ],
)
def test_start_options_that_are_refused(
    deployment: MockDeployment, ordered: Engine, osc: Command, words: list[str], part: str
) -> None:
    before = ordered.member_list("prod-web")
    done = osc("protector", "member", "update", "prod-web", "--instance-id", "db-server-1", *words)
    assert done.code == 1
    assert part in done.err
    assert ordered.member_list("prod-web") == before


def test_a_partial_failover_exits_with_1_and_is_retried(
    deployment: MockDeployment, ordered: Engine, osc: Command
) -> None:
    mishap(deployment, "check", "db-server-1", happens=True)
    done = osc("protector", "failover", "prod-web", *THERE, "--wait", "--long", "-f", "json")
    assert done.code == 1
    operation = ordered.operation_list()[0]
    assert (operation.status, operation.instances_failed, operation.instances_succeeded) == ("completed_partial", 2, 1)
    assert {each.name: each.outcome for each in operation.instances} == {
        "db-server-1": "failed",
        "app-server-1": "blocked",
        "web-server-1": "succeeded",
    }
    assert "start 'app-server-1' on site-b: blocked" in done.err
    assert operation.next[0] == "openstack protector failover prod-web --retry-failed"
    assert ordered.protection_group_show("prod-web").status == "failed_over_partial"

    again = osc("protector", "failover", "prod-web", "--retry-failed", "-f", "json")
    assert again.code == 1
    assert ordered.operation_list()[0].status == "failed"
    mishap(deployment, "check", "db-server-1", happens=False)
    plan = osc("protector", "failover", "prod-web", "--retry-failed", "--dry-run")
    assert plan.code == 0
    assert "web-server-1" not in plan.out
    retried = osc("dr", "failover", "prod-web", "--retry-failed", "-f", "json").json
    assert (retried["operation_type"], retried["status"]) == ("retry_failed", "completed")
    assert ordered.protection_group_show("prod-web").status == "failed_over"
    assert ordered.failback("prod-web").completed


def test_a_retry_has_no_type(ordered: Engine, osc: Command) -> None:
    for words in (["--force"], ["--type", "planned"], ["--reason", "fire"]):
        done = osc("protector", "failover", "prod-web", "--retry-failed", *words)
        assert done.code == 1
        assert "--retry-failed goes on with a move" in done.err


def test_a_retry_without_need_is_blocked(ordered: Engine) -> None:
    with pytest.raises(exceptions.PlanBlocked, match="every member of 'prod-web' has arrived"):
        ordered.retry_failed("prod-web")


def test_a_retry_in_python(deployment: MockDeployment, ordered: Engine) -> None:
    mishap(deployment, "boot", "db-server-1", happens=True)
    assert ordered.failover("prod-web", networks=NETWORKS).status == "completed_partial"
    mishap(deployment, "boot", "db-server-1", happens=False)
    steps = ordered.plan_retry_failed("prod-web").steps
    assert {step.on_failure for step in steps} == {"stop", "fail_member"}
    assert ordered.retry_failed("prod-web").completed
