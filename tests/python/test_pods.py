"""A synchronous group, as an operator has it: created, moved, lost with its site, protected again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import run_osc

from protector.testing import MockDeployment, mock_deployment

GROUP = "drill-sync"
MAPPING = ("--network-mapping", "net-primary-web=net-secondary-web")


@pytest.fixture
def in_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockDeployment]:
    with mock_deployment(tmp_path, sync_servers=2) as made:
        monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(made.config_file))
        yield made


def succeeds(*arguments: str) -> str:
    done = run_osc("protector", *arguments)
    assert done.code == 0, done.err
    return done.out


def protect(deployment: MockDeployment) -> None:
    sites = ("--primary-site", "site-a", "--secondary-site", "site-b")
    kind = ("--replication-type", "sync", "--volume-type", "replicated-sync")
    succeeds("protection-group", "create", "--name", GROUP, *kind, *sites)
    policy = succeeds("protection-group", "policy-create", GROUP, "--rpo-minutes", "15", "-f", "json")
    assert '"pure_pg_name": "cinder-pod::pg-drill-sync"' in policy
    for server in ("sync-server-1", "sync-server-2"):
        succeeds("protection-group", "member-add", GROUP, "--instance-id", deployment.server_id(server))


def test_there_and_back_a_lost_site_and_the_way_home(in_pod: MockDeployment) -> None:
    protect(in_pod)
    plan = succeeds("failover", GROUP, *MAPPING, "--dry-run")
    assert "hosts reach a pod by both arrays" in plan
    assert "expected loss: nothing" in plan
    succeeds("failover", GROUP, *MAPPING, "--wait")
    succeeds("failback", GROUP, "--wait")

    in_pod.set_site("site-a", available=False)
    forced = ("--os-cloud", "site-b", "protector", "failover", GROUP, *MAPPING, "--type", "unplanned", "--force")
    planned = run_osc(*forced, "--dry-run")
    assert planned.code == 0, planned.err
    assert "expected loss: nothing" in planned.out
    assert run_osc(*forced, "--wait").code == 0
    in_pod.set_site("site-a", available=True)
    away = ("--os-cloud", "site-b", "protector")
    assert run_osc(*away, "protection-group", "sync", GROUP).code == 0
    refused = run_osc(*away, "failback", GROUP, "--wait")
    assert refused.code != 0
    assert f"openstack protector reprotect {GROUP}" in refused.err + refused.out
    assert run_osc(*away, "reprotect", GROUP, "--wait").code == 0
    assert run_osc(*away, "failback", GROUP, "--wait").code == 0
    shown = run_osc("protector", "protection-group", "show", GROUP, "-f", "json").json
    assert (shown["status"], shown["protection"]) == ("active", "protected")


def test_an_ordinary_server_is_refused_with_what_to_do(in_pod: MockDeployment) -> None:
    protect(in_pod)
    refused = run_osc(
        "protector", "protection-group", "member-add", GROUP, "--instance-id", in_pod.server_id("web-server-1")
    )
    assert refused.code != 0
    assert "volume set --type replicated-sync --migration-policy on-demand" in refused.err
