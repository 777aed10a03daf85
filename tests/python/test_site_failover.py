"""Everything that runs on a site moves by one call, or one command."""

from __future__ import annotations

import pytest
from conftest import protect, run_osc

from protector import Engine
from protector.exceptions import PlanBlocked
from protector.testing import MockDeployment

THERE = {"net-primary-web": "net-secondary-web"}


@pytest.fixture
def two_groups(deployment: MockDeployment) -> Engine:
    """``prod-web`` at priority 5 and ``payments`` at 1."""
    protect(deployment)
    engine = protect(deployment, "payments", "db-server-1")
    assert engine.protection_group_update("prod-web", priority=5).priority == 5
    engine.protection_group_update("payments", priority=1)
    return engine


def test_groups_move_by_priority(two_groups: Engine) -> None:
    plan = two_groups.plan_site_failover("site-a", networks=THERE)
    assert [(group.group, group.priority) for group in plan.groups] == [("payments", 1), ("prod-web", 5)]
    assert plan.acceptable
    assert "priority   1  payments: moves" in plan.to_text()
    heard: list[str] = []
    outcome = two_groups.site_failover(plan, progress=lambda event: heard.append(f"{event.title} {event.state}"))
    assert [(each.protection_group, each.outcome) for each in outcome.groups] == [
        ("payments", "moved"),
        ("prod-web", "moved"),
    ]
    first = heard.index("planned failover of 'payments' completed")
    assert first < heard.index("planned failover of 'prod-web' running")
    assert two_groups.plan_site_failover("site-a").groups == ()


def test_a_blocked_group_stops_all_unless_it_is_skipped(two_groups: Engine) -> None:
    two_groups.protection_group_update("payments", networks=THERE)
    plan = two_groups.plan_site_failover("site-a")
    assert [group.group for group in plan.blocked] == ["prod-web"]
    with pytest.raises(PlanBlocked, match=r"'prod-web' \(priority 5\)"):
        two_groups.site_failover(plan)
    assert two_groups.operation_list()[0].operation_type == "sync", "nothing has begun"
    outcome = two_groups.site_failover(plan, skip_blocked=True)
    assert (outcome.moved, outcome.not_moved) == (1, 1)
    assert [each.outcome for each in outcome.groups] == ["moved", "blocked"]


@pytest.mark.parametrize("tree", ["protector", "dr"])
def test_the_command(two_groups: Engine, tree: str) -> None:
    mapping = ("--network-mapping", "net-primary-web=net-secondary-web")
    planned = run_osc(tree, "site", "failover", "site-a", "--dry-run", *mapping)
    assert planned.code == 0
    assert "everything on site-a: 2 group(s), 0 blocked" in planned.out
    assert run_osc(tree, "site", "failover", "site-a", "--dry-run").code == 1, "without a mapping both are blocked"
    assert two_groups.protection_group_show("payments").status == "active"
    done = run_osc(tree, "site", "failover", "site-a", *mapping, "-f", "json")
    assert done.code == 0
    assert [(row["protection_group"], row["outcome"]) for row in done.json] == [
        ("payments", "moved"),
        ("prod-web", "moved"),
    ]
