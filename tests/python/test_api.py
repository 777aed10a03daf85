"""The API over HTTP, request by request, in this process: refusals, bodies, versions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_client import GROUP, Stage, refusal
from conftest import DATA

from protector.api.errors import STATUS
from protector.exceptions import BY_CODE, PeerUnreachable, from_code

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
        ("protector latest", "1.3"),
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
        ("protector 1.4", 406, "version_not_offered"),
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
    assert status != 406 or "1.0 to 1.3" in error["message"]


def test_versions_are_told_to_everybody(stage: Stage) -> None:
    for path in ("/", "/v1", "/v1/"):
        answer = stage.owner.call("GET", path, headers={"X-Identity-Status": "Invalid"})
        (version,) = answer.json["versions"]
        assert (version["min_version"], version["version"]) == ("1.0", "1.3")


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
