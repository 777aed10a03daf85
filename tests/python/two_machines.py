"""Two machines, one per site: a database, keys and services for each, and nothing but HTTP between them."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services import LOOPBACK, Service, running

from protector import Engine, Settings, _native
from protector.testing import MockDeployment

QUICK = """
[engine]
poll_interval = 1
watch_interval = 1
"""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@dataclass(frozen=True)
class Machine:
    """The machine of one site."""

    site: str
    config_file: Path

    @property
    def settings(self) -> Settings:
        """What its configuration says."""
        return Settings.load([self.config_file])

    def engine(self) -> Engine:
        """An engine in this process, which reaches the other site over HTTP."""
        return Engine(self.settings)

    @contextlib.contextmanager
    def serving(self) -> Iterator[Service]:
        """Its ``protector-api``."""
        with running("protector-api", self.config_file) as service:
            service.logs("listening on")
            yield service

    @contextlib.contextmanager
    def working(self) -> Iterator[Service]:
        """Its ``protector-engine``. It may start before the other site answers."""
        with running("protector-engine", self.config_file) as service:
            service.logs(f"works for {self.site}")
            yield service


def two_machines(deployment: MockDeployment, more: str = "") -> tuple[Machine, Machine]:
    """The databases of a deployment, given to a machine each. What is simulated stays one world.

    ``more`` is configuration of both.
    """
    ports = {"site-a": free_port(), "site-b": free_port()}
    made = []
    for site, other in (("site-a", "site-b"), ("site-b", "site-a")):
        home = deployment.directory / f"machine-of-{site}"
        home.mkdir()
        (deployment.directory / f"{site}.db").rename(home / f"{site}.db")
        text = deployment.config_file.read_text(encoding="utf-8")
        text = text.replace(f"state_path = {deployment.directory}", f"state_path = {home}")
        text = text.replace("local_site = site-a", f"local_site = {site}")
        text = text.replace(f"{deployment.directory}/fernet-keys", f"{home}/fernet-keys")
        text += LOOPBACK.replace("bind_port = 0", f"bind_port = {ports[site]}") + QUICK
        text += f"[site:{site}]\ncloud = {site}\n"
        text += f"[site:{other}]\ncloud = {other}\napi_url = http://127.0.0.1:{ports[other]}\napi_timeout = 10\n"
        machine = Machine(site, home / "protector.conf")
        machine.config_file.write_text(text + more, encoding="utf-8")
        _native.fernet_setup(machine.settings)
        made.append(machine)
    return made[0], made[1]
