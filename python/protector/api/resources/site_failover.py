"""Moving everything that runs on a site, for administrators.

``protector-engine`` executes what is accepted side by side, and groups of a lower priority number are to arrive first.
So each call accepts the moves of those whose turn it is, and the next ones are accepted by the same call made again
later, as ``site failover`` of the ``openstack`` command goes on when it is run again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from protector import Engine
from protector._value import Value, value
from protector.api.asked import Asked
from protector.api.resources import sites
from protector.exceptions import PlanBlocked, ProtectorException
from protector.sites import SiteGroupPlan, SitePlan
from protector.values import Operation


@value
class SiteMove(Value):
    """How the move of one group stands."""

    protection_group: str
    priority: int
    #: ``accepted`` now, ``under_way`` since an earlier call, ``waiting`` for groups of a lower priority number,
    #: ``blocked``, ``refused``, or ``stopped``: somebody has to resume it or give it up.
    state: str
    operation_id: str | None
    #: Why it is blocked, refused or stopped.
    error: str | None


@value
class SiteMoves(Value):
    """How the moves of the groups of a site stand. None left: everything has moved, or runs elsewhere."""

    #: The site that is left.
    site: str
    #: In the order in which they move.
    groups: tuple[SiteMove, ...]


def plan(asked: Asked) -> dict[str, Any]:
    """What moving everything that runs on a site would do; nothing is changed."""
    return {"plan": json.loads(_plan(asked, asked.body["failover"]).json)}


def act(asked: Asked) -> dict[str, Any]:
    """Accepts the moves of the groups of a site whose turn it is; call it again until no group is left."""
    options = dict(asked.body["failover"])
    skip_blocked = options.pop("skip_blocked", False)
    whole = _plan(asked, options)
    if not (whole.acceptable or skip_blocked):
        raise _blocked(whole)
    moves: list[SiteMove] = []
    under_way = False
    for _, groups in groupby(whole.groups, key=lambda group: group.priority):
        # the moves of one number side by side; what cannot move by itself keeps no other one from moving
        moves += [_move(group, asked.engine, may_begin=not under_way) for group in groups]
        under_way = under_way or any(move.state in ("accepted", "under_way") for move in moves)
    return {"site_failover": SiteMoves(whole.site, tuple(moves)).to_dict()}


def _move(group: SiteGroupPlan, engine: Engine, *, may_begin: bool) -> SiteMove:
    def stands(state: str, operation: str | None = None, error: str | None = None) -> SiteMove:
        return SiteMove(group.group, group.priority, state, operation, error)

    if group.plan is not None and not group.plan.acceptable:
        return stands("blocked", error=_sentences([group]))
    if group.plan is not None and not may_begin:
        return stands("waiting")
    try:
        if group.plan is not None:
            return stands("accepted", engine.accept(group.plan).id)
        operation = engine.operation_show(group.resumes or "")
    except ProtectorException as refusal:
        return stands("refused", group.resumes, str(refusal))
    if is_stopped(operation):
        return stands("stopped", operation.id, operation.error or operation.stop)
    return stands("under_way", operation.id)


def is_stopped(operation: Operation) -> bool:
    """Whether no worker goes on with it by itself."""
    return operation.status == "failed" or (operation.status == "interrupted" and operation.stop is not None)


def _blocked(whole: SitePlan) -> PlanBlocked:
    return PlanBlocked(
        f"{len(whole.blocked)} of {len(whole.groups)} groups on {whole.site} are blocked:\n{_sentences(whole.blocked)}",
        "the plan shows the remedies; skip_blocked moves the others",
    )


def _sentences(groups: Iterable[SiteGroupPlan]) -> str:
    return "\n".join(
        f"'{group.group}' (priority {group.priority}): {finding.message} [{finding.code}]"
        for group in groups
        if group.plan is not None
        for finding in group.plan.blockers
    )


def _plan(asked: Asked, options: Mapping[str, Any]) -> SitePlan:
    return asked.engine.plan_site_failover(sites.name(asked), **options)
