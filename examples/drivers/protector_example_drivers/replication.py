"""Snapshots that are due, and their way to the other array.

There is no process that watches the clock: whoever calls an array next takes the snapshots that are due by then and
ships what has not arrived, on all arrays beside it. Nobody calls for a day: no snapshot is taken for a day.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone

from protector.exceptions import ProtectorException
from protector_example_drivers.array import Array, Group, Snapshot, State, copy_files

LOG = logging.getLogger(__name__)


def now() -> datetime:
    return datetime.now(timezone.utc)


def image_name(source: Array, group: Group) -> str:
    """What the target calls the image of a group."""
    return f"{source.name}:{group.name}"


def take(array: Array, state: State, group: Group, suffix: str, ship_to: list[str]) -> Snapshot:
    """Copies all members into a snapshot. While the array is being changed, no host writes to it."""
    taken = now()
    folder = array.folder(group, suffix)
    members = {state.volumes[volume].name: volume for volume in group.volumes}
    copy_files((array.path(volume), folder / volume) for volume in members.values())
    snapshot = Snapshot(suffix, taken.isoformat(), dict(sorted(members.items())), to_ship=ship_to)
    group.snapshots.append(snapshot)
    return snapshot


def consents(array: Array, group: Group) -> dict[str, bool | None]:
    """Which targets allow that the group is replicated to them; ``None``: one does not answer."""
    found: dict[str, bool | None] = {}
    for peer in _targets(array, group):
        try:
            image = peer.read().groups.get(image_name(array, group))
        except ProtectorException:
            found[peer.name] = None
        else:
            found[peer.name] = image is not None and not image.destroyed and image.allowed
    return found


def allowing(array: Array, group: Group) -> list[str]:
    """The targets that allow it."""
    return [name for name, allows in consents(array, group).items() if allows]


def catch_up(array: Array) -> None:
    """Does what is due on this array and on those beside it. A look at one array must not fail for another one."""
    for each in (array, *array.peers()):
        try:
            _take_due(each)
            for group in each.read().groups.values():
                _ship(each, group)
        except ProtectorException as error:
            LOG.info("%s waits: %s", each.name, error)


def _take_due(array: Array) -> None:
    if not any(_is_due(group) for group in array.read().groups.values()):
        return
    with array.change() as state:
        for group in filter(_is_due, state.groups.values()):
            group.due = (now() + timedelta(seconds=group.interval or 0)).isoformat()
            targets = allowing(array, group)
            if targets and group.volumes:
                # suffixes that are numbers are those that arrays give
                take(array, state, group, str(len(group.snapshots) + 1), targets)


def _is_due(group: Group) -> bool:
    return not group.destroyed and group.due is not None and datetime.fromisoformat(group.due) <= now()


def _ship(source: Array, group: Group) -> None:
    if group.destroyed:
        return
    for snapshot in group.snapshots:
        for target in _targets(source, group):
            if target.name in snapshot.to_ship and _arrives(source, group, snapshot, target):
                with source.change() as state:
                    kept = state.groups[group.name].snapshot(snapshot.suffix)
                    if kept and target.name in kept.to_ship:
                        kept.to_ship.remove(target.name)
                        kept.shipped.append(target.name)


def _arrives(source: Array, group: Group, snapshot: Snapshot, target: Array) -> bool:
    """Copies a snapshot to the target; ``False``: it is not allowed there. It shows once all of it is there."""
    with target.change() as state:
        image = state.groups.get(image_name(source, group))
        if image is None or image.destroyed or not image.allowed or image.source_group != group.id:
            return False
        if not image.snapshot(snapshot.suffix):
            here, there = source.folder(group, snapshot.suffix), target.folder(image, snapshot.suffix)
            copy_files((here / volume, there / volume) for volume in snapshot.volumes.values())
            image.snapshots.append(
                Snapshot(snapshot.suffix, snapshot.created, snapshot.volumes, arrived=now().isoformat())
            )
    return True


def _targets(array: Array, group: Group) -> list[Array]:
    return [Array(array.directory.parent / name) for name in group.targets]
