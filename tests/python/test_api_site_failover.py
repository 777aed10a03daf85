"""Everything that runs on a site moves, by the API and a worker: in order of priority, call by call."""

from __future__ import annotations

from typing import Any

import pytest
from api_client import GROUP, Stage, refusal
from conftest import NETWORKS, tokens

from protector.api.resources.site_failover import is_stopped
from protector.values import Operation

PLAN, ACTION = "/v1/admin/sites/site-a/plan", "/v1/admin/sites/site-a/action"
FAILOVER = {"failover": {"networks": NETWORKS}}


@pytest.fixture
def two_groups(protected_stage: Stage) -> Stage:
    """``prod-web`` at priority 5 and ``payments`` at 1."""
    stage, engine = protected_stage, protected_stage.engine
    assert stage.owner.call("POST", "{p}", {"protection_group": GROUP | {"name": "payments"}}).status_code == 201
    engine.policy_create("payments", replication_interval=300, rpo_minutes=15, **tokens(stage.deployment))
    engine.member_add("payments", stage.deployment.server_id("db-server-1"))
    engine.protection_group_update("prod-web", priority=5)
    engine.protection_group_update("payments", priority=1)
    for group in ("prod-web", "payments"):
        assert engine.sync(group).completed
    return stage


def act(stage: Stage, **options: Any) -> list[tuple[str, str]]:
    """What became of each group."""
    answer = stage.admin.call("POST", ACTION, {"failover": {"networks": NETWORKS, **options}})
    assert answer.status_code == 202, answer.text
    assert answer.json["site_failover"]["site"] == "site-a"
    return [(each["protection_group"], each["state"]) for each in answer.json["site_failover"]["groups"]]


def run(stage: Stage, group: str) -> Operation:
    """What ``protector-engine`` does."""
    operation = stage.engine.protection_group_show(group).operation_id
    assert operation is not None
    return stage.engine.run(operation)


def test_a_plan_changes_nothing(two_groups: Stage) -> None:
    plan = two_groups.admin.call("POST", PLAN, FAILOVER).json["plan"]
    assert [(each["group"], each["priority"]) for each in plan["groups"]] == [("payments", 1), ("prod-web", 5)]
    assert {each["work"]["move"]["kind"] for each in plan["groups"]} == {"planned_failover"}
    assert {each.operation_type for each in two_groups.engine.operation_list()} == {"sync"}
    # by id, as the documents have it
    identity = two_groups.admin.get("/v1/admin/sites/site-a")["site"]["id"]
    by_id = two_groups.admin.call("POST", f"/v1/admin/sites/{identity}/plan", FAILOVER)
    assert by_id.json["plan"]["site"] == "site-a"


def test_groups_move_by_priority(two_groups: Stage) -> None:
    assert act(two_groups) == [("payments", "accepted"), ("prod-web", "waiting")]
    assert act(two_groups) == [("payments", "under_way"), ("prod-web", "waiting")]
    assert run(two_groups, "payments").completed
    assert act(two_groups) == [("prod-web", "accepted")]
    assert run(two_groups, "prod-web").completed
    assert act(two_groups) == []


def test_what_failed_keeps_no_other_group_from_moving(two_groups: Stage) -> None:
    deployment = two_groups.deployment
    assert act(two_groups)[0] == ("payments", "accepted")
    deployment.set_site("site-b", available=False)
    assert run(two_groups, "payments").status == "failed"
    deployment.set_site("site-b", available=True)
    answer = two_groups.admin.call("POST", ACTION, FAILOVER)
    stopped, moving = answer.json["site_failover"]["groups"]
    assert (stopped["state"], moving["state"]) == ("stopped", "accepted")
    assert stopped["error"]
    assert stopped["operation_id"].startswith("op-")


def test_a_group_that_is_refused_keeps_no_other_from_moving(two_groups: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = two_groups.engine
    accept = type(engine).accept

    def refuse(engine: Any, plan: Any) -> Operation:
        if plan.group_name == "payments":
            engine.protection_group_show("nothing")
        return accept(engine, plan)

    monkeypatch.setattr(type(engine), "accept", refuse)
    assert act(two_groups) == [("payments", "refused"), ("prod-web", "accepted")]


def test_a_blocked_group_stops_all_unless_it_is_skipped(two_groups: Stage) -> None:
    two_groups.engine.protection_group_update("prod-web", networks=NETWORKS)
    error = refusal(two_groups.admin.call("POST", ACTION, {"failover": {}}), 409, "plan_blocked")
    assert "1 of 2 groups on site-a are blocked:\n'payments' (priority 1): " in error["message"]
    assert {each.operation_type for each in two_groups.engine.operation_list()} == {"sync"}
    assert act(two_groups, networks={}, skip_blocked=True) == [("payments", "blocked"), ("prod-web", "accepted")]


def test_it_is_for_administrators_and_never_forced_by_itself(two_groups: Stage) -> None:
    for path in (PLAN, ACTION):
        refusal(two_groups.owner.call("POST", path, FAILOVER), 403, "not_allowed")
        refusal(two_groups.admin.call("POST", path, {"failover": {"force": True}}), 400, "invalid_request")
        refusal(two_groups.admin.call("POST", path, {"failback": {}}), 400, "invalid_request")
        refusal(two_groups.admin.call("POST", path, FAILOVER, version="1.2"), 404, "not_found")
    refusal(two_groups.admin.call("POST", PLAN, {"failover": {"skip_blocked": True}}), 400, "invalid_request")
    assert {each.operation_type for each in two_groups.engine.operation_list()} == {"sync"}


@pytest.mark.parametrize(
    ("status", "stop", "stopped"),
    [
        ("pending", None, False),
        ("running", None, False),
        ("running", "stopping: cancel requested by x", False),
        ("interrupted", None, False),
        ("interrupted", "stopped: cancel requested by x", True),
        ("failed", None, True),
    ],
)
def test_what_waits_for_people(two_groups: Stage, status: str, stop: str | None, stopped: bool) -> None:
    some = two_groups.engine.operation_list()[0].to_dict()
    assert is_stopped(Operation.from_dict(some | {"status": status, "stop": stop})) == stopped
