"""What stands for the things of a group on the other site."""

from __future__ import annotations

from protector._value import Value, value


@value
class MappingRow(Value):
    """What stands for one thing of the primary site."""

    #: ``network``, ``flavor`` or ``security-group``.
    kind: str
    #: Its name on the primary site.
    source: str
    #: What is stored to stand for it on the secondary site.
    target: str | None
    #: What could, if nothing is stored and it is clear.
    suggested: str | None
    #: What the suggestion rests on: ``name`` or ``likeness``.
    because: str | None
    #: What might, if it is not clear.
    candidates: tuple[str, ...]
    #: What is wrong with it as the clouds are now, or that it is not known.
    problem: str | None


@value
class MappingView(Value):
    """What stands for the things of a group on the other site."""

    protection_group: str
    primary_site: str
    secondary_site: str
    #: What is mapped or used by members, by kind, then by name.
    mappings: tuple[MappingRow, ...]
