"""Arrays that are directories of sparse files."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta

from protector.engine.driver import AlreadyDone, CallContext, Done, DriverOptions, InProgress, Outcome
from protector.engine.storage import StorageDriver
from protector.engine.storage.arrays import (
    ArrayGroup,
    ArrayInfo,
    ArrayVolume,
    PeerArray,
    RecoveryPoint,
    ReplicationStatus,
    Transfer,
)
from protector.engine.storage.requests import (
    Capabilities,
    ClonedVolume,
    CloneRequest,
    FenceState,
    GroupSpec,
    MemberSet,
    PreflightFinding,
    ReplicationSpec,
    SnapshotRequest,
    SurvivingRecoveryPoint,
    VolumeQuery,
)
from protector.exceptions import (
    Conflict,
    DataSafety,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    ProtectorException,
)
from protector_example_drivers import clones
from protector_example_drivers.array import Array, Group, State
from protector_example_drivers.groups import (
    changeable,
    existing,
    foreign,
    note_epoch,
    origin,
    pending,
    show,
    show_point,
    show_transfer,
    show_volume,
)
from protector_example_drivers.records import directories, reaching
from protector_example_drivers.replication import allowing, catch_up, consents, image_name, now, take

INTERVALS = (60, 31_536_000)


class SparseFiles(StorageDriver):
    """``[driver:sparse-files] directory`` holds the arrays. That of a site is the directory with the site's name."""

    def __init__(self, array: Array) -> None:
        self._array = array

    @classmethod
    def open(cls, site: str, options: DriverOptions) -> SparseFiles:
        [directory] = directories(options, "sparse-files", "directory")
        return cls(Array(directory / site))

    @property
    def endpoint(self) -> str:
        return str(self._array.directory)

    def capabilities(self) -> Capabilities:
        return Capabilities(fence=True, interval_bounds=INTERVALS)

    # what it sees

    def info(self) -> ArrayInfo:
        return ArrayInfo(self._array.read().id, self._array.name, "sparse files 0.1.0", now())

    def peers(self) -> list[PeerArray]:
        # one that is lost must be known, too: what it replicated here bears its name
        found = {name: PeerArray(id_, name, "disconnected") for name, id_ in self._array.read().peers.items()}
        for peer in self._array.peers():
            with contextlib.suppress(ProtectorException):
                found[peer.name] = PeerArray(peer.read().id, peer.name, "connected")
        return list(found.values())

    def group(self, group: str) -> ArrayGroup | None:
        with self._look() as state:
            found = state.groups.get(group)
            return show(self._array, state, found) if found else None

    def recovery_points(self, group: str) -> list[RecoveryPoint]:
        with self._look() as state:
            found = state.groups.get(group)
            return [show_point(found, each) for each in found.snapshots] if found else []

    def replication_status(self, group: str) -> ReplicationStatus:
        with self._look() as state:
            found = existing(self._array, state, group)
            source = origin(self._array, found)
            other = found.source or next(iter(found.targets), None)
            complete = [each for each in found.snapshots if each.arrived or each.shipped]
            newest = max(complete, key=lambda each: each.created, default=None)
            consent = found.allowed if found.source else next(iter(consents(self._array, found).values()), None)
            return ReplicationStatus(
                link=self._link(other),
                enabled=source is not None and source.interval is not None,
                allowed=consent,
                newest_complete=show_point(found, newest) if newest else None,
                in_transfer=sum(bool(each.to_ship) for each in source.snapshots) if source else 0,
                observed_at=now(),
            )

    def transfer_status(self, point: str) -> Transfer:
        with self._look() as state:
            group, snapshot = clones.find_point(state, point)
            if not group or not snapshot:
                raise NotFound(f"array '{self._array.name}' has no recovery point '{point}' (yet)")
            return show_transfer(snapshot)

    def volumes(self, query: VolumeQuery) -> list[ArrayVolume]:
        with self._look() as state:
            found = [
                volume
                for volume in state.volumes.values()
                if volume.name in (query.names or ())
                or volume.id in (query.ids or ())
                or (volume.clone and volume.clone.key == query.cloned_by)
            ]
            return [show_volume(self._array, volume) for volume in sorted(found, key=lambda volume: volume.name)]

    def preflight(self, request: CloneRequest) -> list[PreflightFinding]:
        with self._look() as state:
            objections = clones.objections(self._array, state, request)
            return [PreflightFinding(error.code, error.message, blocks=True) for error in objections]

    # groups

    def ensure_group(self, context: CallContext, group: GroupSpec) -> Outcome[ArrayGroup]:
        with self._array.change() as state:
            found = state.groups.get(group.name)
            if found is None:
                found = state.groups[group.name] = Group(str(uuid.uuid4()), group.name, group.owner, context.epoch)
                return Done(show(self._array, state, found))
            note_epoch(context, found)
            if found.destroyed:
                raise pending(self._array, found)
            if found.owner == group.owner:
                return AlreadyDone(show(self._array, state, found))
            if found.owner is not None or not group.adopt:
                raise foreign(self._array, found)
            found.owner = group.owner
            return Done(show(self._array, state, found))

    def ensure_members(self, context: CallContext, group: str, members: MemberSet) -> Outcome[ArrayGroup]:
        with self._array.change() as state:
            found = changeable(self._array, state, context, group)
            named = {name: state.named(name) for name in members.volumes}
            if missing := [name for name, volume in named.items() if volume is None or volume.destroyed]:
                raise NotFound(f"array '{self._array.name}' has no volume {_list(missing)}")
            wanted = [volume.id for volume in named.values() if volume]
            others = [
                each for each in state.groups.values() if each.owner not in (None, found.owner) and not each.destroyed
            ]
            if taken := [state.volumes[each].name for each in wanted for other in others if each in other.volumes]:
                raise Conflict(
                    f"volumes of array '{self._array.name}' are in a group of another owner: {_list(taken)}",
                    "take them out of that protection group first",
                )
            kept = found.volumes if members.mode == "add" else []
            wanted = sorted({*kept, *wanted})
            if wanted == sorted(found.volumes):
                return AlreadyDone(show(self._array, state, found))
            found.volumes = wanted
            return Done(show(self._array, state, found))

    def retire_group(
        self, context: CallContext, group: str, owner: str, surviving: SurvivingRecoveryPoint | None
    ) -> Outcome[None]:
        with self._array.change() as state:
            found = state.groups.get(group)
            if found is None:
                return AlreadyDone(None)
            note_epoch(context, found)
            if found.owner != owner:
                raise foreign(self._array, found)
            if found.destroyed:
                return AlreadyDone(None)
            own = (state.id, group)
            proven = surviving is not None and (surviving.array, surviving.point.rpartition(".")[0]) != own
            if (found.volumes or found.snapshots) and not proven:
                raise DataSafety(
                    f"protection group '{group}' of array '{self._array.name}' has members or recovery points, and "
                    "nothing proves that their data survives elsewhere"
                )
            found.destroyed = True
            return Done(None)

    # replication

    def ensure_replication(self, context: CallContext, group: str, replication: ReplicationSpec) -> Outcome[None]:
        if not INTERVALS[0] <= replication.interval <= INTERVALS[1]:
            raise InvalidRequest(
                f"an interval of {replication.interval} s is not between {INTERVALS[0]} and {INTERVALS[1]} s"
            )
        with self._array.change() as state:
            found = changeable(self._array, state, context, group)
        # first the image, then that it is a target: who is killed in between begins anew and finds the image
        there = self._ensure_image(state, found, replication.target)
        with self._array.change() as state:
            found = changeable(self._array, state, context, group)
            if replication.target in found.targets and replication.interval == found.interval:
                return AlreadyDone(None)
            state.peers[replication.target] = there
            found.targets = sorted({*found.targets, replication.target})
            found.interval = replication.interval
            found.due = (now() + timedelta(seconds=replication.interval)).isoformat()
            return Done(None)

    def accept_from_peer(self, context: CallContext, group: str, owner: str, allow: bool) -> Outcome[None]:
        with self._array.change() as state:
            image = state.groups.get(group)
            if image is None:
                return InProgress()
            note_epoch(context, image)
            if image.destroyed:
                raise pending(self._array, image)
            if image.owner != owner:
                raise foreign(self._array, image)
            if image.allowed == allow:
                return AlreadyDone(None)
            image.allowed = allow
            return Done(None)

    def disable_replication(self, context: CallContext, group: str) -> Outcome[None]:
        with self._array.change() as state:
            found = changeable(self._array, state, context, group)
            if found.interval is None:
                return AlreadyDone(None)
            found.interval = found.due = None
            return Done(None)

    def create_protection_group_snapshot(
        self, context: CallContext, group: str, snapshot: SnapshotRequest
    ) -> Outcome[RecoveryPoint]:
        with self._array.change() as state:
            found = changeable(self._array, state, context, group)
            present = found.snapshot(snapshot.suffix)
            if present is None:
                if not found.volumes:
                    raise PreconditionFailed(f"group '{group}' of array '{self._array.name}' has no members")
                targets = allowing(self._array, found) if snapshot.replicate_now else []
                if snapshot.replicate_now and not targets:
                    raise PreconditionFailed(
                        f"group '{group}' of array '{self._array.name}' has no target that answers and allows it"
                    )
                taken = take(self._array, state, found, snapshot.suffix, targets)
        catch_up(self._array)
        if present:
            return AlreadyDone(show_point(found, present))
        return Done(show_point(found, taken))

    # clones

    def clone_volumes(self, context: CallContext, request: CloneRequest) -> Outcome[Sequence[ClonedVolume]]:
        with self._array.change() as state:
            group, _ = clones.find_point(state, request.point)
            if group:
                note_epoch(context, group)
            if present := clones.present(self._array, state, context.op_key, request):
                return AlreadyDone(present)
            for objection in clones.objections(self._array, state, request):
                raise objection
            return Done(clones.make(self._array, state, context.op_key, request))

    def remove_clones(self, context: CallContext, made_by: str, volumes: Sequence[str]) -> Outcome[None]:
        with self._array.change() as state:
            asked = [state.volumes[each] for each in volumes if each in state.volumes]
            members = {volume for group in state.groups.values() if not group.destroyed for volume in group.volumes}
            for volume in asked:
                if not volume.clone or volume.clone.key != made_by:
                    raise self._keeps(volume.name, f"was not cloned under '{made_by}'")
                if volume.id in members:
                    raise self._keeps(volume.name, "is in a protection group")
                group = next((each for each in state.groups.values() if each.id == volume.clone.group), None)
                if group:
                    note_epoch(context, group)
            doomed = [volume for volume in asked if not volume.destroyed]
            for volume in doomed:
                volume.destroyed = True
            return Done(None) if doomed else AlreadyDone(None)

    # the fence

    def fence(self, context: CallContext, group: str) -> Outcome[FenceState]:
        return Done("fenced") if self._set_fence(context, group, True) else AlreadyDone("fenced")

    def unfence(self, context: CallContext, group: str) -> Outcome[FenceState]:
        return Done("open") if self._set_fence(context, group, False) else AlreadyDone("open")

    def _set_fence(self, context: CallContext, group: str, fenced: bool) -> bool:
        with self._array.change() as state:
            found = changeable(self._array, state, context, group)
            others = [volume for volume in found.volumes if self._array.is_fenced(volume) != fenced]
            for volume in others:
                self._array.set_fence(volume, fenced)
            return bool(others)

    @contextlib.contextmanager
    def _look(self) -> Iterator[State]:
        """What the array says, after everything that is due by now."""
        catch_up(self._array)
        with reaching(f"array '{self._array.name}'", self._array.directory):
            yield self._array.read()

    def _link(self, other: str | None) -> str:
        if other is None:
            return "unknown"
        return next((peer.link for peer in self.peers() if peer.name == other), "unknown")

    def _ensure_image(self, here: State, group: Group, target: str) -> str:
        """Makes the image of a group on the target, which has to allow it yet; the id of that array."""
        if self._link(target) != "connected":
            raise PreconditionFailed(f"array '{self._array.name}' is not connected to array '{target}'")
        there, name = Array(self._array.directory.parent / target), image_name(self._array, group)
        with there.change() as state:
            image = state.groups.setdefault(name, Group(str(uuid.uuid4()), name, group.owner))
            image.source, image.source_group = self._array.name, image.source_group or group.id
            state.peers[self._array.name] = here.id
            if image.destroyed:
                raise pending(there, image)
            if image.source_group != group.id:
                raise Conflict(
                    f"array '{target}' still has '{name}', the image of an earlier group of that name",
                    "choose another name",
                )
            return state.id

    def _keeps(self, volume: str, why: str) -> DataSafety:
        return DataSafety(f"volume '{volume}' of array '{self._array.name}' is not destroyed: it {why}")


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
