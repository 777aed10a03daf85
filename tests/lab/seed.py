"""The same starting point each time: types, a network and a flavor on both sites, and a server on site-a."""

from __future__ import annotations

from typing import Any

from configuration import pool
from places import SITES
from rest import Cloud, until

VOLUME_TYPE, SYNC_TYPE, GROUP_TYPE = "replicated-ssd", "replicated-sync", "replicated-cg"
FLAVOR, SERVER = "m1.small", "web-server-1"
#: Types that nothing is protected with: one that the same backend offers, one that no backend does.
PLAIN_TYPE, UNOFFERED_TYPE = "plain-ssd", "nowhere"
#: By site: the network for servers, one for tests that leads nowhere, and their address ranges.
NETWORKS = {
    "a": {"net-primary-web": "10.1.0.0/24", "net-isolated": "10.9.0.0/24"},
    "b": {"net-secondary-web": "10.2.0.0/24", "net-isolated": "10.9.0.0/24"},
}
#: Size of the disks in GiB; the first one boots.
DISKS = {"boot": 1, "data": 2}
_YES = "<is> True"


def _quota(cloud: Cloud) -> None:
    # what is kept as a recovery point counts, too, and that adds up
    for service, wanted in (
        ("volume", {"volumes": 500, "gigabytes": 10_000}),
        ("compute", {"instances": 100, "cores": 100}),
    ):
        cloud.call(service, "PUT", f"/os-quota-sets/{cloud.project_id}", {"quota_set": wanted})


def _types(cloud: Cloud) -> None:
    # what leaves the pod is told to stay on its backend, so the types say which it is
    on_backend = {"volume_backend_name": pool(cloud.site)}
    types = {
        VOLUME_TYPE: {"replication_enabled": _YES, "replication_type": "<in> async"},
        SYNC_TYPE: on_backend | {"replication_enabled": _YES, "replication_type": "<in> sync"},
        PLAIN_TYPE: on_backend,
        UNOFFERED_TYPE: {"volume_backend_name": "none"},
    }
    for name, specs in types.items():
        if not cloud.of_name("volume", "/types", "volume_types", name):
            cloud.post("volume", "/types", {"volume_type": {"name": name, "extra_specs": specs}})
    if not cloud.of_name("volume", "/group_types", "group_types", GROUP_TYPE):
        made = cloud.post("volume", "/group_types", {"group_type": {"name": GROUP_TYPE}})["group_type"]["id"]
        specs = {"consistent_group_snapshot_enabled": _YES, "consistent_group_replication_enabled": _YES}
        cloud.post("volume", f"/group_types/{made}/group_specs", {"group_specs": specs})


def _network(cloud: Cloud, name: str, cidr: str) -> None:
    found = cloud.of_name("network", "/networks", "networks", name)
    network = found or cloud.post("network", "/networks", {"network": {"name": name}})["network"]
    if not network["subnets"]:
        subnet = {"name": name, "network_id": network["id"], "ip_version": 4, "cidr": cidr}
        cloud.post("network", "/subnets", {"subnet": subnet})


def _flavor(cloud: Cloud) -> None:
    if not cloud.of_name("compute", "/flavors", "flavors", FLAVOR):
        shape = {"name": FLAVOR, "ram": 512, "vcpus": 1, "disk": 0}
        cloud.post("compute", "/flavors", {"flavor": shape})


def volume(cloud: Cloud, name: str, size: int, volume_type: str = VOLUME_TYPE) -> str:
    """An empty volume: there is no way to the data, so no image could be copied onto it."""
    found = cloud.of_name("volume", "/volumes", "volumes", name)
    if found is None:
        wanted = {"name": name, "size": size, "volume_type": volume_type}
        found = cloud.post("volume", "/volumes", {"volume": wanted})["volume"]
    made = str(found["id"])
    show = lambda: cloud.get("volume", f"/volumes/{made}")["volume"]["status"]  # noqa: E731
    if show() != "in-use":
        until(f"volume {name}", show, "available")
    return made


def server(cloud: Cloud, name: str, network: str, volume_type: str = VOLUME_TYPE) -> dict[str, Any]:
    """A server on that network that boots from a volume and has a second one."""
    listed = cloud.get("compute", "/servers/detail")["servers"]
    found = next((server for server in listed if server["name"] == name), None)
    if found is None:
        disks = []
        for at, (suffix, size) in enumerate(DISKS.items()):
            disk = volume(cloud, f"{name}-{suffix}", size, volume_type)
            if at == 0:
                cloud.post("volume", f"/volumes/{disk}/action", {"os-set_bootable": {"bootable": True}})
            there = {"source_type": "volume", "destination_type": "volume", "delete_on_termination": False}
            disks.append(there | {"uuid": disk, "boot_index": 0 if at == 0 else -1})
        wanted = {
            "name": name,
            "flavorRef": cloud.id_of("compute", "/flavors", "flavors", FLAVOR),
            "networks": [{"uuid": cloud.id_of("network", "/networks", "networks", network)}],
            "block_device_mapping_v2": disks,
            "metadata": {"owner": "lab"},
        }
        found = cloud.post("compute", "/servers", {"server": wanted})["server"]
    show = f"/servers/{found['id']}"
    until(f"server {name}", lambda: str(cloud.get("compute", show)["server"]["status"]), "ACTIVE")
    return dict(cloud.get("compute", show)["server"])


def seed() -> None:
    """Puts it there; what is there already is left alone."""
    for site in SITES:
        cloud = Cloud(site)
        _quota(cloud)
        _types(cloud)
        for name, cidr in NETWORKS[site].items():
            _network(cloud, name, cidr)
        _flavor(cloud)
        types = f"volume types {VOLUME_TYPE}, {SYNC_TYPE} and {PLAIN_TYPE}, group type {GROUP_TYPE}"
        print(f"site-{site}: {types}, networks {', '.join(NETWORKS[site])}")
        if site == "a":
            made = server(cloud, SERVER, "net-primary-web")
            print(f"site-a: server {SERVER} {made['status']} {made['id']}")
