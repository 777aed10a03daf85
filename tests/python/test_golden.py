"""The golden data that Rust, C and Python share: plan hashes of the drill, and plans for given facts, to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import DATA, NETWORKS, run_osc

import protector
from protector.testing import MockDeployment

DRILL = [(step["kind"], step["hash"]) for step in json.loads((DATA / "drill.json").read_text(encoding="utf-8"))]
PLANS = sorted((DATA / "plans").glob("*.json"))
GROUP = "drill-web-app"


def drilled(kinds_and_operations: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    assert [status for _, _, status in kinds_and_operations] == ["completed"] * len(DRILL)
    return [(kind, plan_hash) for kind, plan_hash, _ in kinds_and_operations]


def test_the_drill_in_python(deployment: MockDeployment) -> None:
    engine = deployment.engine()
    engine.protection_group_create(
        GROUP,
        replication_type="async",
        primary_site="site-a",
        secondary_site="site-b",
        volume_type="replicated-ssd",
    )
    engine.policy_create(GROUP, pure_pg_name=f"mock-pg-{GROUP}", replication_interval=300, rpo_minutes=15)
    engine.member_add(GROUP, deployment.server_id("web-server-1"))
    done = []
    for plan in (
        lambda: engine.plan_sync(GROUP),
        lambda: engine.plan_test_failover(GROUP, networks=NETWORKS),
        lambda: engine.plan_test_cleanup(GROUP),
        lambda: engine.plan_failover(GROUP, networks=NETWORKS),
        lambda: engine.plan_failback(GROUP),
    ):
        made = plan()
        ended = engine.run(engine.accept(made).id)
        assert ended.plan_hash == made.hash
        done.append((made.kind, made.hash, ended.status))
    assert drilled(done) == DRILL


def test_the_drill_in_commands(deployment: MockDeployment) -> None:
    def run(line: str) -> dict[str, Any]:
        shown: dict[str, Any] = run_osc("protector", *line.split(), "-f", "json").json
        return shown

    run(
        f"protection-group create --name {GROUP} --replication-type async --primary-site site-a "
        "--secondary-site site-b --volume-type replicated-ssd"
    )
    run(f"policy create {GROUP} --pure-pg-name mock-pg-{GROUP} --replication-interval 300 --rpo-minutes 15")
    run(f"member add {GROUP} --instance-id {deployment.server_id('web-server-1')}")
    there = "--network-mapping net-primary-web=net-secondary-web"
    done = []
    for line in (
        f"consistency-group sync {GROUP}",
        f"test-failover {GROUP} --retain-primary {there}",
        f"test-cleanup {GROUP}",
        f"failover {GROUP} {there}",
        f"failback {GROUP}",
    ):
        shown = run(f"{line} --long")
        kind = deployment.engine().operation_plan(shown["id"]).kind
        done.append((kind, shown["plan_hash"], shown["status"]))
    assert drilled(done) == DRILL


@pytest.mark.parametrize("file", PLANS, ids=lambda file: file.stem)
def test_plan(file: Path) -> None:
    """I-24: the same facts give the same plan, to the byte, in every language."""
    case = json.loads(file.read_text(encoding="utf-8"))
    plan = protector.plan(case["facts"], case["request"])
    assert plan.to_dict() == case["plan"]
    assert plan.hash == case["plan"]["hash"]
    assert plan.acceptable == ("blocked" not in file.stem)
    assert protector.plan(json.dumps(case["facts"]), json.dumps(case["request"])).json == plan.json


def test_plans_of_every_kind_are_read() -> None:
    kinds: dict[bool, set[str]] = {True: set(), False: set()}
    for file in PLANS:
        plan = protector.Plan.from_dict(json.loads(file.read_text(encoding="utf-8"))["plan"])
        kinds[plan.acceptable].add(plan.kind)
    every = {"sync", "test_failover", "test_cleanup", "planned_failover", "unplanned_failover"}
    every |= {"failback", "reprotect", "commit", "retry_failed"}
    assert kinds == {True: every, False: every}


def test_plan_of_a_site(deployment: MockDeployment) -> None:
    engine = deployment.engine()
    for group, server, array_group, priority in (
        (GROUP, "web-server-1", f"mock-pg-{GROUP}", 0),
        ("payments", "db-server-1", "pg-payments", 1),
    ):
        engine.protection_group_create(
            group,
            replication_type="async",
            primary_site="site-a",
            secondary_site="site-b",
            volume_type="replicated-ssd",
            priority=priority,
        )
        engine.policy_create(group, pure_pg_name=array_group, replication_interval=300, rpo_minutes=15)
        engine.member_add(group, deployment.server_id(server))
        assert engine.sync(group).completed
        if group == GROUP:
            engine.protection_group_update(GROUP, priority=5)
    plan = engine.plan_site_failover("site-a", networks=NETWORKS)
    assert json.loads(plan.json) == json.loads((DATA / "site_failover.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["planned_failover", "large"])
def test_graph(name: str) -> None:
    if name == "large":
        plan = protector.Plan.from_json((DATA / "graphs/large.json").read_text(encoding="utf-8"))
    else:
        plan = protector.Plan.from_dict(json.loads((DATA / f"plans/{name}.json").read_text(encoding="utf-8"))["plan"])
    drawn = {"mmd": plan.to_mermaid(), "dot": plan.to_dot(), "svg": plan.to_svg()}
    for extension, text in drawn.items():
        assert text == (DATA / f"graphs/{name}.{extension}").read_text(encoding="utf-8")
