"""What there is at a site: in its cloud and on its array. What was destroyed and waits for its end counts as gone."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from places import ARRAYS
from rest import Cloud

_ANYONE = ssl._create_unverified_context()


class Array:
    """A FlashArray as its administrator sees it."""

    def __init__(self, name: str) -> None:
        served = json.loads(ARRAYS.read_text(encoding="utf-8"))["arrays"]
        array = next(array for array in served if array["name"] == name)
        self._url = f"{array['url']}/api/2.37"
        request = urllib.request.Request(f"{self._url}/login", b"", {"api-token": array["api_token"]}, method="POST")
        with urllib.request.urlopen(request, timeout=30, context=_ANYONE) as reply:
            self._headers = {"x-auth-token": reply.headers["x-auth-token"]}

    def items(self, path: str) -> list[dict[str, Any]]:
        request = urllib.request.Request(f"{self._url}/{path}", headers=self._headers)
        with urllib.request.urlopen(request, timeout=30, context=_ANYONE) as reply:
            return list(json.load(reply)["items"])

    def names(self, path: str) -> frozenset[str]:
        return frozenset(item["name"] for item in self.items(path) if not item.get("destroyed"))

    def connected(self) -> frozenset[str]:
        """Volumes that a host can write to."""
        return frozenset(item["volume"]["name"] for item in self.items("connections"))


@dataclass(frozen=True)
class Listing:
    """Each thing by its id, or by its name on the array."""

    servers: frozenset[str]
    volumes: frozenset[str]
    groups: frozenset[str]
    ports: frozenset[str]
    array_volumes: frozenset[str]
    array_groups: frozenset[str]
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
            array.connected(),
        )

    def beyond(self, earlier: Listing) -> dict[str, list[str]]:
        """What has come since; what went is not told."""
        come = {name: sorted(getattr(self, name) - getattr(earlier, name)) for name in self.__dataclass_fields__}
        return {name: things for name, things in come.items() if things}
