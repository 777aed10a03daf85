"""The metadata of the two sites about a group: whether they agree, which one wins, what was left behind."""

from __future__ import annotations

from typing import Any

from protector.api.asked import Asked
from protector.exceptions import PlanStale


def sync_status(asked: Asked) -> dict[str, Any]:
    """Whether both sites hold the same metadata."""
    return {"sync_status": asked.engine.sync_status(asked.group().id).to_dict()}


def sync_metadata(asked: Asked) -> dict[str, Any]:
    """Pushes the metadata of this site to the other one."""
    return {"sync_status": asked.engine.sync_metadata(asked.group().id).to_dict()}


def plan_reconcile(asked: Asked) -> dict[str, Any]:
    """What it would come to if one site wins over the other; nothing is changed."""
    winner = asked.body["reconcile"]["winner"]
    return {"plan": asked.engine.plan_reconcile(asked.group().id, winner=winner).to_dict()}


def reconcile(asked: Asked) -> dict[str, Any]:
    """Lets one site win, if both still hold what was shown under that hash."""
    group, wanted = asked.group(), asked.body["reconcile"]
    plan = asked.engine.plan_reconcile(group.id, winner=wanted["winner"])
    if plan.hash != wanted["hash"]:
        raise PlanStale(
            f"what the sites hold of '{group.name}' has changed since this was shown", "plan it again and look"
        )
    return {"sync_status": asked.engine.reconcile(plan).to_dict()}


def divergences(asked: Asked) -> dict[str, Any]:
    """What unplanned failovers left behind."""
    return asked.page("divergences", asked.engine.divergence_list(asked.group().id), lambda entry: entry.id)


def discard_divergence(asked: Asked) -> dict[str, Any]:
    """Gives up what an entry keeps."""
    group, entry, reason = asked.group().id, asked.path["divergence"], asked.body["discard"]["reason"]
    return {"divergence": asked.engine.divergence_discard(group, entry, reason=reason, by=asked.by).to_dict()}
