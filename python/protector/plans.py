"""Plans: what would be done, and what speaks against it, as a value.

>>> plan = engine.plan_failover("prod-web", networks={"net-primary-web": "net-secondary-web"})
>>> plan.kind, plan.source, plan.target, plan.acceptable
('planned_failover', 'site-a', 'site-b', True)
>>> Plan.from_json(plan.json) == plan
True
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protector import _native
from protector.values import Value


@dataclass(frozen=True)
class Finding(Value):
    """One thing that speaks against a plan."""

    #: Stable name, for example ``rpo_breach``.
    code: str
    #: ``blocker`` or ``warning``.
    severity: str
    #: What was seen, with values and times.
    message: str
    #: What to do, as a command line where there is one.
    remedy: str | None
    #: The consent that turns this blocker into a warning, or did so.
    consent: str | None


@dataclass(frozen=True)
class PlanStep(Value):
    """One step of a plan."""

    #: Unique within the plan.
    id: str
    #: One line for people.
    title: str
    #: Part of the operation, for example ``quiesce``.
    phase: str
    #: Longest it may take, in seconds.
    timeout_seconds: int
    #: What a failure means: ``stop``, ``skip`` (it is noted, the operation goes on), or ``fail_member`` (the member
    #: does not arrive, the others go on).
    on_failure: str
    #: Steps that must be done before.
    after: tuple[str, ...]


@dataclass(frozen=True)
class Plan(Value):
    """What will be done. Made by the engine, never by hand: :meth:`from_json` reads one that was kept.

    A plan can be printed, compared, hashed, kept as :attr:`json` and accepted later; accepting looks whether the world
    is still the one it was made for.
    """

    id: str
    #: SHA-256 over everything else; the same in every language.
    hash: str
    #: ``sync``, ``test_failover``, ``test_cleanup``, ``planned_failover``, ``unplanned_failover``, ``failback``
    #: or ``retry_failed``.
    kind: str
    #: Id of the group.
    group: str
    group_name: str
    #: Site that is left, or whose data is used.
    source: str
    #: Site that is reached.
    target: str
    #: The whole plan as the engine wrote it; the other fields are a view of it, and `hash` is its identity.
    json: str = field(repr=False, compare=False)
    #: What would be lost: ``{"loss": "none" | "after" | "unknown", ...}``.
    expected_loss: dict[str, Any] = field(hash=False)
    #: Steps in an order that respects ``after``.
    steps: tuple[PlanStep, ...]
    #: What speaks against it; blockers first.
    findings: tuple[Finding, ...]
    #: Consents that are missing.
    consents_needed: tuple[str, ...]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Reads what :meth:`to_dict` made."""
        return super().from_dict({**data, "json": json.dumps(data)})

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Reads a plan that was kept as :attr:`json`."""
        return super().from_dict({**json.loads(text), "json": text})

    def to_dict(self) -> dict[str, Any]:
        """The whole plan as JSON-compatible data."""
        whole: dict[str, Any] = json.loads(self.json)
        return whole

    def to_text(self) -> str:
        """The plan for people: summary, findings, steps."""
        return _native.plan_text(self.json)

    @property
    def blockers(self) -> tuple[Finding, ...]:
        """What forbids the plan."""
        return tuple(finding for finding in self.findings if finding.severity == "blocker")

    @property
    def acceptable(self) -> bool:
        """Whether nothing forbids the plan."""
        return not self.blockers
