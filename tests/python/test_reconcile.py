"""Two sites that went apart: how they differ, a preview, and one of them wins."""

from __future__ import annotations

import asyncio
import json

import pytest
from conftest import NETWORKS, run_osc

from protector import Engine, aio
from protector.exceptions import Conflict, InvalidRequest, PlanStale, PreconditionFailed
from protector.metadata import ReconcilePlan
from protector.testing import MockDeployment

RECONCILE = ("protector", "protection-group", "reconcile", "prod-web")


@pytest.fixture
def parted(deployment: MockDeployment, protected: Engine) -> MockDeployment:
    """Site-b has taken over alone; site-a gave up, alone, what it had begun."""
    open_here = protected.accept(protected.plan_failover("prod-web", networks=NETWORKS))
    deployment.set_site("site-a", available=False)
    away = deployment.engine("site-b")
    away.failover("prod-web", type="unplanned", force=True, reason="site-a is lost", networks=NETWORKS)
    deployment.set_site("site-a", available=True)
    deployment.set_site("site-b", available=False)
    protected.operation_abort(open_here.id, leave_peer=True)
    deployment.set_site("site-b", available=True)
    return deployment


def test_a_preview_changes_nothing_and_is_executed_as_it_was_shown(parted: MockDeployment) -> None:
    home, away = parted.engine("site-a"), parted.engine("site-b")
    before = (home.protection_group_show("prod-web"), away.protection_group_show("prod-web"))
    plan = home.plan_reconcile("prod-web", winner="site-b")
    assert (plan.winner, plan.loser) == ("site-b", "site-a")
    assert ReconcilePlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert plan.to_text().startswith("reconcile 'prod-web': site-b wins")
    assert away.plan_reconcile("prod-web", winner="site-b").hash == plan.hash
    assert before == (home.protection_group_show("prod-web"), away.protection_group_show("prod-web"))

    done = home.reconcile(plan)
    assert (done.sync_status, done.differences, done.next) == ("IN SYNC", (), ())
    assert home.protection_group_show("prod-web").current_primary_site == "site-b"
    with pytest.raises(PreconditionFailed):
        home.reconcile(plan)


def test_what_differs_is_readable(parted: MockDeployment) -> None:
    status = parted.engine("site-b").sync_status("prod-web")
    assert status.sync_status == "OUT OF SYNC"
    primary = next(each for each in status.differences if each.field == "current primary")
    assert (primary.base, primary.here, primary.there) == ("site-a", "site-b", "site-a")
    assert primary.changed_on == ("site-b",)
    assert str(primary) == "current primary: was site-a, is site-b on site-b"


def test_refusals(parted: MockDeployment) -> None:
    engine = parted.engine("site-a")
    with pytest.raises(InvalidRequest, match="site-c"):
        engine.plan_reconcile("prod-web", winner="site-c")
    plan = engine.plan_reconcile("prod-web", winner="site-a")
    with pytest.raises(PlanStale):
        engine.reconcile(ReconcilePlan.from_dict(plan.to_dict() | {"hash": "0" * 64}))


def test_the_asyncio_face(parted: MockDeployment) -> None:
    async def reconciled() -> str:
        engine = await aio.Engine.open(parted.settings, "site-a")
        plan = await engine.plan_reconcile("prod-web", winner="site-a")
        return (await engine.reconcile(plan)).sync_status

    assert asyncio.run(reconciled()) == "IN SYNC"


def test_commands(parted: MockDeployment) -> None:
    shown = run_osc("protector", "protection-group", "sync-status", "prod-web", "-f", "json").json
    assert shown["sync_status"] == "OUT OF SYNC"
    assert any(each["field"] == "current primary" for each in shown["differences"])
    assert shown["next"] == ["openstack --os-cloud site-b protector protection-group sync prod-web"]

    preview = run_osc(*RECONCILE, "--winner", "site-b")
    assert preview.code == 0
    assert "site-a gives up:" in preview.out
    assert "Nothing was changed" in preview.out
    hash_of = json.loads(run_osc(*RECONCILE, "--winner", "site-b", "--dry-run", "-f", "json").out)["hash"]
    assert hash_of in preview.out
    with pytest.raises(Conflict):
        parted.engine("site-a").protection_group_update("prod-web", description="no")

    stale = run_osc(*RECONCILE, "--winner", "site-b", "--yes", "--hash", "0" * 64)
    assert stale.code != 0
    assert "has changed since this was shown" in stale.err
    done = run_osc(*RECONCILE, "--winner", "site-b", "--yes", "--hash", hash_of, "-f", "json").json
    assert (done["sync_status"], done["differences"]) == ("IN SYNC", [])
    assert run_osc("dr", *RECONCILE[1:], "--winner", "site-b").code != 0
