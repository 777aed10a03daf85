"""Microversions: ``OpenStack-API-Version: protector 1.3``.

* 1.0: everything that is not named below.
* 1.1: plans without accepting them; what unplanned failovers left behind.
* 1.2: the details of health.
* 1.3: health of one group, mappings, letting one site win over the other, drift of policies, reports and pictures of
  operations, moving everything that runs on a site.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import falcon

HEADER = "OpenStack-API-Version"
SERVICE = "protector"
#: One entry of the header: a service, and a version of it.
ENTRY = r"([a-z][a-z-]{0,63}) (latest|[0-9]{1,4}\.[0-9]{1,4})"


class Version(NamedTuple):
    """A microversion."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


MINIMUM = Version(1, 0)
MAXIMUM = Version(1, 3)
#: All of them, oldest first.
OFFERED = tuple(Version(1, minor) for minor in range(MINIMUM.minor, MAXIMUM.minor + 1))


def asked_for(header: str | None) -> Version:
    """The version that a header asks for; without one the oldest, as everywhere in OpenStack.

    The header may hold entries of other services. Raises a 400 for one that cannot be read and a 406 outside the range.

    >>> asked_for("compute 2.95, protector 1.1")
    Version(major=1, minor=1)
    """
    if header is None:
        return MINIMUM
    entries = [re.fullmatch(ENTRY, entry.strip()) for entry in header.split(",")]
    ours = [entry[2] for entry in entries if entry and entry[1] == SERVICE]
    if None in entries or len(ours) > 1:
        raise falcon.HTTPBadRequest(description=f"{HEADER} must be '{SERVICE} <major>.<minor>', once")
    text = ours[0] if ours else str(MINIMUM)
    version = MAXIMUM if text == "latest" else Version(*map(int, text.split(".")))
    if not MINIMUM <= version <= MAXIMUM:
        raise falcon.HTTPNotAcceptable(
            description=f"version {version} is not offered; {HEADER} may name {MINIMUM} to {MAXIMUM}"
        )
    return version


def document(url: str) -> dict[str, Any]:
    """What ``GET /`` tells."""
    version = {
        "id": "v1.0",
        "status": "CURRENT",
        "version": str(MAXIMUM),
        "min_version": str(MINIMUM),
        "links": [{"rel": "self", "href": f"{url}/v1/"}, {"rel": "describedby", "href": f"{url}/openapi.json"}],
    }
    return {"versions": [version]}


class Negotiation:
    """Reads the version of a request, and says with the answer which one it was."""

    def process_request(self, request: falcon.Request, response: falcon.Response) -> None:
        """Before routing, so that also an unknown path tells the versions."""
        response.append_header("Vary", HEADER)
        request.context.version = MINIMUM
        request.context.version = asked_for(request.get_header(HEADER))

    def process_response(
        self, request: falcon.Request, response: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Also with refusals."""
        response.set_header(HEADER, f"{SERVICE} {request.context.version}")
