"""Whether two sites agree about a group, and what it comes to if one of them wins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from protector import _native
from protector._value import Value, value


@value
class Difference(Value):
    """A field that is not the same on both sites. Of secrets it is said that they differ, and no more."""

    #: The field in words, for example ``policy: replication interval``.
    field: str
    #: Its value when both sites agreed last; ``None``: it was not there, or what they agreed on is not known.
    base: str | None
    #: Its value on the local site, or on the winner; ``None``: it is not there.
    here: str | None
    #: Its value on the other site; ``None``: it is not there.
    there: str | None
    #: Where it was changed since; empty: not known.
    changed_on: tuple[str, ...]
    #: The same in one line.
    text: str

    def __str__(self) -> str:
        return self.text


@value
class SyncStatus(Value):
    """Whether both sites agree about a group."""

    protection_group_id: str
    #: ``IN SYNC``, ``OUT OF SYNC`` or ``UNREACHABLE``.
    sync_status: str
    local_site: str
    local_version: int
    remote_site: str
    #: ``None`` if the other site did not answer or does not have the group.
    remote_version: int | None
    #: Version that both agreed on last; ``None``: not known.
    base_version: int | None
    #: How they disagree, or why the other site could not be asked.
    detail: str | None
    differences: tuple[Difference, ...]
    #: Commands that lead to agreement.
    next: tuple[str, ...]


@value
class SiteChange(Value):
    """What a site gives up and gets."""

    site: str
    loses: tuple[str, ...]
    gains: tuple[str, ...]


@value
class ReconcilePlan(Value):
    """What it would come to if one site wins. Made by the engine, and executed as it was made or not at all."""

    #: SHA-256 over the winner and what both sites hold.
    hash: str
    #: Id of the group.
    group: str
    group_name: str
    winner: str
    loser: str
    winner_version: int
    loser_version: int
    #: Version that both will be at.
    version: int
    #: Version that both agreed on last; ``None``: not known.
    base_version: int | None
    #: What differs now; ``here`` is the winner.
    differences: tuple[Difference, ...]
    #: What each site gives up and gets, the winner first.
    sites: tuple[SiteChange, ...]
    #: What nobody can undo, or has to look at afterwards.
    consequences: tuple[str, ...]
    #: How the group stands afterwards.
    outcome: str
    #: The whole plan as the engine wrote it.
    json: str = field(repr=False, compare=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ReconcilePlan:
        """Reads what :meth:`to_dict` made."""
        return super().from_dict({**data, "json": json.dumps(data)})

    @classmethod
    def from_json(cls, text: str) -> ReconcilePlan:
        """Reads a plan that was kept as :attr:`json`."""
        return super().from_dict({**json.loads(text), "json": text})

    def to_dict(self) -> dict[str, Any]:
        """The whole plan as JSON-compatible data."""
        whole: dict[str, Any] = json.loads(self.json)
        return whole

    def to_text(self) -> str:
        """The plan for people."""
        return _native.reconcile_text(self.json)
