"""What comes after a site was lost: the commands that fence it, keep what it held, protect again and release."""

from __future__ import annotations

import asyncio
import getpass

import pytest
from conftest import HOME, NETWORKS, Result, run_osc

from protector import Engine, Settings, aio
from protector.exceptions import InvalidRequest, NotFound, PlanBlocked, PreconditionFailed
from protector.testing import MockDeployment


def protector(*words: str, site: str = "site-b") -> Result:
    return run_osc("--os-cloud", site, "protector", *words)


@pytest.fixture
def left(deployment: MockDeployment, protected: Engine) -> Engine:
    """The engine of site-b: site-a was lost, site-b took over, and site-a is back and heard of it."""
    protected.failover("prod-web", networks=NETWORKS)
    protected.failback("prod-web", networks=HOME)
    deployment.set_site("site-a", available=False)
    away = deployment.engine("site-b")
    assert away.failover("prod-web", type="unplanned", force=True, networks=NETWORKS).completed
    deployment.set_site("site-a", available=True)
    return away


def test_a_group_shows_what_waits_and_the_way_out(left: Engine) -> None:
    group = left.protection_group_show("prod-web")
    assert [(due.site, len(due.servers)) for due in group.fences_due] == [("site-a", 1)]
    assert [(entry.state, entry.site) for entry in group.ledger] == [("suspected", "site-a")]
    assert group.from_dict(group.to_dict()) == group
    table = protector("protection-group", "show", "prod-web").out
    assert "1 server(s) to stop, 'pg-prod-web' to fence" in table
    assert "openstack protector reprotect prod-web" in table
    health = protector("health", "show", "--long", "-f", "json").json[0]
    assert not health["failover_ready"]
    assert any("openstack protector reprotect prod-web" in reason for reason in health["reasons"])
    assert health["ledger"][0].startswith(f"{group.ledger[0].id}: suspected")


def test_from_a_lost_site_to_a_commit(left: Engine) -> None:
    refused = protector("reprotect", "prod-web")
    assert refused.code == 1
    assert "openstack protector protection-group sync prod-web" in refused.err
    assert protector("protection-group", "sync", "prod-web").code == 0

    plan = protector("reprotect", "prod-web", "--dry-run")
    assert plan.code == 0
    assert "fence the volumes of 'pg-prod-web' that were left on site-a" in plan.out
    done = protector("reprotect", "prod-web", "-f", "json").json
    assert (done["operation_type"], done["status"], done["failover_type"]) == ("reprotect", "completed", None)
    assert left.protection_group_show("prod-web").protection == "protected"
    again = protector("reprotect", "prod-web")
    assert again.code == 1
    assert "already protected" in again.err

    assert left.failback("prod-web", networks=HOME).completed
    [entry] = protector("protection-group", "divergence", "list", "prod-web", "-f", "json").json
    assert (entry["state"], entry["site"]) == ("preserved", "site-a")
    plan = protector("commit", "prod-web", "--dry-run")
    assert f"protection-group divergence discard prod-web {entry['id']}" in plan.out
    assert "volume delete" in plan.out
    assert protector("commit", "prod-web", "-f", "json").json["status"] == "completed"
    kept = protector("commit", "prod-web")
    assert kept.code == 1
    assert "kept by the ledger" in kept.err

    without = protector("protection-group", "divergence", "discard", "prod-web", entry["id"])
    assert without.code == 2
    assert "--reason" in without.err
    command = ("protection-group", "divergence", "discard", "prod-web", entry["id"], "--reason", "nobody misses it")
    gone = protector(*command, "-f", "json").json
    assert gone["state"] == "discarded"
    assert gone["discarded"].endswith(": nobody misses it")
    assert getpass.getuser() in gone["discarded"]
    assert protector(*command).code == 1
    assert protector("commit", "prod-web", "-f", "json").json["operation_type"] == "commit"
    assert left.health()[0].ledger == ()


def test_a_discard_is_refused_with_the_way_out(left: Engine) -> None:
    [entry] = left.divergence_list("prod-web")
    with pytest.raises(InvalidRequest):
        left.divergence_discard("prod-web", entry.id, reason="")
    left.sync_metadata("prod-web")
    with pytest.raises(PreconditionFailed) as refused:
        left.divergence_discard("prod-web", entry.id, reason="why")
    assert refused.value.remedy == "openstack protector reprotect prod-web"
    with pytest.raises(NotFound):
        left.divergence_discard("prod-web", "diverged-00000000", reason="why")


def test_the_same_for_asyncio(left: Engine, deployment: MockDeployment) -> None:
    async def story(settings: Settings) -> tuple[str, str, str]:
        engine = await aio.Engine.open(settings, "site-b")
        await engine.sync_metadata("prod-web")
        with pytest.raises(PlanBlocked):
            await engine.commit("prod-web")
        done = await engine.reprotect("prod-web")
        [entry] = await engine.divergence_list("prod-web")
        gone = await engine.divergence_discard("prod-web", entry.id, reason="why", by="carol")
        return done.status, entry.state, gone.discarded or ""

    status, state, discarded = asyncio.run(story(deployment.settings))
    assert (status, state) == ("completed", "preserved")
    assert "carol" in discarded
