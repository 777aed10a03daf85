"""Health in the API: of one group, and for Prometheus."""

from __future__ import annotations

from api_client import Stage, refusal
from prometheus_client.parser import text_string_to_metric_families


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
