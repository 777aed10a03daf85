"""A whole deployment of two simulated sites in a directory, for tests, drills and documentation; and the suites that
show whether a driver keeps its promises.

>>> with mock_deployment() as deployment:
...     engine = deployment.engine("site-b")
...     [site.name for site in engine.site_list()]
['site-a', 'site-b']
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protector import Engine, Settings, _native
from protector.conformance import Check as Check
from protector.conformance import CloudBench as CloudBench
from protector.conformance import CloudSetting as CloudSetting
from protector.conformance import CloudSubject as CloudSubject
from protector.conformance import ConformanceReport as ConformanceReport
from protector.conformance import StorageBench as StorageBench
from protector.conformance import StorageSubject as StorageSubject
from protector.conformance import cloud_conformance as cloud_conformance
from protector.conformance import driver_conformance as driver_conformance

_CONFIGURATION = """\
[DEFAULT]
state_path = {directory}

[engine]
storage_driver = mock
mock_db_path = {directory}/mock_array.db
mock_clock = {clock}
cloud_driver = mock
local_site = site-a

[storage]
fernet_key_repository = {directory}/fernet-keys
"""


@dataclass(frozen=True)
class MockDeployment:
    """Two simulated sites, ``site-a`` and ``site-b``, as the documents describe them."""

    directory: Path
    config_file: Path

    @property
    def settings(self) -> Settings:
        """The settings of the deployment."""
        return Settings.load([self.config_file])

    def engine(self, site: str = "site-a") -> Engine:
        """Opens an engine that works from ``site``."""
        return Engine(self.settings, site)

    def servers(self, site: str | None = None) -> list[dict[str, Any]]:
        """The servers of the simulated clouds, or of one of them."""
        servers: list[dict[str, Any]] = json.loads(_native.mock_servers(self.settings, site))
        return servers

    def server_id(self, name: str, site: str = "site-a") -> str:
        """Id of the server of that name."""
        return next(str(server["id"]) for server in self.servers(site) if server["name"] == name)

    def set_site(self, site: str, *, available: bool) -> None:
        """Makes a site fail as a whole, or come back."""
        _native.mock_set_site(self.settings, site, available)


@contextlib.contextmanager
def mock_deployment(
    directory: str | os.PathLike[str] | None = None,
    *,
    servers: int = 0,
    sync_servers: int = 0,
    virtual_time: bool = True,
    database: str | None = None,
) -> Iterator[MockDeployment]:
    """Makes a seeded deployment with ``servers`` servers beyond those of the documents, and ``sync_servers`` that are
    replicated synchronously.

    Without a ``directory`` it lives in a temporary one, which is removed at the end of the context. Virtual time moves
    only when the engine waits, so nothing takes long and the same calls give the same plans; with the time of the
    machine, transfers and boots take their seconds. ``database`` is what ``[database] connection`` says, with
    ``{site}`` where the name of a site belongs; without it there is a SQLite file per site.
    """
    with contextlib.ExitStack() as stack:
        where = Path(directory or stack.enter_context(tempfile.TemporaryDirectory(prefix="protector-")))
        deployment = MockDeployment(where, where / "protector.conf")
        configuration = _CONFIGURATION.format(directory=where, clock="virtual" if virtual_time else "system")
        if database is not None:
            configuration += f"\n[database]\nconnection = {database}\n"
        deployment.config_file.write_text(configuration, encoding="utf-8")
        _native.fernet_setup(deployment.settings)
        _native.db_sync(deployment.settings)
        _native.mock_seed(deployment.settings, servers, sync_servers)
        yield deployment
