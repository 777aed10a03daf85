"""Groups, members, policies, mappings and sites in the API."""

from __future__ import annotations

import logging

import planted
import pytest
from api_client import GROUP, Stage, refusal
from conftest import NETWORKS

from protector.testing import MockDeployment

TOKEN = planted.token("array")


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


def test_mappings(protected_stage: Stage) -> None:
    owner = protected_stage.owner
    shown = owner.get("{p}/prod-web/mapping")["mapping"]
    assert (shown["primary_site"], shown["secondary_site"]) == ("site-a", "site-b")
    assert not [row for row in shown["mappings"] if row["target"] or row["suggested"]]
    suggestion = owner.get("{p}/prod-web/mapping/suggestion")["mapping"]["mappings"]
    rows = {(row["kind"], row["source"]): row for row in suggestion}
    assert rows["security-group", "web"]["suggested"] == "web"

    wrong = owner.call("PUT", "{p}/prod-web/mapping", {"mapping": {"networks": {"net-primary-web": "no-such"}}})
    assert "site-b has no network 'no-such'" in refusal(wrong, 400, "invalid_request")["message"]
    assert owner.get("{p}/prod-web/mapping")["mapping"] == shown

    wanted = {"networks": NETWORKS, "security_groups": {"web": "web"}}
    stored = owner.call("PUT", "{p}/prod-web/mapping", {"mapping": wanted})
    assert stored.status_code == 200, stored.text
    targets = {row["source"]: row["target"] for row in stored.json["mapping"]["mappings"] if row["target"]}
    assert targets == {"net-primary-web": "net-secondary-web", "web": "web"}
    group = owner.get("{p}/prod-web")["protection_group"]
    assert group["mappings"] == {"networks": NETWORKS, "flavors": {}, "security_groups": {"web": "web"}}
    taken = owner.call("PUT", "{p}/prod-web/mapping", {"mapping": {"suggested": True}}).json["mapping"]["mappings"]
    assert {row["target"] for row in taken if row["source"] == "default"} == {"default"}
    refusal(owner.call("GET", "{p}/prod-web/mapping", version="1.2"), 404, "not_found")


def test_drift_of_policies_is_shown_to_administrators(deployment: MockDeployment) -> None:
    text = deployment.config_file.read_text(encoding="utf-8")
    defaults = "default_replication_interval = 600\ndefault_rpo_minutes = 30\n"
    deployment.config_file.write_text(text + defaults, encoding="utf-8")
    stage = Stage(deployment)
    stage.protect()
    path = "/v1/web/policy-drift"
    refusal(stage.owner.call("GET", path), 403, "not_allowed")
    whole = stage.admin.get(path)["policy_drift"]
    assert [(row["field"], row["policy_value"], row["default_value"]) for row in whole] == [
        ("replication_interval", "300", "600"),
        ("rpo_minutes", "15", "30"),
    ]
    first = stage.admin.get(f"{path}?limit=1")
    assert first["policy_drift"] == whole[:1]
    assert stage.admin.get(first["policy_drift_links"][0]["href"]) == {"policy_drift": whole[1:]}
    assert stage.admin.get("/v1/other/policy-drift") == {"policy_drift": []}
