"""The commands as a whole: both trees, a drill, dry runs, sites, formats, progress."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from conftest import NETWORKS, columns, protect, run_executable, run_osc, snapshot
from terminal import CONTROL

from protector import Engine, Plan
from protector.testing import MockDeployment
from protector.values import Event

THERE = ("--network-mapping", "net-primary-web=net-secondary-web")
BACK = ("--network-mapping", "net-secondary-web=net-primary-web")


def test_both_trees_reach_the_same_classes() -> None:
    trees: dict[str, dict[str, str]] = {"protector": {}, "dr": {}}
    for entry in entry_points(group="openstack.protector.v1"):
        tree, _, command = entry.name.partition("_")
        trees[tree][command] = entry.value
    assert trees["protector"] == trees["dr"]
    commands = trees["dr"]
    for noun, verbs in {"member": ("add", "update", "remove", "list"), "policy": ("create", "show")}.items():
        for verb in verbs:
            assert commands[f"{noun}_{verb}"] == commands[f"protection-group_{noun}-{verb}"]


def test_the_modules_of_the_commands_load_no_engine() -> None:
    """Any ``openstack`` command loads them, also ``openstack server list``."""
    code = (
        "import sys\n"
        "from importlib.metadata import entry_points\n"
        "import protectorclient.osc.plugin\n"
        "commands = [entry.load() for entry in entry_points(group='openstack.protector.v1')]\n"
        "assert len(commands) > 100, commands\n"
        "assert not {'protector', 'rich'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("entry", entry_points(group="openstack.protector.v1"), ids=lambda entry: entry.name)
def test_help_of_every_command(entry) -> None:
    done = run_osc("help", *entry.name.split("_"))
    assert done.code == 0
    # long names are followed by a line break
    assert f" {entry.name.replace('_', ' ')} " in f"{done.out.splitlines()[0]} "
    assert entry.load().__doc__.splitlines()[0] in " ".join(done.out.split())


@pytest.mark.parametrize("tree", ["protector", "dr"])
def test_drill(deployment: MockDeployment, tree: str) -> None:
    def run(*words: str) -> dict:
        return run_osc(tree, *words, "-f", "json").json

    run(
        *["protection-group", "create", "--name", "web", "--replication-type", "async", "--primary-site", "site-a"],
        *["--secondary-site", "site-b", "--volume-type", "replicated-ssd"],
    )
    run("policy", "create", "web", "--pure-pg-name", "pg-web", "--replication-interval", "300", "--rpo-minutes", "15")
    member = run("member", "add", "web", "--instance-id", deployment.server_id("web-server-1"))
    assert (member["name"], member["status"], member["volumes"]) == ("web-server-1", "protected", 2)
    group = run("protection-group", "show", "web")
    assert [member["name"] for member in group["members"]] == ["web-server-1"]
    assert group["status"] == "active"

    operations = [
        run("consistency-group", "sync", "web"),
        run("test-failover", "web", "--retain-primary", *THERE),
        run("test-cleanup", "web"),
        run("failover", "web", *THERE),
    ]
    group = run("protection-group", "show", "web")
    assert (group["status"], group["current_primary_site"]) == ("failed_over", "site-b")
    operations.append(run("failback", "web", *BACK))
    group = run("protection-group", "show", "web")
    assert (group["status"], group["current_primary_site"]) == ("active", "site-a")

    kinds = ["sync", "test_failover", "test_cleanup", "failover", "failback"]
    assert [operation["operation_type"] for operation in operations] == kinds
    for operation in operations:
        assert (operation["status"], operation["progress"], operation["instances_failed"]) == ("completed", 100, 0)
        assert 0 <= operation["predicted_p50_seconds"] <= operation["predicted_p95_seconds"]
        assert operation["elapsed_seconds"] >= 0
        assert operation["remaining_seconds"] is None
    listed = run("operation", "list")
    assert [operation["id"] for operation in listed] == [operation["id"] for operation in reversed(operations)]


def test_dry_run_prints_the_plan_and_changes_nothing(deployment: MockDeployment, protected: Engine) -> None:
    before = snapshot(deployment)
    text = run_osc("protector", "failover", "prod-web", *THERE, "--dry-run")
    assert text.code == 0, text.err
    plan = Plan.from_json(run_osc("protector", "failover", "prod-web", *THERE, "--dry-run", "-f", "json").out)
    assert text.out.rstrip("\n") == plan.to_text().rstrip("\n")
    assert plan.kind == "planned_failover"
    assert plan.hash == protected.plan_failover("prod-web", networks=NETWORKS).hash
    assert snapshot(deployment) == before


def test_dry_run_of_a_blocked_plan_exits_with_1(protected: Engine) -> None:
    done = run_osc("protector", "failover", "prod-web", "--dry-run")
    assert done.code == 1
    assert "net-primary-web" in done.out
    assert "--network-mapping" in done.out


def test_plan_show_is_the_plan_that_was_accepted(protected: Engine) -> None:
    operation = run_osc("protector", "failover", "prod-web", *THERE, "--long", "-f", "json").json
    plan = Plan.from_json(run_osc("protector", "plan", "show", operation["id"], "-f", "json").out)
    assert plan.hash == operation["plan_hash"]
    assert run_osc("dr", "plan", "show", operation["id"]).out.startswith(plan.to_text()[:40])


def test_os_cloud_names_the_site_without_a_clouds_yaml(
    deployment: MockDeployment, protected: Engine, monkeypatch
) -> None:
    def local_site(*options: str) -> str:
        return run_osc(*options, "dr", "protection-group", "sync-status", "prod-web", "-f", "json").json["local_site"]

    assert local_site() == "site-a"
    assert local_site("--os-cloud", "site-b") == "site-b"
    monkeypatch.setenv("OS_CLOUD", "site-b")
    assert local_site() == "site-b"
    assert local_site("--os-cloud", "site-a") == "site-a"
    monkeypatch.setenv("OS_SECONDARY_CLOUD", "site-a")
    assert local_site() == "site-b"


def test_os_cloud_of_a_clouds_yaml_still_counts(deployment: MockDeployment, monkeypatch) -> None:
    clouds = deployment.directory / "clouds.yaml"
    clouds.write_text("clouds:\n  site-b:\n    auth: {auth_url: 'http://nowhere'}\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
    assert run_osc("--os-cloud", "site-b", "protector", "site", "list").code == 0


def test_other_commands_still_insist_on_a_known_cloud(deployment: MockDeployment) -> None:
    done = run_osc("--os-cloud", "site-b", "server", "list")
    assert done.code == 1
    assert "site-b" in done.err


def test_unknown_site_in_os_cloud(deployment: MockDeployment) -> None:
    done = run_osc("--os-cloud", "site-x", "protector", "site", "list")
    assert done.code == 1
    assert "site-x" in done.err
    assert "What to do:" in done.err


def test_configuration_file_on_the_command_line_wins(deployment: MockDeployment, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(tmp_path / "absent.conf"))
    assert run_osc("protector", "site", "list").code == 1
    assert run_osc("--protector-config-file", str(deployment.config_file), "protector", "site", "list").code == 0


def test_force_means_unplanned_from_the_surviving_site(deployment: MockDeployment, protected: Engine) -> None:
    deployment.set_site("site-a", available=False)
    refused = run_osc("--os-cloud", "site-b", "dr", "failover", "prod-web", *THERE)
    assert refused.code == 1
    done = run_osc(
        "--os-cloud", "site-b", "dr", "failover", "prod-web", *THERE, "--force", "--reason", "fire", "-f", "json"
    )
    assert (done.json["status"], done.json["failover_type"]) == ("completed", "unplanned")
    plan = deployment.engine("site-b").operation_plan(done.json["id"])
    assert "fire" in plan.json


def test_an_edit_while_the_peer_is_down_is_refused(deployment: MockDeployment, protected: Engine) -> None:
    deployment.set_site("site-b", available=False)
    done = run_osc("protector", "protection-group", "policy-create", "prod-web", "--rpo-minutes", "20")
    assert done.code == 1
    assert "Peer site unreachable" in done.err
    assert protected.policy_show("prod-web").rpo_minutes == 15


def test_long_operations_report_on_stderr_line_by_line(protected: Engine) -> None:
    done = run_executable("openstack", "protector", "failover", "prod-web", *THERE, "--wait")
    assert done.code == 0, done.err
    percents = [int(line[:3]) for line in done.err.splitlines() if line[3:4] == "%"]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert not CONTROL.search(done.err)
    assert columns(done.out)[:4] == ["operation_type", "status", "progress", "instances_failed"]


def test_without_wait_the_command_is_silent_and_the_work_done(protected: Engine) -> None:
    done = run_osc("protector", "failover", "prod-web", *THERE)
    assert done.code == 0
    assert "%" not in done.err
    assert protected.protection_group_show("prod-web").status == "failed_over"


def test_an_operation_that_fails_exits_with_1(deployment: MockDeployment, protected: Engine) -> None:
    def lose_the_site(event: Event) -> None:
        if event.title.startswith("clone") and event.state == "done":
            deployment.set_site("site-b", available=False)

    operation = protected.failover("prod-web", networks=NETWORKS, progress=lose_the_site)
    assert operation.status == "failed"
    watched = run_osc("protector", "operation", "watch", operation.id, "-f", "json")
    assert (watched.code, json.loads(watched.out)["status"]) == (1, "failed")
    assert json.loads(watched.out)["error"]
    assert run_osc("protector", "operation", "show", operation.id).code == 0
    assert run_osc("protector", "operation", "resume", operation.id).code == 1
    deployment.set_site("site-b", available=True)
    assert run_osc("protector", "operation", "resume", operation.id, "-f", "json").json["status"] == "completed"


def test_operation_watch_of_a_finished_operation(protected: Engine) -> None:
    operation = protected.operation_list()[0]
    done = run_osc("protector", "operation", "watch", operation.id, "-f", "json")
    assert done.json["status"] == "completed"


def test_site_validate_exits_with_1_if_a_check_fails(deployment: MockDeployment) -> None:
    assert run_osc("protector", "site", "validate", "site-b").code == 0
    deployment.set_site("site-b", available=False)
    done = run_osc("protector", "site", "validate", "site-b", "-f", "json")
    assert done.code == 1
    matrix = json.loads(done.out)
    ends = {(check["from_site"], check["to_site"], check["service"]) for check in matrix}
    assert {("here", "site-b", "cloud"), ("here", "site-b", "array"), ("site-b", "site-a", "array link")} <= ends
    failed = [check for check in matrix if check["result"] == "failed"]
    assert {check["service"] for check in failed} >= {"cloud", "array"}
    assert all(check["remedy"] for check in failed)
    assert all(check["result"] == "unknown" for check in matrix if check["check"] in ("quota", "credentials", "clock"))
    # what the lost site does not answer counts against that one
    assert run_osc("protector", "site", "validate", "site-a").code == 0


def test_health(protected: Engine) -> None:
    (health,) = run_osc("dr", "health", "show", "-f", "json").json
    assert (health["protection_group"], health["rpo"]) == ("prod-web", "within")


def test_a_group_can_be_renamed_emptied_and_deleted(deployment: MockDeployment) -> None:
    protect(deployment)
    run = lambda *words: run_osc("protector", *words)  # noqa: E731
    assert run("protection-group", "update", "prod-web", "--name", "web", "--description", "new").code == 0
    assert run("protection-group", "show", "web", "-f", "json").json["description"] == "new"
    assert run("member", "remove", "web", "--instance-id", deployment.server_id("web-server-1")).code == 0
    assert run("member", "list", "web", "-f", "json").json == []
    assert run("protection-group", "delete", "web").code == 0
    assert run("protection-group", "list", "-f", "json").json == []


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("protection-group show prod-wbe", "Did you mean: prod-web?"),
        ("failover prodweb --dry-run", "Did you mean: prod-web?"),
        ("operation show {operation}0", "Did you mean: {operation}?"),
        ("protection-group show nothing-like-it", None),
    ],
)
def test_a_name_that_is_not_there_is_compared_with_those_that_are(
    protected: Engine, words: str, hint: str | None
) -> None:
    operation = protected.operation_list()[0].id
    done = run_osc("protector", *words.format(operation=operation).split())
    assert done.code == 1
    lines = done.err.splitlines()
    assert "does not exist" in done.err
    found = [line for line in lines if line.startswith("Did you mean")]
    assert found == ([] if hint is None else [hint.format(operation=operation)])
    assert lines[-1].startswith("What to do: ")
