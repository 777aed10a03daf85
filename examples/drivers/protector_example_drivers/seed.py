"""Two sites to try the drivers on, with one server."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from protector.engine.cloud.values import ImportRequest, PortSpec, ServerSpec
from protector.engine.driver import AlreadyDone, CallContext, Done, Outcome
from protector.exceptions import InternalError
from protector_example_drivers.array import Array
from protector_example_drivers.cloud import DirectoryCloud
from protector_example_drivers.records import Records
from protector_example_drivers.replication import now
from protector_example_drivers.shown import GIB

#: Network and range of each site.
SITES = {"site-a": ("net-a", "192.168.10.0/24"), "site-b": ("net-b", "192.168.20.0/24")}
SERVER = "web-1"
#: Device → name and GiB. The files are sparse: they take what is written.
VOLUMES = {"vda": ("web-1-os", 2), "vdb": ("web-1-data", 4)}

_CONFIGURATION = """\
[DEFAULT]
state_path = {directory}/state

[engine]
storage_driver = sparse-files
cloud_driver = directory
local_site = site-a

[storage]
fernet_key_repository = {directory}/fernet-keys

[driver:sparse-files]
directory = {directory}/arrays

[driver:directory]
directory = {directory}/clouds
arrays = {directory}/arrays

[site:site-a]

[site:site-b]
"""


def seed(directory: Path) -> str:
    """Makes two sites in a directory, and a server at site-a that boots from a volume; their protector.conf.

    Raises ``AlreadyExists`` if it has been done there before.
    """
    directory = directory.resolve()
    for site, (network, cidr) in SITES.items():
        array(directory, site).create()
        Records(directory / "clouds" / f"{site}.json", f"cloud '{site}'").create(empty(site, network, cidr))
    (directory / "state").mkdir(mode=0o700, exist_ok=True)
    _add_server(cloud(directory, "site-a"), array(directory, "site-a"))
    return _CONFIGURATION.format(directory=directory)


def array(directory: Path, site: str) -> Array:
    return Array(directory / "arrays" / site)


def cloud(directory: Path, site: str) -> DirectoryCloud:
    return DirectoryCloud(directory / "clouds" / f"{site}.json", array(directory, site))


def empty(site: str, network: str, cidr: str) -> dict[str, Any]:
    """A cloud without servers. Two volume types: what replicates and what does not."""
    backend = f"sparse@{site}"
    replicated = {"replication_enabled": "<is> True", "replication_type": "<in> async"}
    test_network = {"id": _id(), "cidrs": ["10.99.0.0/24"]}
    return {
        "backend": backend,
        "volume_types": {
            "plain": {"id": _id(), "extra_specs": {"volume_backend_name": backend}},
            "replicated": {"id": _id(), "extra_specs": {"volume_backend_name": backend, **replicated}},
        },
        "networks": {network: {"id": _id(), "cidrs": [cidr]}, "net-test": test_network},
        "flavors": {
            "small": {"id": _id(), "vcpus": 1, "ram_mib": 2048, "disk_gib": 0},
            "large": {"id": _id(), "vcpus": 4, "ram_mib": 8192, "disk_gib": 0},
        },
        "security_groups": ["default", "web"],
        "key_pairs": ["operator"],
        "quota": {"servers": 10, "vcpus": 20, "ram_mib": 65536, "volumes": 50, "volume_gib": 1000},
        "groups": {},
        "volumes": {},
        "ports": {},
        "servers": {},
    }


def _add_server(home: DirectoryCloud, behind: Array) -> None:
    context = CallContext(op_key="seed", epoch=0, deadline=now())
    volumes = []
    for device, (name, size_gib) in VOLUMES.items():
        array_volume = behind.create_volume(name, size_gib * GIB)
        behind.write(array_volume, 0, f"{name}, as it was at the beginning".encode())
        request = ImportRequest(array_volume, name, name, "replicated", bootable=device == "vda")
        volumes.append((device, _made(home.import_volume(context, request)).id))
    spec = PortSpec(f"{SERVER}-port", None, SITES["site-a"][0], (), ("default", "web"))
    port = _made(home.ensure_port(context, spec))
    server = ServerSpec("seed", SERVER, "small", (port.id,), tuple(volumes), "operator", {})
    home.ensure_server(context, server)


def _made(outcome: Outcome[Any]) -> Any:
    if isinstance(outcome, Done | AlreadyDone):
        return outcome.value
    raise InternalError("nothing here takes time")


def _id() -> str:
    return str(uuid.uuid4())
