"""What a storage driver is asked for, and what it answers beside the values of
:mod:`protector.engine.storage.arrays`."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from protector._value import Value, value
from protector.engine.storage.arrays import RecoveryPoint


@value
class Capabilities(Value):
    """What a driver can do. Plans and conformance checks are chosen by it."""

    #: Array protection groups with replicated snapshots.
    async_groups: bool = True
    #: Stretched pods.
    sync_pods: bool = False
    #: ``fence`` and ``unfence``.
    fence: bool = False
    #: ``demote`` and ``promote``.
    promotion: bool = False
    #: Shortest and longest interval of a replication schedule, in seconds.
    interval_bounds: tuple[int, ...] = (300, 31_536_000)
    #: State outlives the process.
    persistent: bool = True
    #: No real data is behind it.
    simulated: bool = False


@value
class GroupSpec(Value):
    """A group to have."""

    #: Local name.
    name: str
    #: The protection group whose mark it carries.
    owner: str
    #: Take over an existing unmarked group. The only way round the refusal, and explicit.
    adopt: bool


@value
class MemberSet(Value):
    """Wanted members."""

    #: Volumes by name on this array.
    volumes: tuple[str, ...]
    #: ``add``: add these, keep what is there; ``exact``: these alone, the volumes that leave the group stay.
    mode: Literal["add", "exact"]


@value
class ReplicationSpec(Value):
    """Wanted replication."""

    #: Target array, by the name of the connection.
    target: str
    #: Seconds between replicated snapshots.
    interval: int


@value
class SnapshotRequest(Value):
    """A snapshot to take."""

    #: Identifies the snapshot for repeats.
    suffix: str
    #: Ship it to the targets at once.
    replicate_now: bool


@value
class VolumeQuery(Value):
    """Which volumes to list: one of the three is given. Those that are not there are left out."""

    names: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    #: Clones that were made under this op key.
    cloned_by: str | None = None


@value
class CloneRequest(Value):
    """Clones to have, all of one recovery point."""

    #: Name of the recovery point. It may hold volumes that are not asked for.
    point: str
    #: Source volume in the recovery point → name of the clone.
    volumes: dict[str, str] = field(hash=False)


@value
class ClonedVolume(Value):
    """A finished clone."""

    #: Source volume in the recovery point.
    source: str
    id: str
    name: str


@value
class SurvivingRecoveryPoint(Value):
    """Proof that data survives elsewhere."""

    #: Id of the array that holds it.
    array: str
    #: Name of the recovery point.
    point: str


@value
class PreflightFinding(Value):
    """Something an array objects to beforehand."""

    #: Stable code.
    code: str
    message: str
    #: The call would fail.
    blocks: bool


@value
class StandbyGroup(Value):
    """What one array could start a group from."""

    #: Newest recovery point that is complete here; absent: none, or the group is in a pod.
    newest_complete: RecoveryPoint | None = None
    #: Of a group in a pod, this array's part: ``online``, ``resyncing``, ``offline``, ``suspended`` or ``unknown``.
    pod: str | None = None
    #: Of a group in a pod, its members.
    volumes: tuple[str, ...] = ()


#: Whether a group's volumes accept writes.
FenceState = Literal["fenced", "open", "partial"]
