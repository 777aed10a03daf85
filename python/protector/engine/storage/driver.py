"""Base class of storage drivers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from protector.engine.driver import Answer, CallContext, DriverOptions, Outcome
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
    StandbyGroup,
    SurvivingRecoveryPoint,
    VolumeQuery,
)
from protector.exceptions import NotSupported


class StorageDriver(ABC):
    """One array. A pair that replicates is two drivers, one for each site.

    Installed under the entry-point group ``protector.storage_drivers``, it is what ``[engine] storage_driver = <name>``
    stands for; its options are in the section ``[driver:<name>]``. :mod:`protector.engine.driver` says what holds for
    every method, and :func:`protector.testing.driver_conformance` whether a driver keeps it. Arguments are passed by
    name. Names of groups are as *this* array shows them: ``pg`` is a group of its own, ``array:pg`` the image of one
    that another array replicates here, ``pod::pg`` one in a pod.

    Errors common to all: no answer is ``Unreachable``, a rejected credential ``Unauthenticated``, a busy array
    ``TransientError``, a reply that was lost after sending ``Indeterminate``, a limit of the array ``LimitReached``,
    what it does not offer ``NotSupported``.
    """

    @classmethod
    def open(cls, site: str, options: DriverOptions) -> StorageDriver:
        """Makes the driver of the array at ``site``. Sends nothing: a site that is lost must not keep the other from
        working. Raises ``InvalidConfiguration`` for an option that is missing or wrong."""
        raise NotSupported(
            f"{cls.__name__} cannot be opened by its name", remedy=f"write the class method {cls.__name__}.open"
        )

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """What stands behind it, for messages: a host, a directory. Never a secret."""

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What it can do. Asked once, when it is opened; sends nothing."""

    @abstractmethod
    def info(self) -> Answer[ArrayInfo]:
        """Identity, name and clock."""

    @abstractmethod
    def peers(self) -> Answer[Sequence[PeerArray]]:
        """Connected arrays, also those that do not answer now: what one has replicated here is found by its name."""

    @abstractmethod
    def group(self, group: str) -> Answer[ArrayGroup | None]:
        """A group, local or replicated here, destroyed or not; ``None``: there is none of that name."""

    @abstractmethod
    def recovery_points(self, group: str) -> Answer[Sequence[RecoveryPoint]]:
        """Recovery points of a group on this array, complete or not, in any order. An unknown group has none."""

    def newest_complete(self, group: str) -> Answer[RecoveryPoint | None]:
        """The newest of them that is complete and not destroyed, by the time of its data. Needed only where the array
        can be asked for it alone; else it is picked from :meth:`recovery_points`."""
        raise NotSupported(f"{type(self).__name__} picks it from the recovery points of '{group}'")

    def standby_groups(self, groups: Sequence[str]) -> Answer[Mapping[str, StandbyGroup]]:
        """What this array could start each of many groups from; each that is asked for is in the answer. Needed only
        where the array can be asked for all of them at once."""
        raise NotSupported(f"{type(self).__name__} looks at {len(groups)} groups one by one")

    @abstractmethod
    def replication_status(self, group: str) -> Answer[ReplicationStatus]:
        """How replication of the group stands, seen from here. Raises ``NotFound`` if there is no such group."""

    @abstractmethod
    def transfer_status(self, point: str) -> Answer[Transfer]:
        """How far one recovery point has come here. Raises ``NotFound`` while it is not visible."""

    @abstractmethod
    def volumes(self, query: VolumeQuery) -> Answer[Sequence[ArrayVolume]]:
        """Volumes, by name."""

    def preflight(self, request: CloneRequest) -> Answer[Sequence[PreflightFinding]]:
        """What the array would object to when asked to clone this. Empty: nothing known against it."""
        return ()

    @abstractmethod
    def ensure_group(self, context: CallContext, group: GroupSpec) -> Answer[Outcome[ArrayGroup]]:
        """Ensures a group that carries the owner's mark. Present with the same mark: ``AlreadyDone``.

        Raises ``Conflict`` for one without our mark unless it is to be adopted, and for one with another mark;
        ``PendingEradication`` for one that is destroyed and not yet eradicated.
        """

    @abstractmethod
    def ensure_members(self, context: CallContext, group: str, members: MemberSet) -> Answer[Outcome[ArrayGroup]]:
        """Ensures members, all or none.

        Raises ``NotFound`` naming all volumes that are missing, ``Conflict`` for one in a group of another owner.
        """

    @abstractmethod
    def ensure_replication(
        self, context: CallContext, group: str, replication: ReplicationSpec
    ) -> Answer[Outcome[None]]:
        """Ensures target and schedule, and turns the schedule on. Of a group in a pod: stretches the pod.

        Raises ``NotFound`` if there is no such group, ``PreconditionFailed`` if the target is not connected.
        """

    @abstractmethod
    def accept_from_peer(self, context: CallContext, group: str, owner: str, allow: bool) -> Answer[Outcome[None]]:
        """On the target: allows or forbids that ``group`` (as it is named here) is replicated to this array, and marks
        its image as ``owner``'s. The image not visible here yet: ``InProgress``.

        Raises ``Conflict`` if it carries the mark of another owner, ``PendingEradication`` if it is destroyed.
        """

    @abstractmethod
    def create_protection_group_snapshot(
        self, context: CallContext, group: str, snapshot: SnapshotRequest
    ) -> Answer[Outcome[RecoveryPoint]]:
        """Takes a snapshot of the whole group, one instant for all members. One with that suffix: ``AlreadyDone``.

        Raises ``NotFound`` if there is no such group, ``PreconditionFailed`` if it has no members, or is to be shipped
        and has no target that allows it.
        """

    @abstractmethod
    def clone_volumes(self, context: CallContext, request: CloneRequest) -> Answer[Outcome[Sequence[ClonedVolume]]]:
        """Clones the named volumes, all of one recovery point, all or none. Made under the op key: ``AlreadyDone``.

        Raises ``PreconditionFailed`` if the recovery point is not complete or lacks a volume, naming all of them;
        ``AlreadyExists`` if a name is taken: nothing is overwritten; ``PendingEradication`` if that one is destroyed.
        """

    @abstractmethod
    def remove_clones(self, context: CallContext, made_by: str, volumes: Sequence[str]) -> Answer[Outcome[None]]:
        """Destroys, never eradicates, volumes that :meth:`clone_volumes` made under the op key ``made_by``, by id. Gone
        already: ``AlreadyDone``. Raises ``DataSafety`` if one was not made under that key, with nothing destroyed."""

    def demote(self, context: CallContext, group: str) -> Answer[Outcome[None]]:
        """Makes an unstretched pod read-only after its last write was replicated."""
        raise self._lacks("demote", group)

    def promote(self, context: CallContext, group: str) -> Answer[Outcome[None]]:
        """Makes an unstretched pod writable."""
        raise self._lacks("promote", group)

    def fence(self, context: CallContext, group: str) -> Answer[Outcome[FenceState]]:
        """Makes the array refuse the writes of its hosts to every member."""
        raise self._lacks("fence", group)

    def unfence(self, context: CallContext, group: str) -> Answer[Outcome[FenceState]]:
        """Takes the fence away."""
        raise self._lacks("unfence", group)

    @abstractmethod
    def disable_replication(self, context: CallContext, group: str) -> Answer[Outcome[None]]:
        """Turns the schedule off. Recovery points stay."""

    @abstractmethod
    def retire_group(
        self, context: CallContext, group: str, owner: str, surviving: SurvivingRecoveryPoint | None
    ) -> Answer[Outcome[None]]:
        """Destroys, never eradicates, the group. Destroyed already: ``AlreadyDone``.

        Raises ``Conflict`` if it is not ``owner``'s; ``DataSafety`` if it has members or recovery points and there is
        no proof that data survives elsewhere. A recovery point of the group itself proves nothing.
        """

    def _lacks(self, method: str, group: str) -> NotSupported:
        return NotSupported(f"{type(self).__name__} does not offer '{method}', asked for '{group}'")
