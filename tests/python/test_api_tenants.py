"""Projects and rules in the API: who sees what, and who may do it."""

from __future__ import annotations

import json
from typing import Any

from api_client import GROUP, OWNER, Stage, refusal

from protector.api.calls import CALLS
from protector.testing import MockDeployment

#: Paths of a group, as its owner asks for them.
OF_GROUP = [call for call in CALLS if "{protection_group}" in call.path]


def test_a_stranger_cannot_tell_a_group_from_none(protected_stage: Stage) -> None:
    group = protected_stage.owner.get("{p}/prod-web")["protection_group"]
    bodies: dict[str, Any] = {
        "protection_groups:update": {"protection_group": {"description": "mine"}},
        "protection_groups:plan": {"sync": {}},
        "protection_groups:action": {"sync": {}},
        "members:create": {"member": {"instance_id": "x"}},
        "members:update": {"member": {"tier": 2}},
        "policies:update": {"policy": {"rpo_minutes": 60}},
        "divergences:discard": {"discard": {"reason": "mine"}},
        "protection_groups:plan_reconcile": {"reconcile": {"winner": "site-a"}},
        "protection_groups:reconcile": {"reconcile": {"winner": "site-a", "hash": "0" * 64}},
        "mappings:update": {"mapping": {"suggested": True}},
    }
    before = protected_stage.engine.protection_group_show("prod-web")
    assert len(OF_GROUP) > 20
    for call in OF_GROUP:
        told = []
        for name in (group["name"], group["id"], "never-there"):
            path = call.path.format(project_id="other", protection_group=name, member="m", divergence="d")
            answer = protected_stage.stranger.call(call.method, path, bodies.get(call.name))
            assert answer.status_code == 404, (call.name, answer.text)
            error = answer.json["error"]
            told.append((error["message"].replace(name, "…"), error["remedy"], error["details"]))
        assert told[0] == told[1] == told[2], call.name
    assert protected_stage.engine.protection_group_show("prod-web") == before
    assert protected_stage.stranger.get("{p}") == {"protection_groups": []}
    assert protected_stage.stranger.get("/v1/health")["health"]["details"] == []


def test_operations_belong_to_the_project_of_their_group(protected_stage: Stage) -> None:
    owner, stranger, admin = protected_stage.owner, protected_stage.stranger, protected_stage.admin
    operation = owner.call("POST", "{p}/prod-web/action", {"sync": {}}).json["operation"]["id"]
    assert protected_stage.engine.run(operation).completed
    for path in (f"/v1/other/operations/{operation}", f"/v1/other/operations/{operation}/plan"):
        refusal(stranger.call("GET", path), 404, "not_found")
    stop = stranger.call("POST", f"/v1/other/operations/{operation}/action", {"abort": {}})
    refusal(stop, 404, "not_found")
    assert stranger.get("/v1/other/operations") == {"operations": []}

    # a group of the same name does not inherit what another one of that name did
    server = protected_stage.deployment.server_id("web-server-1")
    assert owner.call("DELETE", f"{{p}}/prod-web/members/{server}").status_code == 204
    assert owner.call("DELETE", "{p}/prod-web").status_code == 204
    assert stranger.call("POST", "{p}", {"protection_group": GROUP}).status_code == 201
    refusal(stranger.call("GET", f"/v1/other/operations/{operation}"), 404, "not_found")
    assert stranger.get("/v1/other/operations") == {"operations": []}
    assert admin.get(f"/v1/web/operations/{operation}")["operation"]["status"] == "completed"
    assert len(admin.get("/v1/service/operations?all_projects=true")["operations"]) == 1


def test_a_name_is_taken_within_a_project_only(protected_stage: Stage) -> None:
    owner, stranger = protected_stage.owner, protected_stage.stranger
    assert stranger.call("POST", "{p}", {"protection_group": GROUP}).status_code == 201
    own, other = (each.get("{p}/prod-web")["protection_group"] for each in (owner, stranger))
    assert (own["project_id"], other["project_id"]) == (OWNER, "other")
    refusal(owner.call("POST", "{p}", {"protection_group": GROUP}), 409, "already_exists")


def test_an_administrator_sees_every_project(protected_stage: Stage) -> None:
    admin = protected_stage.admin
    assert admin.get("{p}") == {"protection_groups": []}
    assert [group["name"] for group in admin.get("{p}?all_projects=true")["protection_groups"]] == ["prod-web"]
    assert admin.get("/v1/web/protection-groups/prod-web")["protection_group"]["project_id"] == OWNER
    assert admin.get("/v1/health")["health"]["protection_groups"][0]["protection_group"] == "prod-web"
    assert [site["name"] for site in admin.get("/v1/admin/sites")["sites"]] == ["site-a", "site-b"]


def test_a_token_without_a_project_owns_nothing(protected_stage: Stage) -> None:
    """The rules compare texts, and what is missing would be the project "None"."""
    unscoped = protected_stage.without_project
    for path in ("/v1/None/protection-groups", "/v1/None/operations", "/v1/health"):
        refusal(unscoped.call("GET", path), 403, "not_allowed")
    refusal(unscoped.call("POST", "/v1/None/protection-groups", {"protection_group": GROUP}), 403, "not_allowed")


def test_a_policy_file_decides(deployment: MockDeployment) -> None:
    rules = {"protector:protection_groups:index": "role:auditor", "protector:sites:show": "rule:admin_or_owner"}
    (deployment.directory / "policy.yaml").write_text(json.dumps(rules))
    owner = Stage(deployment).owner
    error = refusal(owner.call("GET", "{p}"), 403, "not_allowed")
    assert "protector:protection_groups:index" in error["message"]
    assert owner.call("GET", "/v1/web/operations").status_code == 200


def test_programs_and_foreign_array_groups_are_for_administrators(protected_stage: Stage) -> None:
    """A boot check that is a program runs on the machine of the service."""
    server = protected_stage.deployment.server_id("web-server-1")
    check = {"member": {"boot_check": {"kind": "command", "program": "/bin/true"}}}
    path = f"/v1/web/protection-groups/prod-web/members/{server}"
    error = refusal(protected_stage.owner.call("PUT", path, check), 403, "not_allowed")
    assert "protector:members:command_check" in error["message"]
    assert protected_stage.admin.call("PUT", path, check).json["member"]["boot_check"]["program"] == "/bin/true"
    adopt = protected_stage.owner.call("PUT", "{p}/prod-web/policy", {"policy": {"adopt": True}})
    assert "protector:policies:adopt" in refusal(adopt, 403, "not_allowed")["message"]
