"""Clouds that are JSON files, with the arrays of sparse files under them. Servers are records: nothing boots."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from protector.engine.cloud import Cloud
from protector.engine.cloud.values import (
    SERVER_OP_KEY,
    CloudInfo,
    ConsistencyGroup,
    ConsistencyGroupSpec,
    Flavor,
    ImportRequest,
    Network,
    Port,
    PortSpec,
    Quota,
    Server,
    ServerSpec,
    Volume,
    VolumeType,
)
from protector.engine.driver import AlreadyDone, CallContext, Done, DriverOptions, Outcome
from protector.exceptions import Conflict, DataSafety, InvalidRequest, LimitReached, NotFound, PreconditionFailed
from protector_example_drivers import shown
from protector_example_drivers.array import Array
from protector_example_drivers.records import Records, directories
from protector_example_drivers.shown import GIB, Content


class DirectoryCloud(Cloud):
    """``[driver:directory] directory`` holds a file ``<site>.json`` for each cloud, ``arrays`` the arrays under them.

    What reads is ``async``, as over an asynchronous HTTP client; what changes is not. A driver may have both.
    """

    def __init__(self, file: Path, array: Array) -> None:
        self._site = file.stem
        self._array = array
        self._records = Records(file, f"cloud '{self._site}'")

    @classmethod
    def open(cls, site: str, options: DriverOptions) -> DirectoryCloud:
        directory, arrays = directories(options, "directory", "directory", "arrays")
        return cls(directory / f"{site}.json", Array(arrays / site))

    @property
    def endpoint(self) -> str:
        return str(self._records.path)

    # what it sees

    async def ping(self) -> CloudInfo:
        self._records.read()
        return CloudInfo(self._site, datetime.now(timezone.utc))

    async def volume_types(self) -> list[VolumeType]:
        types = self._records.read()["volume_types"].items()
        return [VolumeType(each["id"], name, each["extra_specs"]) for name, each in sorted(types)]

    async def networks(self) -> list[Network]:
        networks = self._records.read()["networks"].items()
        return [Network(each["id"], name, tuple(each["cidrs"])) for name, each in sorted(networks)]

    async def flavors(self) -> list[Flavor]:
        return shown.flavors(self._records.read())

    async def security_groups(self) -> list[str]:
        return sorted(self._records.read()["security_groups"])

    async def quota(self) -> Quota:
        return shown.quota(self._records.read())

    async def servers(self) -> list[Server]:
        cloud = self._records.read()
        found = [shown.server(cloud, each) for each in cloud["servers"]]
        return sorted(found, key=lambda server: (server.name, server.id))

    async def server(self, server: str) -> Server | None:
        cloud = self._records.read()
        return shown.server(cloud, server) if server in cloud["servers"] else None

    async def volume(self, volume: str) -> Volume | None:
        cloud = self._records.read()
        return shown.volume(cloud, volume) if volume in cloud["volumes"] else None

    async def consistency_group(self, group: str) -> ConsistencyGroup | None:
        cloud = self._records.read()
        return shown.group(cloud, group) if group in cloud["groups"] else None

    # consistency groups

    def ensure_consistency_group(self, context: CallContext, group: ConsistencyGroupSpec) -> Outcome[ConsistencyGroup]:
        with self._records.change() as cloud:
            self._type(cloud, group.volume_type)
            for id_, found in cloud["groups"].items():
                if found["name"] == group.name and found["volume_type"] == group.volume_type:
                    return AlreadyDone(shown.group(cloud, id_))
                if found["name"] == group.name:
                    raise Conflict(
                        f"group '{group.name}' of cloud '{self._site}' has the volume type '{found['volume_type']}', "
                        f"not '{group.volume_type}'"
                    )
            self._offered(cloud, group.volume_type)
            id_ = _new(cloud["groups"], {"name": group.name, "volume_type": group.volume_type})
            return Done(shown.group(cloud, id_))

    def ensure_group_members(
        self, context: CallContext, group: str, volumes: Sequence[str]
    ) -> Outcome[ConsistencyGroup]:
        with self._records.change() as cloud:
            found = self._one(cloud, "groups", group)
            if missing := [each for each in volumes if each not in cloud["volumes"]]:
                raise NotFound(f"cloud '{self._site}' has no volume {', '.join(missing)}")
            for each in volumes:
                volume = cloud["volumes"][each]
                if volume["group"] not in (None, group):
                    raise Conflict(f"volume '{each}' is in another group, '{volume['group']}'")
                if volume["volume_type"] != found["volume_type"]:
                    raise Conflict(
                        f"volume '{each}' is of type '{volume['volume_type']}', not '{found['volume_type']}'"
                    )
            if set(shown.group(cloud, group).volumes) == set(volumes):
                return AlreadyDone(shown.group(cloud, group))
            for id_, volume in cloud["volumes"].items():
                if id_ in volumes:
                    volume["group"] = group
                elif volume["group"] == group:
                    volume["group"] = None
            return Done(shown.group(cloud, group))

    def delete_consistency_group(self, context: CallContext, group: str) -> Outcome[None]:
        with self._records.change() as cloud:
            if group not in cloud["groups"]:
                return AlreadyDone(None)
            if volumes := shown.group(cloud, group).volumes:
                raise DataSafety(
                    f"group '{cloud['groups'][group]['name']}' of cloud '{self._site}' has {len(volumes)} volumes",
                    "take them out of the group first",
                )
            del cloud["groups"][group]
            return Done(None)

    # volumes

    def import_volume(self, context: CallContext, request: ImportRequest) -> Outcome[Volume]:
        with self._records.change() as cloud:
            array_id = request.array_volume_id
            id_ = next((id_ for id_, each in cloud["volumes"].items() if each["array_volume_id"] == array_id), None)
            if id_ and cloud["volumes"][id_]["is_managed"]:
                return AlreadyDone(shown.volume(cloud, id_))
            id_ = id_ or self._new_volume(cloud, request)
        # it is on record before the array is touched, so a repeat goes on from here
        self._array.rename_volume(array_id, shown.cinder_name(id_))
        with self._records.change() as cloud:
            cloud["volumes"][id_].update(is_managed=True, array_volume=shown.cinder_name(id_))
            return Done(shown.volume(cloud, id_))

    def _new_volume(self, cloud: Content, request: ImportRequest) -> str:
        self._offered(cloud, request.volume_type)
        behind = self._array.read().volumes.get(request.array_volume_id)
        if behind is None or behind.destroyed or behind.name != request.array_volume:
            raise NotFound(
                f"array '{self._array.name}' has no volume '{request.array_volume}' with id '{request.array_volume_id}'"
            )
        size_gib = -(-self._array.path(behind.id).stat().st_size // GIB)
        self._require(cloud, volumes=1, volume_gib=size_gib)
        volume = {
            "name": request.name,
            "size_gib": size_gib,
            "volume_type": request.volume_type,
            "bootable": request.bootable,
            "group": None,
            "array_volume": behind.name,
            "array_volume_id": behind.id,
            "is_managed": False,
        }
        return _new(cloud["volumes"], volume)

    def retype_volume(self, context: CallContext, volume: str, volume_type: str) -> Outcome[Volume]:
        with self._records.change() as cloud:
            found = self._one(cloud, "volumes", volume)
            self._type(cloud, volume_type)
            if found["volume_type"] == volume_type:
                return AlreadyDone(shown.volume(cloud, volume))
            if found["group"]:
                raise Conflict(
                    f"volume '{volume}' is in group '{found['group']}', whose type it must have",
                    "take it out of the group first",
                )
            self._offered(cloud, volume_type)
            found["volume_type"] = volume_type
            return Done(shown.volume(cloud, volume))

    def release_volume(self, context: CallContext, volume: str) -> Outcome[None]:
        with self._records.change() as cloud:
            if volume not in cloud["volumes"]:
                return AlreadyDone(None)
            if server := shown.user_of(cloud, volume):
                raise PreconditionFailed(f"volume '{volume}' is attached to server '{server}'")
            if group := cloud["volumes"][volume]["group"]:
                raise PreconditionFailed(f"volume '{volume}' is in group '{group}'", "take it out of the group first")
            array_id = cloud["volumes"][volume]["array_volume_id"]
            self._array.rename_volume(array_id, f"{shown.cinder_name(volume)}-unmanaged")
            del cloud["volumes"][volume]
            return Done(None)

    # ports

    def ensure_port(self, context: CallContext, port: PortSpec) -> Outcome[Port]:
        with self._records.change() as cloud:
            network = self._one(cloud, "networks", port.network)
            ports = cloud["ports"]
            reuse = ports.get(port.reuse)
            if port.reuse and reuse and reuse["network"] == port.network and not reuse["server"]:
                return AlreadyDone(shown.port(cloud, port.reuse))
            for id_, each in ports.items():
                if (each["name"], each["network"]) == (port.name, port.network):
                    return AlreadyDone(shown.port(cloud, id_))
            wanted = self._fitting(cloud, network, port) or [self._free(cloud, network, port.network)]
            groups = [name for name in port.security_groups if name in cloud["security_groups"]]
            record = {"name": port.name, "network": port.network, "fixed_ips": wanted, "security_groups": groups}
            return Done(shown.port(cloud, _new(ports, {**record, "server": None})))

    def _fitting(self, cloud: Content, network: Content, port: PortSpec) -> list[str]:
        """The wanted addresses that lie in the network's ranges."""
        ranges = [ipaddress.ip_network(cidr) for cidr in network["cidrs"]]
        fitting = [each for each in port.fixed_ips if any(ipaddress.ip_address(each) in cidr for cidr in ranges)]
        for address in fitting:
            if address in shown.addresses(cloud, port.network):
                raise Conflict(f"address {address} of network '{port.network}', wanted for '{port.name}', is taken")
        return fitting

    def _free(self, cloud: Content, network: Content, name: str) -> str:
        taken = shown.addresses(cloud, name)
        for cidr in network["cidrs"]:
            # the first one is the router's
            for address in list(ipaddress.ip_network(cidr).hosts())[1:]:
                if str(address) not in taken:
                    return str(address)
        raise LimitReached(f"network '{name}' of cloud '{self._site}' has no free address")

    def delete_port(self, context: CallContext, port: str) -> Outcome[None]:
        with self._records.change() as cloud:
            return Done(None) if cloud["ports"].pop(port, None) else AlreadyDone(None)

    # servers

    def stop_server(self, context: CallContext, server: str) -> Outcome[None]:
        return self._set_state(server, "SHUTOFF")

    def start_server(self, context: CallContext, server: str) -> Outcome[None]:
        return self._set_state(server, "ACTIVE")

    def _set_state(self, server: str, state: str) -> Outcome[None]:
        with self._records.change() as cloud:
            found = self._one(cloud, "servers", server)
            if found["state"] == state:
                return AlreadyDone(None)
            found["state"] = state
            return Done(None)

    def ensure_server(self, context: CallContext, server: ServerSpec) -> Outcome[Server]:
        with self._records.change() as cloud:
            for id_, found in cloud["servers"].items():
                if found["metadata"].get(SERVER_OP_KEY) == server.op_key:
                    return AlreadyDone(shown.server(cloud, id_))
            self._refuse_unusable(cloud, server)
            flavor = cloud["flavors"][server.flavor]
            self._require(cloud, servers=1, vcpus=flavor["vcpus"], ram_mib=flavor["ram_mib"])
            record = {
                "name": server.name,
                "state": "ACTIVE",
                "flavor": server.flavor,
                "key_name": server.key_name if server.key_name in cloud["key_pairs"] else None,
                "metadata": {**server.metadata, SERVER_OP_KEY: server.op_key},
                "ports": list(server.ports),
                "volumes": [
                    {"device": device, "volume": volume, "delete_on_termination": False}
                    for device, volume in server.volumes
                ],
            }
            id_ = _new(cloud["servers"], record)
            for port in server.ports:
                cloud["ports"][port]["server"] = id_
            return Done(shown.server(cloud, id_))

    def _refuse_unusable(self, cloud: Content, server: ServerSpec) -> None:
        self._one(cloud, "flavors", server.flavor)
        for port in server.ports:
            if user := self._one(cloud, "ports", port)["server"]:
                raise Conflict(f"port '{port}' is bound to server '{user}'")
        for _, volume in server.volumes:
            self._one(cloud, "volumes", volume)
            if other := shown.user_of(cloud, volume):
                raise Conflict(f"volume '{volume}' is attached to server '{other}'")
        if not server.volumes:
            raise InvalidRequest(f"server '{server.name}' has no volume to boot from")
        if not cloud["volumes"][server.volumes[0][1]]["bootable"]:
            raise PreconditionFailed(f"volume '{server.volumes[0][1]}' of server '{server.name}' is not bootable")

    def delete_server(self, context: CallContext, server: str) -> Outcome[None]:
        with self._records.change() as cloud:
            if server not in cloud["servers"]:
                return AlreadyDone(None)
            found = cloud["servers"][server]
            for attached in found["volumes"]:
                if attached["delete_on_termination"]:
                    raise DataSafety(
                        f"volume '{attached['volume']}' would be deleted together with server '{found['name']}'",
                        f"set delete_on_termination to false in '{self._records.path}'",
                    )
            for port in found["ports"]:
                if port in cloud["ports"]:
                    cloud["ports"][port]["server"] = None
            del cloud["servers"][server]
            return Done(None)

    # what others ask for

    def _one(self, cloud: Content, kind: str, key: str) -> Content:
        if key not in cloud[kind]:
            raise NotFound(f"cloud '{self._site}' has no '{key}' among its {kind}")
        found: Content = cloud[kind][key]
        return found

    def _type(self, cloud: Content, volume_type: str) -> Content:
        return self._one(cloud, "volume_types", volume_type)

    def _offered(self, cloud: Content, volume_type: str) -> None:
        if self._type(cloud, volume_type)["extra_specs"].get("volume_backend_name") != cloud["backend"]:
            raise PreconditionFailed(f"no backend of cloud '{self._site}' offers the volume type '{volume_type}'")

    def _require(self, cloud: Content, **need: int) -> None:
        left = shown.quota(cloud)
        for what, count in need.items():
            limit = getattr(left, what)
            if limit is not None and count > limit:
                raise LimitReached(f"quota of cloud '{self._site}': {count} more {what} are needed, {limit} are left")


def _new(records: dict[str, Any], record: Content) -> str:
    id_ = str(uuid.uuid4())
    records[id_] = record
    return id_
