"""Clones of recovery points: nothing is overwritten, and all are made or none."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from protector.engine.storage.requests import ClonedVolume, CloneRequest
from protector.exceptions import (
    AlreadyExists,
    InvalidRequest,
    NotFound,
    PendingEradication,
    PreconditionFailed,
    ProtectorException,
)
from protector_example_drivers.array import Array, Clone, Group, Snapshot, State, Volume, copy_files


def find_point(state: State, point: str) -> tuple[Group | None, Snapshot | None]:
    """A recovery point by its full name."""
    name, _, suffix = point.rpartition(".")
    group = state.groups.get(name)
    return group, group.snapshot(suffix) if group else None


def objections(array: Array, state: State, request: CloneRequest) -> Iterator[ProtectorException]:
    """Everything that keeps a request from being carried out. What is not complete is not in the records at all."""
    group, snapshot = find_point(state, request.point)
    if group is None or snapshot is None:
        yield NotFound(f"array '{array.name}' has no recovery point '{request.point}' (yet)")
    elif group.destroyed:
        yield PendingEradication(f"recovery point '{request.point}' of array '{array.name}' is destroyed")
    elif missing := [source for source in request.volumes if source not in snapshot.volumes]:
        yield PreconditionFailed(f"recovery point '{request.point}' does not hold {', '.join(missing)}")
    names = list(request.volumes.values())
    for name in sorted(set(names)):
        taken = state.named(name)
        if taken and taken.destroyed:
            yield PendingEradication(
                f"array '{array.name}' has a volume '{name}', destroyed and not yet eradicated", "choose another name"
            )
        elif taken:
            yield AlreadyExists(f"array '{array.name}' has a volume '{name}' already", "choose another name")
        elif names.count(name) > 1:
            yield InvalidRequest(f"clone name '{name}' is given twice")


def present(array: Array, state: State, key: str, request: CloneRequest) -> tuple[ClonedVolume, ...]:
    """What an earlier call under the key has made, by its present names: Cinder may have renamed it."""
    found = {
        volume.clone.source: volume for volume in state.volumes.values() if volume.clone and volume.clone.key == key
    }
    if not found:
        return ()
    for volume in found.values():
        if volume.destroyed:
            raise PendingEradication(
                f"volume '{volume.name}' of array '{array.name}', cloned under '{key}', is destroyed"
            )
    points = {volume.clone.point for volume in found.values() if volume.clone}
    if points != {request.point} or set(found) != set(request.volumes):
        raise InvalidRequest(f"'{key}' was used before on array '{array.name}', to clone something else")
    return tuple(ClonedVolume(source, found[source].id, found[source].name) for source in sorted(found))


def make(array: Array, state: State, key: str, request: CloneRequest) -> tuple[ClonedVolume, ...]:
    """Copies the files first: until the records name all of them, there is no clone."""
    group, snapshot = find_point(state, request.point)
    if group is None or snapshot is None:
        raise NotFound(f"array '{array.name}' has no recovery point '{request.point}' (yet)")
    clones = {}
    for source, name in sorted(request.volumes.items()):
        # the same for each repeat, which copies over what an attempt before it has left behind
        id_ = str(uuid.uuid5(uuid.UUID(state.id), f"{key}/{source}"))
        clones[id_] = Volume(id_, name, clone=Clone(key, group.id, request.point, source))
    folder = array.folder(group, snapshot.suffix)
    copy_files(
        (folder / snapshot.volumes[each.clone.source], array.path(each.id)) for each in clones.values() if each.clone
    )
    state.volumes.update(clones)
    return tuple(ClonedVolume(each.clone.source, each.id, each.name) for each in clones.values() if each.clone)
