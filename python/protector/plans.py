"""Plans: what would be done, and what speaks against it, as a value.

>>> plan = engine.plan_failover("prod-web", networks={"net-primary-web": "net-secondary-web"})
>>> plan.kind, plan.source, plan.target, plan.acceptable
('planned_failover', 'site-a', 'site-b', True)
>>> Plan.from_json(plan.json) == plan
True
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from protector import _native, notebook
from protector._value import Value, value


@value
class Evidence(Value):
    """What a finding rests on: who said it, and when."""

    #: Who was asked, for example ``array b-array`` or ``cloud site-a``.
    source: str
    #: When, by the clock of the site that plans.
    at: datetime
    #: What was seen, by name; names carry the unit.
    values: dict[str, str] = field(hash=False)


@value
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
    #: What it rests on.
    evidence: tuple[Evidence, ...] = ()


@value
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


@value
class Forecast(Value):
    """How long a plan will take, from how long such steps took before.

    >>> ahead = engine.plan_failover("prod-web").forecast
    >>> ahead.p50_seconds <= ahead.p95_seconds, ahead.critical_path[-1]
    (True, 'close')
    """

    #: Half of all runs take at most so many seconds.
    p50_seconds: int
    #: 95 of 100 do. At least the p50.
    p95_seconds: int
    #: Ids of the steps that determine the end, in order.
    critical_path: tuple[str, ...]
    #: Steps whose kind was measured at their site.
    measured_steps: int
    #: Steps that the forecast rests on assumptions for.
    unmeasured_steps: int


@value
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
    #: What it will take; absent in plans of engines that made no forecast.
    forecast: Forecast | None = None

    @classmethod
    def _of(cls, made: _native.Plan) -> Plan:
        """A plan that was just made. Its steps are nearly all of it: they and :attr:`json` are there when asked for."""
        plan = super().from_dict({**json.loads(made.head), "json": ""})
        del plan.__dict__["json"], plan.__dict__["steps"]
        plan.__dict__["_made"] = made
        return plan

    if not TYPE_CHECKING:  # any name would do for mypy

        def __getattr__(self, name: str) -> Any:
            """What :meth:`_of` left out; two threads may both find it out."""
            if name == "json" and "_made" in self.__dict__:
                found = self._made.json
            elif name == "steps" and "_made" in self.__dict__:
                found = tuple(map(PlanStep.from_dict, json.loads(self.json)["steps"]))
            else:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            self.__dict__[name] = found
            return found

    def __reduce__(self) -> tuple[Callable[[str], Plan], tuple[str]]:
        """For pickles and copies."""
        return type(self).from_json, (self.json,)

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

    def to_mermaid(self) -> str:
        """The plan as a Mermaid flowchart, for Markdown.

        >>> engine.plan_sync("prod-web").to_mermaid().splitlines()[0]
        'flowchart LR'
        """
        return _native.plan_graph(self.json, "mermaid")

    def to_dot(self) -> str:
        """The plan in DOT, for Graphviz."""
        return _native.plan_graph(self.json, "dot")

    def to_svg(self) -> str:
        """The plan as one SVG document. Many steps that do the same are drawn as one."""
        return _native.plan_graph(self.json, "svg")

    def to_html(self) -> str:
        """The plan as one HTML document: title, findings and the drawing; no script, no network."""
        return _native.plan_graph(self.json, "html")

    def __iter__(self) -> Iterator[PlanStep]:
        """The steps, in an order that respects ``after``."""
        return iter(self.steps)

    def _repr_html_(self) -> str:
        """In a notebook: the page of :meth:`to_html`, in a frame."""
        return notebook.framed(self.to_html())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """In a notebook, in each form that it may want."""
        return notebook.bundle(self.to_text(), self.to_html(), self.to_svg())

    @property
    def blockers(self) -> tuple[Finding, ...]:
        """What forbids the plan."""
        return tuple(finding for finding in self.findings if finding.severity == "blocker")

    @property
    def acceptable(self) -> bool:
        """Whether nothing forbids the plan."""
        return not self.blockers
