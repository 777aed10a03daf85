"""How the records of a cloud are shown."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from protector.engine.cloud.values import (
    AttachedVolume,
    ConsistencyGroup,
    Flavor,
    FlavorShape,
    Nic,
    Port,
    Quota,
    Server,
    Volume,
)

Content: TypeAlias = dict[str, Any]

GIB = 1 << 30


def cinder_name(volume: str) -> str:
    """What Cinder calls the array volume behind a volume."""
    return f"volume-{volume}-cinder"


def user_of(cloud: Content, volume: str) -> str | None:
    """Name of the server that a volume is attached to."""
    for server in cloud["servers"].values():
        if any(attached["volume"] == volume for attached in server["volumes"]):
            return str(server["name"])
    return None


def addresses(cloud: Content, network: str) -> set[str]:
    """Those of a network that are taken."""
    return {each for port in cloud["ports"].values() if port["network"] == network for each in port["fixed_ips"]}


def flavors(cloud: Content) -> list[Flavor]:
    return [Flavor(each["id"], name, _shape(each)) for name, each in sorted(cloud["flavors"].items())]


def _shape(flavor: Content) -> FlavorShape:
    return FlavorShape(flavor["vcpus"], flavor["ram_mib"], flavor["disk_gib"])


def quota(cloud: Content) -> Quota:
    """Limits less what is in use."""
    in_use = [cloud["flavors"][server["flavor"]] for server in cloud["servers"].values()]
    used = {
        "servers": len(in_use),
        "vcpus": sum(flavor["vcpus"] for flavor in in_use),
        "ram_mib": sum(flavor["ram_mib"] for flavor in in_use),
        "volumes": len(cloud["volumes"]),
        "volume_gib": sum(volume["size_gib"] for volume in cloud["volumes"].values()),
    }
    return Quota(**{what: max(0, limit - used[what]) for what, limit in cloud["quota"].items()})


def group(cloud: Content, id_: str) -> ConsistencyGroup:
    found = cloud["groups"][id_]
    volumes = tuple(volume for volume, each in cloud["volumes"].items() if each["group"] == id_)
    return ConsistencyGroup(id_, found["name"], found["volume_type"], cloud["backend"], "available", volumes)


def volume(cloud: Content, id_: str) -> Volume:
    found = cloud["volumes"][id_]
    state: Literal["creating", "in-use", "available"] = "in-use" if user_of(cloud, id_) else "available"
    return Volume(
        id=id_,
        name=found["name"],
        size_gib=found["size_gib"],
        volume_type=found["volume_type"],
        backend=cloud["backend"],
        state=state if found["is_managed"] else "creating",
        group=found["group"],
        array_volume=found["array_volume"],
        array_volume_id=found["array_volume_id"],
    )


def port(cloud: Content, id_: str) -> Port:
    found = cloud["ports"][id_]
    return Port(id_, found["name"], found["network"], tuple(found["fixed_ips"]))


def server(cloud: Content, id_: str) -> Server:
    found = cloud["servers"][id_]
    ports = {port: cloud["ports"][port] for port in found["ports"] if port in cloud["ports"]}
    return Server(
        id=id_,
        name=found["name"],
        state=found["state"],
        flavor=found["flavor"],
        flavor_shape=_shape(cloud["flavors"][found["flavor"]]),
        nics=tuple(
            Nic(id_, each["network"], _mac_address(id_), tuple(each["fixed_ips"])) for id_, each in ports.items()
        ),
        volumes=tuple(
            AttachedVolume(
                attached["device"],
                position == 0,
                attached["delete_on_termination"],
                volume(cloud, attached["volume"]),
            )
            for position, attached in enumerate(found["volumes"])
        ),
        key_name=found["key_name"],
        availability_zone="nova",
        security_groups=tuple(sorted({name for each in ports.values() for name in each["security_groups"]})),
        metadata=found["metadata"],
    )


def _mac_address(port: str) -> str:
    """Neutron's prefix, and the first digits of the port's id."""
    return ":".join(["fa:16:3e", port[0:2], port[2:4], port[4:6]])
