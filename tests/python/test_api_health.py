"""Health in the API: in pages, of one group, and for Prometheus."""

from __future__ import annotations

import pytest
from api_client import GROUP, Stage, refusal
from prometheus_client.parser import text_string_to_metric_families

from protector import Engine
from protector.exceptions import NotFound
from protector.testing import MockDeployment


@pytest.fixture
def five_groups(stage: Stage) -> Stage:
    for number in range(5):
        group = GROUP | {"name": f"g-{number}"}
        assert stage.owner.call("POST", "{p}", {"protection_group": group}).status_code == 201
    return stage


@pytest.fixture
def asked_about(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The groups whose health an engine is asked for."""
    asked: list[str] = []
    show = Engine.health_show

    def counted(engine: Engine, group: str) -> object:
        asked.append(group)
        return show(engine, group)

    def never(_engine: Engine) -> None:
        raise AssertionError("the health of all groups at once takes as long as there are groups")

    monkeypatch.setattr(Engine, "health_show", counted)
    monkeypatch.setattr(Engine, "health", never)
    return asked


@pytest.mark.parametrize("version", ["1.0", "1.2", "1.3"])
def test_pages(five_groups: Stage, asked_about: list[str], version: str) -> None:
    ids = [group["id"] for group in five_groups.owner.get("{p}")["protection_groups"]]
    seen, path = [], "/v1/health?limit=2"
    while path:
        before = len(asked_about)
        page = five_groups.owner.get(path, version=version)["health"]
        shown = [report["protection_group"] for report in page["protection_groups"]]
        assert len(asked_about) - before == len(shown) <= 2
        if version != "1.0":
            assert [report["protection_group"] for report in page["details"]] == shown
            assert [site["site"] for site in page["sites"]] == ["site-a", "site-b"]
        seen += shown
        path = next((link["href"] for link in page.get("protection_groups_links", [])), None)
    assert seen == [f"g-{number}" for number in range(5)]
    assert asked_about == ids
    whole = five_groups.owner.get("/v1/health?limit=5", version=version)["health"]
    assert "protection_groups_links" not in whole


def test_the_longest_page_is_that_of_every_list(deployment: MockDeployment, asked_about: list[str]) -> None:
    text = deployment.config_file.read_text(encoding="utf-8")
    deployment.config_file.write_text(f"{text}\n[api]\nmax_limit = 2\n", encoding="utf-8")
    with_a_limit = Stage(deployment)
    for number in range(3):
        group = GROUP | {"name": f"g-{number}"}
        assert with_a_limit.owner.call("POST", "{p}", {"protection_group": group}).status_code == 201
    for path in ("/v1/health", "/v1/health?limit=1000"):
        asked_about.clear()
        page = with_a_limit.owner.get(path)["health"]
        assert (len(page["details"]), len(asked_about)) == (2, 2)
        assert page["protection_groups_links"][0]["rel"] == "next"


def test_whose_groups(five_groups: Stage) -> None:
    group = five_groups.stranger.call("POST", "{p}", {"protection_group": GROUP | {"name": "g-0"}})
    foreign = group.json["protection_group"]["id"]
    assert len(five_groups.owner.get("/v1/health")["health"]["details"]) == 5
    assert len(five_groups.stranger.get("/v1/health")["health"]["details"]) == 1
    assert len(five_groups.admin.get("/v1/health")["health"]["details"]) == 6
    # a marker of another project tells no more than one that was never there
    told = [five_groups.owner.call("GET", f"/v1/health?marker={marker}") for marker in (foreign, "nothing")]
    messages = [refusal(answer, 400, "invalid_request")["message"] for answer in told]
    assert messages[0].replace(foreign, "nothing") == messages[1]


def test_a_group_that_goes_meanwhile_keeps_no_other_from_being_reported(
    five_groups: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = five_groups.engine.protection_group_show("g-1").id
    show = Engine.health_show

    def shows(engine: Engine, group: str) -> object:
        if group == gone:
            raise NotFound(f"protection group '{group}' does not exist")
        return show(engine, group)

    monkeypatch.setattr(Engine, "health_show", shows)
    page = five_groups.owner.get("/v1/health?limit=3")["health"]
    assert [report["protection_group"] for report in page["details"]] == ["g-0", "g-2"]
    assert page["protection_groups_links"]


def test_of_one_group(protected_stage: Stage) -> None:
    stage = protected_stage
    health = stage.owner.get("{p}/prod-web/health")["health"]
    assert health["rpo"] == "never"
    assert health["failover_ready"] is False
    assert health["reasons"]
    assert stage.engine.sync("prod-web").completed
    stage.engine.sweep_rpo()
    health = stage.owner.get("{p}/prod-web/health")["health"]
    assert (health["rpo"], health["rpo_minutes"]) == ("within", 15)
    assert set(health["rpo_24h"]) == {"within_percent", "breached_percent", "unknown_percent"}
    assert health == next(each for each in stage.owner.get("/v1/health")["health"]["details"])
    refusal(stage.owner.call("GET", "{p}/prod-web/health", version="1.2"), 404, "not_found")


def test_metrics(protected_stage: Stage) -> None:
    # a scraper names no version
    answer = protected_stage.admin.call("GET", "/v1/metrics", version=None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = {family.name: family.samples for family in text_string_to_metric_families(answer.text)}
    [ready] = found["protector_group_failover_ready"]
    assert (ready.labels, ready.value) == ({"project_id": "web", "protection_group": "prod-web"}, 0.0)
    error = refusal(protected_stage.owner.call("GET", "/v1/metrics"), 403, "not_allowed")
    assert "protector:metrics:show" in error["message"]
