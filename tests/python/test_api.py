"""The API, request by request, in this process."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from api_client import OWNER, Stage, refusal
from conftest import DATA, NETWORKS

from protector.api.calls import CALLS
from protector.api.errors import STATUS
from protector.exceptions import BY_CODE, PeerUnreachable, from_code
from protector.testing import MockDeployment
from protector.values import Operation
from protector.worker import decide

TOKEN = "T-planted-0123-4567"
GROUP = {
    "name": "prod-web",
    "replication_type": "async",
    "primary_site": "site-a",
    "secondary_site": "site-b",
    "volume_type": "replicated-ssd",
}
#: Paths of a group, as its owner asks for them.
OF_GROUP = [call for call in CALLS if "{protection_group}" in call.path]


@pytest.fixture
def stage(deployment: MockDeployment) -> Stage:
    return Stage(deployment)


@pytest.fixture
def protected_stage(stage: Stage) -> Stage:
    """With the group ``prod-web`` of the project ``web``, which has a policy and a member."""
    owner = stage.owner
    assert owner.call("POST", "{p}", {"protection_group": GROUP}).status_code == 201
    policy = {"replication_interval": 300, "rpo_minutes": 15}
    assert owner.call("PUT", "{p}/prod-web/policy", {"policy": policy}).status_code == 200
    member = {"instance_id": stage.deployment.server_id("web-server-1"), "tier": 1}
    assert owner.call("POST", "{p}/prod-web/members", {"member": member}).status_code == 201
    return stage


# ------------------------------------------------------------------------------------------------------------ errors


def test_each_kind_of_error_has_one_status() -> None:
    kinds = json.loads((DATA / "errors.json").read_text(encoding="utf-8"))
    assert set(STATUS) == {kind["code"] for kind in kinds} == set(BY_CODE)
    retryable = {kind["code"] for kind in kinds if kind["retryable"]}
    assert {STATUS[code] for code in retryable} == {503, 504}
    # a rejected credential of an array is no reason for the caller to ask for a new token
    assert not set(STATUS.values()) & {401, 403}


@pytest.mark.parametrize("code", STATUS)
def test_error(stage: Stage, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    def refuse(_engine: object, **_page: object) -> None:
        error = from_code(code, "array 'a' says no", "look at it")
        error.details["findings"] = [1]
        raise error

    monkeypatch.setattr(type(stage.engine), "protection_group_list", refuse)
    answer = stage.owner.call("GET", "{p}")
    error = refusal(answer, STATUS[code], code)
    assert (error["message"], error["remedy"]) == ("array 'a' says no", "look at it")
    assert error["details"] == {"findings": [1]}
    assert error["retryable"] == BY_CODE[code].retryable == ("retry-after" in answer.headers)


def test_a_defect_is_logged_and_not_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(type(stage.engine), "protection_group_list", lambda _engine, **_page: 1 / 0)
    answer = stage.owner.call("GET", "{p}")
    error = refusal(answer, 500, "internal")
    assert "division" not in answer.text
    assert "division by zero" in caplog.text
    assert error["request_id"].startswith("req-")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1/web/nothing", 404, "not_found"),
        ("PATCH", "{p}", 405, "method_not_allowed"),
        ("GET", "{p}/none", 404, "not_found"),
        ("GET", "/v1/web/operations/op-none", 404, "not_found"),
        ("GET", "{p}?limit=0", 400, "invalid_request"),
        ("GET", "{p}?limit=two", 400, "invalid_request"),
        ("GET", "{p}?limit=1&limit=2", 400, "invalid_request"),
        ("GET", "{p}?marker=none", 400, "invalid_request"),
        ("GET", "{p}?nmae=x", 400, "invalid_request"),
        ("GET", "{p}?all_projects=true", 403, "not_allowed"),
        ("GET", "/v1/other/protection-groups", 403, "not_allowed"),
        ("GET", "/v1/admin/sites", 403, "not_allowed"),
        ("POST", "{p}", 400, "invalid_request"),
    ],
)
def test_refusal(stage: Stage, method: str, path: str, status: int, code: str) -> None:
    answer = stage.owner.call(method, path, {} if method == "POST" else None)
    refusal(answer, status, code)
    if status == 405:
        assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"protection_group": {}}', "text/plain", 415),
        (b'{"protection_group": {}}', "", 415),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b'{"protection_group": {"name": NaN}}', "application/json", 400),
        (b" " * 200_000, "application/json", 413),
        (b"[]", "application/json; charset=utf-8", 400),
    ],
)
def test_body_that_is_none(stage: Stage, body: bytes, content_type: str, status: int) -> None:
    answer = stage.owner.call("POST", "{p}", body, headers={"Content-Type": content_type})
    assert answer.status_code == status, answer.text
    assert answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"name": ""}, "protection_group.name"),
        ({"name": "a\nb"}, "protection_group.name"),
        ({"priority": -1}, "protection_group.priority = -1"),
        ({"priority": 1.5}, "protection_group.priority = 1.5"),
        ({"replication_type": "both"}, 'protection_group.replication_type = "both"'),
        ({"project_id": "other"}, "project_id"),
        ({"volume_type": None}, "protection_group.volume_type = null"),
        ({"volume_type": "standard-ssd"}, "Volume type does not support replication"),
        ({"secondary_site": "site-a"}, "site-a"),
    ],
)
def test_a_refused_field_is_named(stage: Stage, change: dict[str, Any], names: str) -> None:
    answer = stage.owner.call("POST", "{p}", {"protection_group": GROUP | change})
    assert answer.status_code == 400, answer.text
    assert names in answer.json["error"]["message"]
    assert stage.owner.get("{p}") == {"protection_groups": []}


def test_peer_that_does_not_answer(protected_stage: Stage) -> None:
    protected_stage.deployment.set_site("site-b", available=False)
    answer = protected_stage.owner.call("PUT", "{p}/prod-web", {"protection_group": {"description": "x"}})
    refusal(answer, STATUS[PeerUnreachable.code], "peer_unreachable")
    assert answer.headers["retry-after"]


# ---------------------------------------------------------------------------------------------------------- versions


@pytest.mark.parametrize(
    ("header", "answered"),
    [
        (None, "1.0"),
        ("protector 1.0", "1.0"),
        ("protector 1.2", "1.2"),
        ("protector latest", "1.2"),
        ("compute 2.95, protector 1.1", "1.1"),
        ("compute 2.95", "1.0"),
    ],
)
def test_version(stage: Stage, header: str | None, answered: str) -> None:
    headers = {} if header is None else {"OpenStack-API-Version": header}
    answer = stage.owner.call("GET", "{p}", version=None, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["openstack-api-version"] == f"protector {answered}"
    assert "OpenStack-API-Version" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        ("protector 0.9", 406, "version_not_offered"),
        ("protector 1.3", 406, "version_not_offered"),
        ("protector 2.0", 406, "version_not_offered"),
        ("protector", 400, "invalid_request"),
        ("protector one", 400, "invalid_request"),
        ("compute", 400, "invalid_request"),
        ("", 400, "invalid_request"),
        ("protector 1", 400, "invalid_request"),
        ("protector 1.0, protector 1.1", 400, "invalid_request"),
    ],
)
def test_version_that_is_refused(stage: Stage, header: str, status: int, code: str) -> None:
    answer = stage.owner.call("GET", "{p}", version=None, headers={"OpenStack-API-Version": header})
    error = refusal(answer, status, code)
    assert "OpenStack-API-Version" in answer.headers["vary"]
    assert status != 406 or "1.0 to 1.2" in error["message"]


def test_versions_are_told_to_everybody(stage: Stage) -> None:
    for path in ("/", "/v1", "/v1/"):
        answer = stage.owner.call("GET", path, headers={"X-Identity-Status": "Invalid"})
        (version,) = answer.json["versions"]
        assert (version["min_version"], version["version"]) == ("1.0", "1.2")


def test_what_a_later_version_brought(protected_stage: Stage) -> None:
    owner = protected_stage.owner
    assert owner.call("POST", "{p}/prod-web/plan", {"sync": {}}, version="1.0").status_code == 404
    assert owner.call("POST", "{p}/prod-web/plan", {"sync": {}}, version="1.1").json["plan"]["kind"] == "sync"
    old, new = (owner.get("/v1/health", version=version)["health"] for version in ("1.1", "1.2"))
    assert set(old) == {"site", "protection_groups"}
    assert new["details"][0]["rpo"] == "never"
    assert [site["checks"]["array"] for site in new["sites"]] == ["ok", "ok"]
    assert new["components"]["protector-engine"] == "unknown"
    protected_stage.engine.record_worker(interval=2)
    assert owner.get("/v1/health", version="1.2")["health"]["components"]["protector-engine"] == "ok"
    protected_stage.engine.record_worker(interval=2, stopped=True)
    assert owner.get("/v1/health", version="1.2")["health"]["components"]["protector-engine"] == "failed"


# ----------------------------------------------------------------------------------------------------------- tenants


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
    }
    before = protected_stage.engine.protection_group_show("prod-web")
    assert len(OF_GROUP) > 15
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


# ------------------------------------------------------------------------------------------------- what it is there for


def test_life_of_a_group(protected_stage: Stage) -> None:
    owner = protected_stage.owner
    server = protected_stage.deployment.server_id("web-server-1")
    change = {"description": "shop", "priority": 3, "networks": NETWORKS}
    assert owner.call("PUT", "{p}/prod-web", {"protection_group": change}).status_code == 200
    group = owner.get("{p}/prod-web")["protection_group"]
    assert (group["description"], group["priority"], group["mappings"]["networks"]) == ("shop", 3, NETWORKS)
    assert owner.get(f"{{p}}/{group['id']}")["protection_group"] == group

    member = {"tier": 2, "boot_check": {"kind": "tcp", "port": 443}, "start_timeout_seconds": 60}
    changed = owner.call("PUT", f"{{p}}/prod-web/members/{server}", {"member": member}).json["member"]
    assert (changed["tier"], changed["boot_check"]["port"], changed["start_timeout_seconds"]) == (2, 443, 60)
    nothing = {"boot_check": None, "start_timeout_seconds": None}
    changed = owner.call("PUT", f"{{p}}/prod-web/members/{server}", {"member": nothing}).json["member"]
    assert (changed["tier"], changed["boot_check"], changed["start_timeout_seconds"]) == (2, None, None)

    assert owner.get("{p}/prod-web/sync-status")["sync_status"]["sync_status"] == "IN SYNC"
    assert owner.call("POST", "{p}/prod-web/sync-status").json["sync_status"]["sync_status"] == "IN SYNC"
    assert owner.get("{p}/prod-web/consistency-group")["consistency_group"]["volume_count"] == 2
    assert owner.get("{p}/prod-web/policy")["policy"]["rpo_minutes"] == 15
    assert owner.get("{p}/prod-web/divergences") == {"divergences": []}
    assert owner.call("DELETE", f"{{p}}/prod-web/members/{server}").status_code == 204
    gone = owner.call("DELETE", "{p}/prod-web")
    assert (gone.status_code, gone.content) == (204, b"")


def test_names_of_any_script(stage: Stage) -> None:
    project = "проект"
    answer = stage.admin.call("POST", f"/v1/{project}/protection-groups", {"protection_group": GROUP})
    assert answer.status_code == 201, answer.text
    assert answer.json["protection_group"]["project_id"] == project
    assert stage.admin.get(answer.headers["location"]) == answer.json


def test_sites(stage: Stage) -> None:
    admin = stage.admin
    made = admin.call("POST", "/v1/admin/sites", {"site": {"name": "site-c", "auth_url": "https://k:5000/v3"}})
    assert made.status_code == 201
    identity = made.json["site"]["id"]
    assert made.headers["location"] == f"/v1/admin/sites/{identity}"
    assert admin.get(f"/v1/admin/sites/{identity}")["site"]["name"] == "site-c"
    assert admin.call("DELETE", f"/v1/admin/sites/{identity}").status_code == 204
    assert admin.get("/v1/admin/sites/site-b/validation")["validation"]["valid"] is True
    kinds = admin.get("/v1/admin/sites/site-a/volume-types")["volume_types"]
    assert {kind["name"] for kind in kinds} == {"replicated-ssd", "standard-ssd"}


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


def test_pages(stage: Stage) -> None:
    for number in range(5):
        group = GROUP | {"name": f"g-{number}"}
        assert stage.owner.call("POST", "{p}", {"protection_group": group}).status_code == 201
    whole = [group["id"] for group in stage.owner.get("{p}")["protection_groups"]]
    assert len(whole) == 5
    seen, path = [], "{p}?limit=2"
    while path:
        page = stage.owner.get(path)
        assert len(page["protection_groups"]) <= 2
        seen += [group["id"] for group in page["protection_groups"]]
        path = next((link["href"] for link in page.get("protection_groups_links", [])), None)
    assert seen == whole
    # a page that ends with the list leads nowhere
    assert "protection_groups_links" not in stage.owner.get("{p}?limit=5")


def test_no_answer_and_no_log_has_a_token(protected_stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    owner = protected_stage.owner
    written = ""
    for token in (TOKEN, [TOKEN], {"t": TOKEN}, {TOKEN: 1}, TOKEN * 300, 1234567890123):
        policy = {
            "primary_fa_url": "https://flasharray-a.example.com",
            "primary_fa_api_token": token,
            "secondary_fa_url": "https://flasharray-b.example.com",
        }
        answer = owner.call("PUT", "{p}/prod-web/policy", {"policy": policy})
        assert answer.status_code == (200 if token == TOKEN else 400), answer.text
        written += answer.text
    written += owner.call("PUT", "{p}/prod-web/policy", {"policy": TOKEN}).text
    written += owner.call("PUT", "{p}/prod-web/policy", TOKEN).text
    written += owner.call("PUT", "{p}/prod-web/policy", f'{{"policy": {TOKEN}'.encode()).text
    assert owner.get("{p}/prod-web/policy")["policy"]["primary_fa_token_set"] is True
    for path in ("{p}", "{p}/prod-web", "{p}/prod-web/policy", "/v1/health", "/v1/web/operations"):
        written += owner.call("GET", path).text
    written += owner.call("POST", "{p}/prod-web/plan", {"failover": {"networks": NETWORKS}}).text
    assert TOKEN not in written + caplog.text
    assert "1234567890123" not in written + caplog.text
