"""A planned failover as a capable engineer scripts it: openstacksdk and py-pure-client, one thing after another.

It does what Protector does, without looking whether anything is there already and without a journal: stop, replicate,
cut off, clone, take over, group, boot, check, replicate back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import openstack
import seed
from places import ARRAYS, CLOUDS
from pypureclient import flasharray
from pypureclient.configuration import Configuration
from pypureclient.flasharray import (
    ProtectionGroup,
    ProtectionGroupSnapshot,
    Reference,
    ReplicationSchedule,
    TargetProtectionGroupPostPatch,
    VolumePost,
)

#: Between two looks.
PAUSE = 0.5
PATIENCE = 300.0


def done(reply: Any) -> Any:
    if reply.status_code not in (200, 202):
        raise SystemExit(f"refused: {reply}")
    return reply


def items(reply: Any) -> list[Any]:
    return list(done(reply).items)


def until(what: str, is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > end:
            raise SystemExit(f"{what} does not come")
        time.sleep(PAUSE)


def client(name: str) -> Any:
    """A session on an array, over a connection that it verifies."""
    array = next(each for each in json.loads(ARRAYS.read_text(encoding="utf-8"))["arrays"] if each["name"] == name)
    trust = Configuration(ssl_ca_cert=array["ca_cert"])
    trust.verify_ssl = True
    address = array["url"].removeprefix("https://")
    return flasharray.Client(target=address, api_token=array["api_token"], configuration=trust)


def replicated(group: str, source: Any, source_name: str, target: Any) -> str:
    """A snapshot of the group that has arrived, by its name there."""
    body = ProtectionGroupSnapshot()
    reply = source.post_protection_group_snapshots(
        source_names=[group], replicate_now=True, protection_group_snapshot=body
    )
    name = f"{source_name}:{items(reply)[0].name}"

    def arrived() -> bool:
        transfers = target.get_protection_group_snapshots_transfer(names=[name])
        found = list(transfers.items) if transfers.status_code == 200 else []
        return bool(found) and getattr(found[0], "completed", None) is not None

    until(name, arrived)
    return name


class FailOver:
    """Servers of a group that has been replicated to ``arr-b``."""

    def __init__(self, group: str, names: list[str]) -> None:
        self.group = f"pg-{group}"
        self.names = names
        config = openstack.config.OpenStackConfig(config_files=[str(CLOUDS)])
        self.here, self.there = (
            openstack.connection.Connection(config=config.get_one(cloud=cloud)) for cloud in ("site-a", "site-b")
        )
        self.array_here, self.array_there = client("arr-a"), client("arr-b")
        self.servers = {server.name: server for server in self.here.compute.servers()}
        self.snapshot = ""
        #: By server, its volumes at the other site.
        self.taken_over: dict[str, list[str]] = {name: [] for name in names}

    def volumes_of(self, name: str) -> list[Any]:
        attached = self.here.compute.volume_attachments(self.servers[name])
        found = [self.here.block_storage.get_volume(each.volume_id) for each in attached]
        return sorted(found, key=lambda volume: volume.attachments[0]["device"])

    def run(self) -> None:
        for name in self.names:
            self.stop(name)
        self.snapshot = replicated(self.group, self.array_here, "arr-a", self.array_there)
        disks = {name: self.volumes_of(name) for name in self.names}
        for name in self.names:
            for volume in disks[name]:
                self.cut_off(volume)
        for name in self.names:
            for volume in disks[name]:
                self.take_over(name, volume, self.clone(volume))
        self.into_a_group()
        for name in self.names:
            self.boot(name)
        for name in self.names:
            self.check(name, len(disks[name]))
        self.replicate_back()

    def stop(self, name: str) -> None:
        server = self.servers[name]
        self.here.compute.stop_server(server)
        until(f"the end of {name}", lambda: self.here.compute.get_server(server.id).status == "SHUTOFF")

    def cut_off(self, volume: Any) -> None:
        on_array = f"volume-{volume.id}-cinder"
        for connection in items(self.array_here.get_connections(volume_names=[on_array])):
            done(self.array_here.delete_connections(volume_names=[on_array], host_names=[connection.host.name]))

    def clone(self, volume: Any) -> str:
        name = f"hand-{volume.id}"
        source = f"{self.snapshot}.volume-{volume.id}-cinder"
        body = VolumePost(source=Reference(name=source))
        items(self.array_there.post_volumes(names=[name], volume=body, with_default_protection=False))
        return name

    def take_over(self, name: str, volume: Any, clone: str) -> None:
        cinder = self.there.block_storage
        wanted = {
            "host": self.pool(),
            "ref": {"source-name": clone},
            "name": volume.name,
            "volume_type": seed.VOLUME_TYPE,
            "bootable": volume.is_bootable,
        }
        reply = cinder.post("/manageable_volumes", json={"volume": wanted}, microversion="3.8")
        made = done(reply).json()["volume"]["id"]
        until(volume.name, lambda: cinder.get_volume(made).status == "available")
        self.taken_over[name].append(made)

    def pool(self) -> str:
        reply = self.there.block_storage.get("/scheduler-stats/get_pools")
        return str(reply.json()["pools"][0]["name"])

    def into_a_group(self) -> None:
        cinder = self.there.block_storage
        kinds = {
            each["name"]: each["id"] for each in cinder.get("/group_types", microversion="3.71").json()["group_types"]
        }
        types = {each.name: each.id for each in cinder.types()}
        wanted = {
            "name": self.group,
            "group_type": kinds[seed.GROUP_TYPE],
            "volume_types": [types[seed.VOLUME_TYPE]],
        }
        made = cinder.post("/groups", json={"group": wanted}, microversion="3.71").json()["group"]["id"]
        ready = lambda: cinder.get(f"/groups/{made}", microversion="3.71").json()["group"]["status"] == "available"  # noqa: E731
        until("the group", ready)
        for volumes in self.taken_over.values():
            for volume in volumes:
                body = {"group": {"add_volumes": volume}}
                done(cinder.put(f"/groups/{made}", json=body, microversion="3.71"))
                until("the group", ready)

    def boot(self, name: str) -> None:
        network = self.there.network.find_network("net-secondary-web")
        port = self.there.network.create_port(network_id=network.id, name=f"{name}-port")
        disks = [
            {
                "uuid": volume,
                "source_type": "volume",
                "destination_type": "volume",
                "boot_index": 0 if at == 0 else -1,
                "delete_on_termination": False,
            }
            for at, volume in enumerate(self.taken_over[name])
        ]
        server = self.there.compute.create_server(
            name=name,
            flavor_id=self.there.compute.find_flavor(seed.FLAVOR).id,
            networks=[{"port": port.id}],
            block_device_mapping=disks,
            metadata=self.servers[name].metadata,
        )
        until(name, lambda: self.there.compute.get_server(server.id).status == "ACTIVE")
        self.servers[name] = server

    def check(self, name: str, disks: int) -> None:
        server = self.there.compute.get_server(self.servers[name].id)
        attached = list(self.there.compute.volume_attachments(server))
        if server.status != "ACTIVE" or len(attached) != disks:
            raise SystemExit(f"{name}: {server.status} with {len(attached)} of {disks} disks")

    def replicate_back(self) -> None:
        there, here = self.array_there, self.array_here
        off = ProtectionGroup(replication_schedule=ReplicationSchedule(enabled=False))
        items(here.patch_protection_groups(names=[self.group], protection_group=off))
        items(there.post_protection_groups(names=[self.group]))
        for volumes in self.taken_over.values():
            for volume in volumes:
                name = f"volume-{volume}-cinder"
                items(there.post_protection_groups_volumes(group_names=[self.group], member_names=[name]))
        items(there.post_protection_groups_targets(group_names=[self.group], member_names=["arr-a"]))
        back = f"arr-b:{self.group}"
        until(back, lambda: here.get_protection_groups(names=[back]).status_code == 200)
        allowed = TargetProtectionGroupPostPatch(allowed=True)
        items(here.patch_protection_groups_targets(group_names=[back], member_names=["arr-a"], target=allowed))
        on = ProtectionGroup(replication_schedule=ReplicationSchedule(enabled=True, frequency=300_000))
        items(there.patch_protection_groups(names=[self.group], protection_group=on))
        replicated(self.group, there, "arr-b", here)


def fail_over(group: str, names: list[str]) -> float:
    """Seconds that it takes."""
    prepared = FailOver(group, names)
    began = time.monotonic()
    prepared.run()
    return time.monotonic() - began
