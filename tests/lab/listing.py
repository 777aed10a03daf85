"""What there is at a site: in its cloud and on its array. What was destroyed and waits for its end counts as gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flash_array import Array
from rest import Cloud


@dataclass(frozen=True)
class Listing:
    """Each thing by its id, or by its name on the array."""

    servers: frozenset[str]
    volumes: frozenset[str]
    groups: frozenset[str]
    ports: frozenset[str]
    array_volumes: frozenset[str]
    array_groups: frozenset[str]
    pods: frozenset[str]
    connected: frozenset[str]

    @classmethod
    def of(cls, site: str) -> Listing:
        cloud, array = Cloud(site), Array(f"arr-{site}")

        def ids(things: Iterable[dict[str, Any]]) -> frozenset[str]:
            return frozenset(thing["id"] for thing in things)

        return cls(
            ids(cloud.get("compute", "/servers/detail")["servers"]),
            ids(cloud.get("volume", "/volumes/detail")["volumes"]),
            ids(cloud.get("volume", "/groups/detail")["groups"]),
            ids(cloud.get("network", "/ports")["ports"]),
            array.names("volumes"),
            array.names("protection-groups"),
            array.names("pods"),
            array.connected(),
        )

    def beyond(self, earlier: Listing) -> dict[str, list[str]]:
        """What has come since; what went is not told."""
        come = {name: sorted(getattr(self, name) - getattr(earlier, name)) for name in self.__dataclass_fields__}
        return {name: things for name, things in come.items() if things}
