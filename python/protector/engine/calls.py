"""What the parts of the engine share: the native engine behind them, and how arguments and callbacks reach it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from protector import _native
from protector.values import Event

if TYPE_CHECKING:
    from typing import TypeAlias

ReplicationType: TypeAlias = Literal["async", "sync"]
FailoverType: TypeAlias = Literal["planned", "unplanned"]
GraphFormat: TypeAlias = Literal["mermaid", "dot", "svg", "html"]
#: Name on the site that is left → name on the site that is reached.
NameMap: TypeAlias = Mapping[str, str]
#: Called in the calling thread with each event of a running operation. If it raises, the operation stops at the next
#: safe place and the exception comes out of the call.
Progress: TypeAlias = Callable[[Event], object]


class Part:
    """A part of the engine: the calls about one kind of thing."""

    _native: _native.Engine


def reports(progress: Progress | None) -> Callable[[str], object] | None:
    """The callback for events as JSON."""
    return None if progress is None else lambda text: progress(Event.from_json(text))


def to_json(**fields: Any) -> str:
    """JSON of the fields that were given."""
    return json.dumps({name: value for name, value in fields.items() if value is not None})


def mappings_of(networks: NameMap | None, flavors: NameMap | None) -> dict[str, dict[str, str]]:
    """Mappings as the engine reads them."""
    return {"networks": dict(networks or {}), "flavors": dict(flavors or {})}
