"""What the two sites hold of a group, in the API: how it differs, and one of them wins."""

from __future__ import annotations

import pytest
from api_client import Stage, refusal
from conftest import NETWORKS

PLAN, ACTION = "{p}/prod-web/sync-status/plan", "{p}/prod-web/sync-status/action"


@pytest.fixture
def parted(protected_stage: Stage) -> Stage:
    """Site-b has taken over alone; site-a gave up, alone, what it had begun."""
    deployment, engine = protected_stage.deployment, protected_stage.engine
    assert engine.sync("prod-web").completed
    open_here = engine.accept(engine.plan_failover("prod-web", networks=NETWORKS))
    deployment.set_site("site-a", available=False)
    away = deployment.engine("site-b")
    away.failover("prod-web", type="unplanned", force=True, reason="site-a is lost", networks=NETWORKS)
    deployment.set_site("site-a", available=True)
    deployment.set_site("site-b", available=False)
    engine.operation_abort(open_here.id, leave_peer=True)
    deployment.set_site("site-b", available=True)
    return protected_stage


def test_both_hold_the_same(protected_stage: Stage) -> None:
    owner = protected_stage.owner
    shown = owner.get("{p}/prod-web/sync-status")["sync_status"]
    assert (shown["sync_status"], shown["differences"]) == ("IN SYNC", [])
    assert owner.call("POST", "{p}/prod-web/sync-status").json["sync_status"]["sync_status"] == "IN SYNC"
    refusal(owner.call("POST", PLAN, {"reconcile": {"winner": "site-a"}}), 409, "precondition")


def test_a_difference_says_what_was_and_what_each_site_holds(parted: Stage) -> None:
    shown = parted.owner.get("{p}/prod-web/sync-status", version="1.0")["sync_status"]
    assert shown["sync_status"] == "OUT OF SYNC"
    primary = next(each for each in shown["differences"] if each["field"] == "current primary")
    assert (primary["base"], primary["here"], primary["there"]) == ("site-a", "site-a", "site-b")
    assert primary["changed_on"] == ["site-b"]


def test_what_was_shown_is_done(parted: Stage) -> None:
    owner, wanted = parted.owner, {"reconcile": {"winner": "site-b"}}
    before = owner.get("{p}/prod-web")
    plan = owner.call("POST", PLAN, wanted).json["plan"]
    assert (plan["winner"], plan["loser"]) == ("site-b", "site-a")
    assert plan["consequences"]
    assert owner.get("{p}/prod-web") == before

    done = owner.call("POST", ACTION, {"reconcile": {"winner": "site-b", "hash": plan["hash"]}})
    assert done.status_code == 200, done.text
    assert done.json["sync_status"]["sync_status"] == "IN SYNC"
    assert owner.get("{p}/prod-web")["protection_group"]["current_primary_site"] == "site-b"


def test_what_was_not_shown_is_not_done(parted: Stage) -> None:
    owner = parted.owner
    before = owner.get("{p}/prod-web")
    other = owner.call("POST", PLAN, {"reconcile": {"winner": "site-a"}}).json["plan"]["hash"]
    for hash_of in ("0" * 64, other):
        stale = owner.call("POST", ACTION, {"reconcile": {"winner": "site-b", "hash": hash_of}})
        assert "'prod-web' has changed since this was shown" in refusal(stale, 409, "plan_stale")["message"]
    for body in ({"reconcile": {"winner": "site-b"}}, {"reconcile": {"hash": other}}, {"reconcile": {}}):
        refusal(owner.call("POST", ACTION, body), 400, "invalid_request")
    refusal(owner.call("POST", PLAN, {"reconcile": {"winner": "site-c"}}), 400, "invalid_request")
    assert owner.get("{p}/prod-web") == before


def test_earlier_versions_do_not_have_it(parted: Stage) -> None:
    for path in (PLAN, ACTION):
        answer = parted.owner.call("POST", path, {"reconcile": {"winner": "site-b"}}, version="1.2")
        assert "from version 1.3 on" in refusal(answer, 404, "not_found")["message"]
