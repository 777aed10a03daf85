"""What is looked at before a group is changed, and how groups and volumes are shown."""

from __future__ import annotations

from datetime import datetime

from protector.engine.driver import CallContext
from protector.engine.storage.arrays import ArrayGroup, ArrayVolume, RecoveryPoint, Transfer
from protector.exceptions import (
    Conflict,
    NotFound,
    PendingEradication,
    PreconditionFailed,
    ProtectorException,
)
from protector_example_drivers.array import Array, Group, Snapshot, State, Volume
from protector_example_drivers.replication import consents, now


def existing(array: Array, state: State, name: str) -> Group:
    if name not in state.groups:
        raise NotFound(f"array '{array.name}' has no protection group '{name}'")
    return state.groups[name]


def changeable(array: Array, state: State, context: CallContext, name: str) -> Group:
    """A group of this array that carries a mark."""
    group = existing(array, state, name)
    note_epoch(context, group)
    if group.destroyed:
        raise pending(array, group)
    if group.source:
        raise PreconditionFailed(f"'{name}' is the image of a group of array '{group.source}', which alone changes it")
    if group.owner is None:
        raise foreign(array, group)
    return group


def note_epoch(context: CallContext, group: Group) -> None:
    """Refuses who does not know of the latest failover, and remembers who knows of a later one."""
    if context.epoch < group.epoch:
        raise Conflict(f"epoch {context.epoch} of the caller is older than epoch {group.epoch} of group '{group.name}'")
    group.epoch = context.epoch


def pending(array: Array, group: Group) -> ProtectorException:
    return PendingEradication(
        f"protection group '{group.name}' of array '{array.name}' is destroyed and not yet eradicated",
        "choose another name",
    )


def foreign(array: Array, group: Group) -> ProtectorException:
    mark = f"carries the mark of '{group.owner}'" if group.owner else "carries no mark"
    return Conflict(
        f"protection group '{group.name}' of array '{array.name}' {mark}: it belongs to somebody else",
        "choose another name",
    )


def origin(array: Array, group: Group) -> Group | None:
    """The group itself; of an image the one it is of, if that array answers."""
    if group.source is None:
        return group
    try:
        groups = Array(array.directory.parent / group.source).read().groups.values()
    except ProtectorException:
        return None
    return next((each for each in groups if each.id == group.source_group), None)


def show(array: Array, state: State, group: Group) -> ArrayGroup:
    if group.source:
        # what the group has now is known there; here it is what has arrived last
        newest = max(group.snapshots, key=lambda each: each.created, default=None)
        volumes, targets = tuple(newest.volumes if newest else ()), {array.name: group.allowed}
    else:
        volumes = tuple(state.volumes[each].name for each in group.volumes)
        # who does not answer does not allow it
        targets = {name: bool(allows) for name, allows in consents(array, group).items()}
    source = origin(array, group)
    return ArrayGroup(
        name=group.name,
        owner=group.owner,
        is_local=group.source is None,
        volumes=volumes,
        targets=targets,
        replication_interval=source.interval if source else None,
        destroyed=group.destroyed,
        observed_at=now(),
    )


def show_point(group: Group, snapshot: Snapshot) -> RecoveryPoint:
    return RecoveryPoint(
        name=f"{group.name}.{snapshot.suffix}",
        group=group.name,
        created=datetime.fromisoformat(snapshot.created),
        transfer=show_transfer(snapshot),
        volumes=tuple(snapshot.volumes),
        destroyed=group.destroyed,
        observed_at=now(),
    )


def show_transfer(snapshot: Snapshot) -> Transfer:
    if snapshot.arrived is None:
        return Transfer("local")
    return Transfer("completed", at=datetime.fromisoformat(snapshot.arrived))


def show_volume(array: Array, volume: Volume) -> ArrayVolume:
    clone = volume.clone
    return ArrayVolume(
        id=volume.id,
        name=volume.name,
        provisioned=array.path(volume.id).stat().st_size,
        cloned_from=(clone.point, clone.source) if clone else None,
        fenced=array.is_fenced(volume.id),
        destroyed=volume.destroyed,
    )
