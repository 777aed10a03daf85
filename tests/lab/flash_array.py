"""A simulated FlashArray as its administrator sees it."""

from __future__ import annotations

import json
import ssl
import urllib.request
from typing import Any

from places import ARRAYS

_ANYONE = ssl._create_unverified_context()


class Array:
    """A session on one of them, by its name."""

    def __init__(self, name: str) -> None:
        served = json.loads(ARRAYS.read_text(encoding="utf-8"))["arrays"]
        array = next(array for array in served if array["name"] == name)
        self._url = f"{array['url']}/api/2.37"
        self._headers = {"api-token": array["api_token"]}
        with self._send("POST", "login") as reply:
            self._headers = {"x-auth-token": reply.headers["x-auth-token"]}

    def _send(self, method: str, path: str) -> Any:
        headers = self._headers | {"Content-Type": "application/json"}
        data = None if method == "GET" else b"{}"
        request = urllib.request.Request(f"{self._url}/{path}", data, headers, method=method)
        return urllib.request.urlopen(request, timeout=30, context=_ANYONE)

    def items(self, path: str) -> list[dict[str, Any]]:
        with self._send("GET", path) as reply:
            return list(json.load(reply)["items"])

    def names(self, path: str) -> frozenset[str]:
        """What of that kind was not destroyed."""
        return frozenset(item["name"] for item in self.items(path) if not item.get("destroyed"))

    def connected(self) -> frozenset[str]:
        """Volumes that a host can write to."""
        return frozenset(item["volume"]["name"] for item in self.items("connections"))

    def stretch(self, pod: str, other: str) -> None:
        """Makes a pod, unless it is there, and puts it onto the other array, too."""
        if pod in self.names("pods"):
            return
        self._send("POST", f"pods?names={pod}").close()
        self._send("POST", f"pods/arrays?group_names={pod}&member_names={other}").close()
