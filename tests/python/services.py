"""The services as processes of their own, on loopback."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import planted
import requests
from conftest import BIN, tokens

from protector.testing import MockDeployment

LOOPBACK = """
[api]
auth_strategy = noauth
bind_host = 127.0.0.1
bind_port = 0
"""


def wait_for(what: str, look: Callable[[], Any], seconds: float = 60) -> Any:
    """What ``look`` finds, as soon as it finds something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"no {what} within {seconds:g} s"
        time.sleep(0.05)
    return found


def configure(deployment: MockDeployment, site: str, name: str, more: str) -> Path:
    """A configuration for a service of that site, beside that of the deployment. It logs everything: tests look for
    secrets in that."""
    text = deployment.config_file.read_text(encoding="utf-8").replace("local_site = site-a", f"local_site = {site}")
    text = text.replace("[DEFAULT]\n", "[DEFAULT]\ndebug = True\n")
    file = deployment.directory / f"{name}.conf"
    file.write_text(text + more, encoding="utf-8")
    return file


class Service:
    """One running service."""

    def __init__(self, program: str, config: Path, log: Path) -> None:
        self.log_file = log
        with log.open("w") as out:
            self.process = subprocess.Popen([BIN / program, "--config-file", config], stdout=out, stderr=out)

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self.log_file.read_text(encoding="utf-8")

    def logs(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Waits for a line."""

        def look() -> re.Match[str] | None:
            assert self.process.poll() is None or re.search(pattern, self.log), self.log
            return re.search(pattern, self.log)

        found: re.Match[str] = wait_for(f"line {pattern!r}", look, seconds)
        return found

    def kill(self) -> None:
        """Ends it as a power failure does."""
        self.process.kill()
        self.process.wait(timeout=30)

    def terminate(self, seconds: float = 60) -> int:
        """Stops it as systemd does."""
        self.process.terminate()
        return self.process.wait(timeout=seconds)


@contextlib.contextmanager
def running(program: str, config: Path) -> Iterator[Service]:
    """A service until the end of the context."""
    service = Service(program, config, config.with_suffix(f".{time.monotonic_ns()}.log"))
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.kill()


class Client:
    """Talks to a ``protector-api`` as everybody does: over HTTP."""

    def __init__(self, service: Service, project: str = "web") -> None:
        address = service.logs(r"listening on (http://[0-9.]+:\d+)")
        self.url, self.project = address[1], project
        self._session = requests.Session()
        self._session.headers["OpenStack-API-Version"] = "protector 1.3"

    def call(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        """The body of the answer, which must have that status."""
        answer = self._session.request(method, self.url + path, json=body, timeout=60)
        planted.saw(f"the answer to {method} {path}", f"{answer.headers} {answer.text}")
        assert status is None or answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def protect(self, deployment: MockDeployment, group: str = "prod-web", server: str = "web-server-1") -> None:
        """A group with a policy and one member."""
        groups = f"/v1/{self.project}/protection-groups"
        wanted = {
            "name": group,
            "replication_type": "async",
            "primary_site": "site-a",
            "secondary_site": "site-b",
            "volume_type": "replicated-ssd",
        }
        self.call("POST", groups, {"protection_group": wanted}, 201)
        policy = {"replication_interval": 300, "rpo_minutes": 15, **tokens(deployment)}
        self.call("PUT", f"{groups}/{group}/policy", {"policy": policy}, 200)
        member = {"instance_id": deployment.server_id(server)}
        self.call("POST", f"{groups}/{group}/members", {"member": member}, 201)

    def act(self, action: str, group: str = "prod-web", **options: Any) -> str:
        """Id of an operation that was accepted."""
        path = f"/v1/{self.project}/protection-groups/{group}/action"
        identity: str = self.call("POST", path, {action: options}, 202)["operation"]["id"]
        return identity

    def operation(self, operation: str) -> dict[str, Any]:
        """How an operation stands."""
        shown: dict[str, Any] = self.call("GET", f"/v1/{self.project}/operations/{operation}", None, 200)["operation"]
        return shown

    def ended(self, operation: str, seconds: float = 120) -> dict[str, Any]:
        """Waits for its end."""

        def look() -> dict[str, Any] | None:
            shown = self.operation(operation)
            return shown if shown["finished_at"] else None

        found: dict[str, Any] = wait_for(f"end of {operation}", look, seconds)
        return found
