"""Health, its metrics, drift of policies, mappings."""

from __future__ import annotations

import asyncio
from pathlib import Path

from conftest import NETWORKS, run_osc
from prometheus_client.parser import text_string_to_metric_families

from protector import Engine, aio
from protector.testing import MockDeployment


def samples(text: str) -> dict[str, list]:
    families = list(text_string_to_metric_families(text))
    assert all(family.type == "gauge" and family.documentation for family in families)
    assert len({family.name for family in families}) == len(families)
    return {family.name: family.samples for family in families}


def test_metrics_are_read_by_the_client_library_of_prometheus(protected: Engine) -> None:
    protected.sweep_rpo()
    health = protected.health()[0]
    found = samples(protected.metrics())
    [ready] = found["protector_group_failover_ready"]
    assert (ready.labels, ready.value) == ({"project_id": "default", "protection_group": "prod-web"}, 1.0)
    assert found["protector_group_recovery_point_age_seconds"][0].value == health.recovery_point_age_seconds
    assert {s.labels["state"]: s.value for s in found["protector_group_rpo_state"]}["within"] == 1.0
    ratios = [s for s in found["protector_group_rpo_time_ratio"] if s.labels["window"] == "24h"]
    assert {s.labels["state"] for s in ratios} == {"within", "breached", "unknown"}
    assert abs(sum(s.value for s in ratios) - 1) < 0.001


def test_what_is_not_known_has_no_sample(deployment: MockDeployment, protected: Engine) -> None:
    deployment.set_site("site-b", available=False)
    found = samples(protected.metrics())
    assert found["protector_group_failover_ready"][0].value == 0
    for name in ("recovery_point_age_seconds", "link_up", "metadata_in_sync", "transfers_under_way"):
        assert f"protector_group_{name}" not in found
    assert {s.labels["state"]: s.value for s in found["protector_group_rpo_state"]}["unknown"] == 1.0


def test_commands(protected: Engine, tmp_path: Path) -> None:
    swept = run_osc("protector", "health", "sweep", "-f", "json").json
    assert swept == {"groups": 1, "within": 1, "breached": 0, "never": 0, "unknown": 0}
    [row] = run_osc("protector", "health", "show", "--long", "-f", "json").json
    assert (row["failover_ready"], row["unplanned_ready"], row["unplanned_reasons"]) == (True, True, [])
    assert set(row["rpo_24h"]) == {"within_percent", "breached_percent", "unknown_percent"}
    assert run_osc("protector", "health", "show", "prod-web", "--long", "-f", "json").json == [row]
    assert run_osc("protector", "health", "show", "nobody").code == 1
    printed = run_osc("dr", "health", "metrics").out
    file = tmp_path / "protector.prom"
    assert run_osc("dr", "health", "metrics", "--output", str(file)).code == 0
    assert samples(file.read_text()).keys() == samples(printed).keys()
    assert list(tmp_path.glob("*.part")) == []


def test_drills_are_shown(protected: Engine) -> None:
    protected.test_failover("prod-web", networks=NETWORKS)
    protected.test_cleanup("prod-web")
    drill = protected.health()[0].last_successful_drill
    assert drill is not None
    assert (drill.verdict, drill.headline.startswith("Drill passed")) == ("passed", True)


def test_drift_of_policies(protected: Engine) -> None:
    assert run_osc("protector", "policy", "drift", "-f", "json").json == []
    assert protected.policy_drift() == []


def test_mappings_are_suggested_and_set(protected: Engine) -> None:
    rows = {(row.kind, row.source): row for row in protected.mapping_suggest("prod-web").mappings}
    assert rows["security-group", "web"].suggested == "web"
    group = ("protector", "protection-group", "mapping")
    refused = run_osc(*group, "set", "prod-web", "--network-mapping", "net-primary-web=no-such-network")
    assert refused.code == 1
    assert "site-b has no network 'no-such-network'" in refused.err
    there = ("--network-mapping", "net-primary-web=net-secondary-web", "--security-group-mapping", "web=default")
    stored = run_osc(*group, "set", "prod-web", *there, "-f", "json").json
    assert {(row["source"], row["target"]) for row in stored if row["target"]} == {
        ("net-primary-web", "net-secondary-web"),
        ("web", "default"),
    }
    assert run_osc("dr", "protection-group", "mapping", "show", "prod-web", "-f", "json").json == stored
    assert protected.protection_group_show("prod-web").mappings.security_groups == {"web": "default"}


def test_awaitable(protected: Engine) -> None:
    async def look() -> tuple:
        engine = aio.Engine(protected)
        return await asyncio.gather(
            engine.sweep_rpo(), engine.metrics(), engine.policy_drift(), engine.mapping_show("prod-web")
        )

    swept, text, drift, shown = asyncio.run(look())
    assert (swept.within, drift, shown.protection_group) == (1, [], "prod-web")
    assert samples(text)
