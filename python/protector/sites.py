"""Moving everything that runs on one site."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protector._value import Value, value
from protector.plans import Plan


@value
class SiteGroupPlan(Value):
    """What is to be done with one group of a site: either ``plan`` or ``resumes`` is set."""

    #: Name of the group.
    group: str
    #: Groups of a lower number are moved first.
    priority: int
    #: The plan to accept and run.
    plan: Plan | None
    #: The operation that moves the group already, to go on with.
    resumes: str | None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SiteGroupPlan:
        """Reads what the engine wrote."""
        work = data["work"]
        plan = Plan.from_dict(work["move"]) if "move" in work else None
        return cls(data["group"], data["priority"], plan, work.get("resume"))


@dataclass(frozen=True)
class SitePlan:
    """The plans of all groups that run on a site, in the order in which they move."""

    #: The site that is left.
    site: str
    groups: tuple[SiteGroupPlan, ...]
    #: The whole plan as the engine wrote it.
    json: str = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, text: str) -> SitePlan:
        """Reads a plan that was kept as :attr:`json`."""
        data = json.loads(text)
        return cls(data["site"], tuple(SiteGroupPlan.from_dict(group) for group in data["groups"]), text)

    @property
    def blocked(self) -> tuple[SiteGroupPlan, ...]:
        """Groups that cannot be moved; their plans say why."""
        return tuple(group for group in self.groups if group.plan is not None and not group.plan.acceptable)

    @property
    def acceptable(self) -> bool:
        """Whether nothing forbids to move all of them."""
        return not self.blocked

    def to_text(self) -> str:
        """The plan for people: the groups in their order, and each group's own plan."""
        lines = [f"everything on {self.site}: {len(self.groups)} group(s), {len(self.blocked)} blocked"]
        for group in self.groups:
            state = "blocked" if group in self.blocked else "moves"
            state = f"goes on with {group.resumes}" if group.resumes else state
            lines.append(f"  priority {group.priority:>3}  {group.group}: {state}")
        plans = [group.plan.to_text() for group in self.groups if group.plan is not None]
        return "\n".join([*lines, "", *plans])


@value
class SiteGroupOutcome(Value):
    """How one group fared."""

    protection_group: str
    priority: int
    #: ``moved``, ``failed``, ``blocked`` or ``not started``.
    outcome: str
    operation_id: str | None
    #: Why it did not arrive.
    error: str | None
    #: Commands that lead on.
    next: tuple[str, ...]


@value
class SiteFailover(Value):
    """How the groups of a site fared."""

    #: The site that was left.
    site: str
    #: In the order of the plan.
    groups: tuple[SiteGroupOutcome, ...]
    moved: int
    not_moved: int
