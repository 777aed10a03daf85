"""A cloud over plain REST, with nothing but the standard library: what the lab sets up, looks at and compares."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from places import ADMIN_PASSWORD, REGION, keystone
from processes import LabError

#: As the newest release that the lab has; what it needs is older.
_VERSIONS = {"volume": "volume 3.71", "compute": "compute 2.96", "placement": "placement 1.36"}
_TYPES = {"volume": "volumev3", "compute": "compute", "network": "network", "placement": "placement"}


class Cloud:
    """What the administrator of a site sees."""

    def __init__(self, site: str, user: str = "admin", password: str = ADMIN_PASSWORD, project: str = "admin") -> None:
        domain = {"id": "default"}
        identity = {
            "methods": ["password"],
            "password": {"user": {"name": user, "password": password, "domain": domain}},
        }
        scope = {"project": {"name": project, "domain": domain}}
        request = {"auth": {"identity": identity, "scope": scope}}
        headers, answer = _send("POST", f"{keystone(site)}/auth/tokens", request, {})
        self.site = site
        self.project_id: str = answer["token"]["project"]["id"]
        self._token = headers["X-Subject-Token"]
        self._urls = {"identity": keystone(site)}
        for name, kind in _TYPES.items():
            for service in answer["token"]["catalog"]:
                if service["type"] == kind:
                    self._urls[name] = next(e["url"] for e in service["endpoints"] if e["interface"] == "public")
        if "network" in self._urls:
            self._urls["network"] += "/v2.0"

    def call(self, service: str, method: str, path: str, body: Any = None) -> Any:
        """The answer, read as JSON.

        Raises:
            LabError: the cloud refused; the text has what it said.
        """
        headers = {"X-Auth-Token": self._token}
        if version := _VERSIONS.get(service):
            headers["OpenStack-API-Version"] = version
        return _send(method, self._urls[service] + path, body, headers)[1]

    def get(self, service: str, path: str) -> Any:
        return self.call(service, "GET", path)

    def post(self, service: str, path: str, body: Any) -> Any:
        return self.call(service, "POST", path, body)

    def of_name(self, service: str, path: str, key: str, name: str) -> Any | None:
        """The object of that name in a list, if there is one."""
        return next((found for found in self.get(service, path)[key] if found["name"] == name), None)

    def id_of(self, service: str, path: str, key: str, name: str) -> str:
        """The id of the object of that name, which must be there."""
        found = self.of_name(service, path, key, name)
        if found is None:
            raise LabError(f"site-{self.site} has no {name} among its {key}: lab.py seed")
        return str(found["id"])


def _send(method: str, url: str, body: Any, headers: dict[str, str]) -> tuple[Any, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = headers | {"Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=90) as reply:
            text = reply.read()
            return reply.headers, json.loads(text) if text else None
    except urllib.error.HTTPError as e:
        raise LabError(f"{method} {url}: {e.code} {e.read()[:400].decode(errors='replace')}") from None
    except OSError as e:
        raise LabError(f"{method} {url}: {e}") from None


def until(what: str, read: Callable[[], str], good: str, seconds: float = 120) -> None:
    """Until a state is the good one. One in error is not waited for."""
    end = time.monotonic() + seconds
    while (state := read()) != good:
        if state.lower().startswith("error") or time.monotonic() > end:
            raise LabError(f"{what} is '{state}', not '{good}'")
        time.sleep(0.3)


def register(cloud: Cloud, services: dict[str, tuple[str, str]], password: str) -> None:
    """Users, catalogue entries and addresses: by the name of each service its type and URL."""

    def ensured(path: str, key: str, wanted: dict[str, Any]) -> str:
        found = cloud.of_name("identity", f"/{path}", path, wanted["name"])
        made = found or cloud.post("identity", f"/{path}", {key: wanted})[key]
        return str(made["id"])

    project = ensured("projects", "project", {"name": "service", "domain_id": "default"})
    for name, (kind, url) in services.items():
        user = ensured("users", "user", {"name": name, "password": password, "domain_id": "default"})
        for role in ("admin", "service"):
            role_id = ensured("roles", "role", {"name": role})
            cloud.call("identity", "PUT", f"/projects/{project}/users/{user}/roles/{role_id}")
        service = ensured("services", "service", {"name": name, "type": kind})
        there = cloud.get("identity", f"/endpoints?service_id={service}")["endpoints"]
        for interface in {"public", "internal", "admin"} - {endpoint["interface"] for endpoint in there}:
            made = {"interface": interface, "service_id": service, "region_id": REGION, "url": url}
            cloud.post("identity", "/endpoints", {"endpoint": made})
