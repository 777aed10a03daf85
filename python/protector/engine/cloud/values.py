"""What a cloud says of itself."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import Literal

from protector._value import Value, value

#: Key of a server's metadata that holds the op key it was made under.
SERVER_OP_KEY = "protector_op_key"


@value
class CloudInfo(Value):
    """What a cloud says of itself."""

    #: Name in clouds.yaml, or of whatever stands behind it.
    name: str
    #: Its own clock.
    endpoint_time: datetime


@value
class VolumeType(Value):
    """A volume type."""

    #: Id on that cloud.
    id: str
    name: str
    #: Extra specs as Cinder shows them, for example ``replication_enabled`` → ``<is> True``.
    extra_specs: dict[str, str] = field(hash=False, default_factory=dict)


@value
class FlavorShape(Value):
    """Size of a flavor."""

    vcpus: int
    ram_mib: int
    #: Root disk; 0 for boot from volume.
    disk_gib: int


@value
class Flavor(Value):
    """A flavor."""

    id: str
    name: str
    shape: FlavorShape


@value
class Network(Value):
    """A network."""

    id: str
    name: str
    #: Address ranges of its subnets.
    cidrs: tuple[str, ...]


@value
class Quota(Value):
    """What a project may still use; absent: not limited."""

    servers: int | None = None
    vcpus: int | None = None
    ram_mib: int | None = None
    volumes: int | None = None
    volume_gib: int | None = None


@value
class Volume(Value):
    """A Cinder volume."""

    id: str
    name: str
    size_gib: int
    #: Volume type by name.
    volume_type: str
    #: Cinder host without the pool, ``host@backend``.
    backend: str
    #: ``other`` never reads as good.
    state: Literal["available", "in-use", "creating", "error", "other"]
    #: Cinder group it is in.
    group: str | None = None
    #: Name on the array, from metadata or provider id; never derived from the volume id.
    array_volume: str | None = None
    #: Id on the array, where known.
    array_volume_id: str | None = None


@value
class AttachedVolume(Value):
    """A volume attached to a server."""

    #: For example ``vda``.
    device: str
    #: Whether the server boots from it.
    boot: bool
    #: Whether Nova would delete it with the server.
    delete_on_termination: bool
    volume: Volume


@value
class Nic(Value):
    """A network interface of a server."""

    port: str | None
    #: Network by name.
    network: str
    mac_address: str | None
    fixed_ips: tuple[str, ...]


@value
class Server(Value):
    """A server with all that is needed to build it again."""

    id: str
    name: str
    #: ``OTHER`` never reads as good.
    state: Literal["ACTIVE", "SHUTOFF", "BUILD", "ERROR", "OTHER"]
    #: Flavor by name.
    flavor: str
    flavor_shape: FlavorShape
    #: In order.
    nics: tuple[Nic, ...]
    #: Boot disk first, then by device.
    volumes: tuple[AttachedVolume, ...]
    #: Project that owns it; absent: the cloud does not tell.
    project: str | None = None
    key_name: str | None = None
    availability_zone: str | None = None
    #: By name.
    security_groups: tuple[str, ...] = ()
    metadata: dict[str, str] = field(hash=False, default_factory=dict)


@value
class ConsistencyGroup(Value):
    """A Cinder generic volume group."""

    id: str
    name: str
    #: Volume type by name.
    volume_type: str
    #: Backend it was placed on.
    backend: str
    status: Literal["available", "updating", "error"]
    #: Ids of its volumes.
    volumes: tuple[str, ...]


@value
class Port(Value):
    """A port."""

    id: str
    name: str
    #: Network by name.
    network: str
    fixed_ips: tuple[str, ...]


@value
class ConsistencyGroupSpec(Value):
    """A Cinder group to have."""

    #: Identifies the group for repeats.
    name: str
    #: Volume type by name.
    volume_type: str


@value
class ImportRequest(Value):
    """An array volume to take under Cinder's management."""

    #: Identifies the volume for repeats, since Cinder renames it.
    array_volume_id: str
    #: Its present name on the array.
    array_volume: str
    #: Name the Cinder volume gets.
    name: str
    #: Volume type by name.
    volume_type: str
    #: Whether a server can boot from it.
    bootable: bool


@value
class PortSpec(Value):
    """A port to have."""

    #: Identifies the port for repeats.
    name: str
    #: A port to take as it is, if it is still there, on that network and free.
    reuse: str | None
    #: Network by name.
    network: str
    #: Wanted addresses; used only where they lie in the network's ranges, else the cloud chooses.
    fixed_ips: tuple[str, ...]
    #: By name; those that do not exist there are left out.
    security_groups: tuple[str, ...]


@value
class ServerSpec(Value):
    """A server to have, booted from volumes that exist."""

    #: Servers carry it in their metadata as :data:`SERVER_OP_KEY`.
    op_key: str
    name: str
    #: Flavor by name.
    flavor: str
    #: In order.
    ports: tuple[str, ...]
    #: Device and volume, boot disk first. Never deleted with the server.
    volumes: tuple[tuple[str, ...], ...]
    #: Left out where it does not exist.
    key_name: str | None
    metadata: dict[str, str] = field(hash=False)
