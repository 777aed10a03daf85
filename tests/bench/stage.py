"""What the contenders work on: volumes of ``arrA`` in groups that are replicated to ``arrB``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from contender import items
from identifiers import identifier
from pypureclient.flasharray import ProtectionGroupSnapshotPost, VolumePatch, VolumePost
from simulator import Simulator

GIB = 1 << 30
# names in one URL
PIECE = 100
REPLICATION_SECONDS = 120


@dataclass(frozen=True)
class Group:
    """A replicated group."""

    name: str
    names: tuple[str, ...]
    """What Cinder is asked to fail over: it makes the names on the array out of these."""

    @property
    def on_target(self) -> str:
        return f"arrA:{self.name}"

    @property
    def volumes(self) -> list[str]:
        """As the source array calls them."""
        return [f"volume-{identifier(name)}-cinder" for name in self.names]


def group_of(size: int) -> Group:
    return Group(f"bench-{size}", tuple(f"{size}-{number}" for number in range(size)))


def pieces(names: list[str]) -> list[list[str]]:
    return [names[at : at + PIECE] for at in range(0, len(names), PIECE)]


def make_volumes(sim: Simulator, group: Group) -> None:
    for piece in pieces(group.volumes):
        items(sim.a.post_volumes(names=piece, volume=VolumePost(provisioned=GIB), with_default_protection=False))


def add_members(sim: Simulator, group: Group) -> None:
    for piece in pieces(group.volumes):
        items(sim.a.post_protection_groups_volumes(group_names=[group.name], member_names=piece))


def replicate(sim: Simulator, group: Group, suffix: str) -> None:
    """Takes a snapshot of the group and waits until all of it has arrived."""
    body = ProtectionGroupSnapshotPost(suffix=suffix)
    items(
        sim.a.post_protection_group_snapshots(
            source_names=[group.name], replicate_now=True, protection_group_snapshot=body
        )
    )
    end = time.monotonic() + REPLICATION_SECONDS
    while True:
        found = sim.b.get_protection_group_snapshots_transfer(names=[f"{group.on_target}.{suffix}"])
        if found.status_code == 200 and any(each.progress == 1.0 for each in found.items):
            return
        if time.monotonic() > end:
            raise SystemExit(f"{group.on_target}.{suffix} does not arrive")
        time.sleep(0.05)


def clones(sim: Simulator) -> dict[str, str]:
    """The volumes of the target that were cloned, with the volume each was cloned from."""
    found = items(sim.b.get_volumes(destroyed=False))
    sources: dict[str, Any] = {each.name: getattr(each.source, "name", None) for each in found}
    return {name: source for name, source in sources.items() if source}


def check_clones(sim: Simulator, group: Group) -> None:
    """Every volume of the group was cloned, whatever the contender says."""
    expected = sorted(f"arrA:{name}" for name in group.volumes)
    found = sorted(clones(sim).values())
    if found != expected:
        raise SystemExit(f"{len(found)} clones instead of {len(expected)}, or of other volumes")


def remove_clones(sim: Simulator) -> None:
    """Eradicates the clones, so that the next contender finds what this one found."""
    for piece in pieces(list(clones(sim))):
        items(sim.b.patch_volumes(names=piece, volume=VolumePatch(destroyed=True)))
        gone = sim.b.delete_volumes(names=piece)
        if gone.status_code != 200:
            raise SystemExit(f"refused: {gone}")
