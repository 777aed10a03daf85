"""Reports: what an operation came to, as a value that can be kept, printed and shown.

A value that may not be known is ``{"known": value}`` or ``{"unknown": reason}``, never 0 and never left out.

>>> test = engine.test_failover("prod-web")
>>> engine.test_cleanup("prod-web").status
'completed'
>>> report = engine.operation_report(test.id)
>>> report.verdict, report.headline
('passed', 'Drill passed: 1 of 1 servers ran, recovery time ..., everything removed')
>>> report.things["left"]
{'servers': [], 'ports': [], 'volumes': [], 'clones': []}
>>> OperationReport.from_json(report.json) == report
True
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from protector import _native, notebook
from protector._value import Value, value
from protector.plans import Finding

if TYPE_CHECKING:
    from typing import TypeAlias

#: ``{"known": value}`` or ``{"unknown": reason}``.
Known: TypeAlias = dict[str, Any]


@value
class Consent(Value):
    """A consent that was given."""

    #: To what, for example ``data_loss``.
    kind: str
    #: Exactly what was accepted.
    scope: str
    #: Why, as somebody put it.
    reason: str | None


@value
class MemberReport(Value):
    """What became of a server."""

    #: Member id.
    member: str
    #: Name on the site that is reached.
    name: str
    #: ``ran``, ``failed``, ``blocked`` (another one failed that it needs) or ``not_reached``.
    result: str
    #: Server that stands for it on the site that is reached.
    server: Known = field(hash=False)
    #: When it was seen running.
    up_at: Known = field(hash=False)
    #: From the acceptance until then.
    seconds: Known = field(hash=False)
    #: Why it failed.
    error: str | None


@value
class StepReport(Value):
    """A step of a reported operation."""

    #: Position in the plan, from 1.
    number: int
    id: str
    title: str
    phase: str
    #: Only waits for others; has no beginning of its own.
    waits_only: bool
    #: ``pending``, ``running``, ``done``, ``skipped``, ``failed``, ``undone`` or ``blocked``.
    outcome: str
    #: How many times it was begun.
    attempts: int
    began_at: Known = field(hash=False)
    ended_at: Known = field(hash=False)
    seconds: Known = field(hash=False)
    #: Why it failed or was skipped.
    error: str | None


@value
class OperationReport(Value):
    """What an operation came to. Made by the engine, never by hand: :meth:`from_json` reads one that was kept."""

    #: ``passed``, ``not_cleaned_up``, ``not_conclusive``, ``objective_missed``, ``failed`` or ``not_ended``.
    verdict: str
    #: The verdict in one line.
    headline: str
    operation: str
    #: ``sync``, ``test_failover``, ``test_cleanup``, ``planned_failover``, ``unplanned_failover`` or ``failback``.
    kind: str
    status: str
    error: str | None
    #: Id of the group.
    group: str
    group_name: str
    #: Site that is left, or whose data is used.
    source: str
    #: Site that is reached.
    target: str
    plan: str
    plan_hash: str
    made_at: datetime
    made_on: str
    accepted_at: datetime
    started_at: Known = field(hash=False)
    ended_at: Known = field(hash=False)
    #: Who executed it: ``host``, ``process``, ``generation``, ``since``.
    executed_by: tuple[dict[str, Any], ...] = field(hash=False)
    #: ``records``, ``head`` (hash of the last record) and ``verified``.
    journal: dict[str, Any] = field(hash=False)
    #: ``used``, ``age_seconds``, ``objective_seconds``, ``met`` and ``nothing_lost``.
    recovery_point: dict[str, Any] = field(hash=False)
    #: ``seconds`` and ``phases``.
    recovery_time: dict[str, Any] = field(hash=False)
    #: ``temporary``, ``made``, ``removed``, ``left`` (ids by kind), ``untold`` and ``cleanups``.
    things: dict[str, Any] = field(hash=False)
    #: Warnings of the plan.
    findings: tuple[Finding, ...]
    consents: tuple[Consent, ...]
    members: tuple[MemberReport, ...]
    steps: tuple[StepReport, ...]
    #: Commands that lead on from here; none if nothing is left to do.
    next: tuple[str, ...]
    #: The whole report as the engine wrote it; the other fields are a view of it.
    json: str = field(repr=False, compare=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> OperationReport:
        """Reads what :meth:`to_dict` made."""
        return super().from_dict({**data, "json": json.dumps(data)})

    @classmethod
    def from_json(cls, text: str) -> OperationReport:
        """Reads a report that was kept as :attr:`json`."""
        return super().from_dict({**json.loads(text), "json": text})

    def to_dict(self) -> dict[str, Any]:
        """The whole report as JSON-compatible data."""
        whole: dict[str, Any] = json.loads(self.json)
        return whole

    def to_text(self) -> str:
        """The report for a terminal: the verdict, then tables."""
        return _native.report_text(self.json)

    def to_html(self) -> str:
        """The report as one HTML document for print and archive, with the picture; no script, no network."""
        return _native.report_html(self.json)

    def _repr_html_(self) -> str:
        """In a notebook: the page of :meth:`to_html`, in a frame."""
        return notebook.framed(self.to_html())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """In a notebook, in each form that it may want."""
        return notebook.bundle(self.to_text(), self.to_html())

    @property
    def passed(self) -> bool:
        """Whether everything went as it should, and what was only for a while is gone."""
        return self.verdict == "passed"
