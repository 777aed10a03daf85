"""Operations in the API: planned, accepted, looked at, stopped."""

from __future__ import annotations

from typing import Any

import pytest
from api_client import Stage, refusal
from conftest import NETWORKS

from protector.values import Operation
from protector.worker import decide


def test_an_action_is_accepted_and_not_executed(protected_stage: Stage) -> None:
    owner, engine = protected_stage.owner, protected_stage.engine
    answer = owner.call("POST", "{p}/prod-web/action", {"sync": {}})
    assert answer.status_code == 202, answer.text
    operation = answer.json["operation"]
    assert (operation["status"], operation["progress"], operation["steps_completed"]) == ("pending", 0, 0)
    assert answer.headers["location"] == f"/v1/web/operations/{operation['id']}"
    error = refusal(owner.call("POST", "{p}/prod-web/action", {"sync": {}}), 409, "plan_blocked")
    assert [finding["code"] for finding in error["details"]["findings"]] == ["operation_open"]

    path = f"/v1/web/operations/{operation['id']}"
    assert owner.get(f"{path}/plan")["plan"]["kind"] == "sync"
    refusal(owner.call("POST", f"{path}/action", {"cancel": {}}), 409, "precondition")
    asked = owner.call("POST", f"{path}/action", {"abort": {"reason": "not now"}})
    assert asked.status_code == 202, asked.text
    assert asked.json["operation"]["status"] == "pending"
    assert "abort requested by user user-of-web of project web" in asked.json["operation"]["stop"]
    assert engine.run(operation["id"]).status == "cancelled"
    assert owner.get(path)["operation"]["status"] == "cancelled"


def test_what_failed_is_put_back_for_the_worker(protected_stage: Stage) -> None:
    stage, engine = protected_stage, protected_stage.engine
    assert engine.sync("prod-web").completed
    action = {"failover": {"networks": NETWORKS}}
    operation = stage.owner.call("POST", "{p}/prod-web/action", action).json["operation"]["id"]
    path = f"/v1/web/operations/{operation}"
    stage.deployment.set_site("site-b", available=False)
    assert engine.run(operation).status == "failed"
    stage.deployment.set_site("site-b", available=True)
    before = stage.owner.get(path)["operation"]
    assert decide.to_execute([Operation.from_dict(before)], set(), set()) == []

    answer = stage.owner.call("POST", f"{path}/action", {"resume": {}})
    assert answer.status_code == 202, answer.text
    after = answer.json["operation"]
    assert (after["status"], after["steps_completed"]) == ("interrupted", before["steps_completed"])
    assert decide.to_execute([Operation.from_dict(after)], set(), set()) == [operation]
    assert engine.run(operation).finished_at is not None
    refusal(stage.owner.call("POST", f"{path}/action", {"resume": {}}), 409, "precondition")


@pytest.mark.parametrize(
    "action", [{}, {"explode": {}}, {"sync": {}, "commit": {}}, {"sync": {"force": True}}, {"failover": {"force": 1}}]
)
def test_action_that_is_none(protected_stage: Stage, action: dict[str, Any]) -> None:
    for path in ("{p}/prod-web/action", "{p}/prod-web/plan"):
        refusal(protected_stage.owner.call("POST", path, action), 400, "invalid_request")
    assert protected_stage.owner.get("/v1/web/operations") == {"operations": []}


def test_a_planned_failover_is_never_forced(protected_stage: Stage) -> None:
    action = {"failover": {"type": "planned", "force": True}}
    refusal(protected_stage.owner.call("POST", "{p}/prod-web/action", action), 400, "invalid_request")


def test_what_an_operation_came_to(protected_stage: Stage) -> None:
    owner = protected_stage.owner
    operation = protected_stage.engine.sync("prod-web").id
    path = f"/v1/web/operations/{operation}"
    report = owner.get(f"{path}/report")["report"]
    assert (report["headline"], report["journal"]["verified"]) == ("Sync completed", True)
    graph = owner.get(f"{path}/graph")["graph"]
    assert graph["format"] == "mermaid"
    assert graph["text"].startswith("flowchart LR")
    assert owner.get(f"{path}/graph?format=svg")["graph"]["text"].startswith("<svg")
    refusal(owner.call("GET", f"{path}/graph?format=png"), 400, "invalid_request")
    for what in ("report", "graph"):
        refusal(owner.call("GET", f"{path}/{what}", version="1.2"), 404, "not_found")
        refusal(protected_stage.stranger.call("GET", f"/v1/other/operations/{operation}/{what}"), 404, "not_found")
