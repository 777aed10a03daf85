"""Base class of clouds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from protector.engine.cloud.values import (
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
from protector.engine.driver import Answer, CallContext, DriverOptions, Outcome
from protector.exceptions import NotSupported


class Cloud(ABC):
    """One OpenStack cloud, or what stands for one, seen by one project.

    Installed under the entry-point group ``protector.cloud_drivers``, it is what ``[engine] cloud_driver = <name>``
    stands for; its options are in the section ``[driver:<name>]``. :mod:`protector.engine.driver` says what holds for
    every method, and :func:`protector.testing.cloud_conformance` whether a cloud keeps it. Arguments are passed by
    name.

    An object that ends in error is an error, never success. Nothing is deleted together with its data.

    Errors common to all: no answer is ``Unreachable``, rejected credentials are ``Unauthenticated``, what is not
    allowed is ``Forbidden`` naming the policy rule, a reply that was lost after sending is ``Indeterminate``, a quota
    ``LimitReached`` naming which.
    """

    @classmethod
    def open(cls, site: str, options: DriverOptions) -> Cloud:
        """Makes the driver of the cloud of ``site``. Sends nothing: a site that is lost must not keep the other from
        working. Raises ``InvalidConfiguration`` for an option that is missing or wrong."""
        raise NotSupported(
            f"{cls.__name__} cannot be opened by its name", remedy=f"write the class method {cls.__name__}.open"
        )

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """What stands behind it, for messages: a host, a directory. Never a secret."""

    @abstractmethod
    def ping(self) -> Answer[CloudInfo]:
        """Whether it answers, and its clock."""

    @abstractmethod
    def volume_types(self) -> Answer[Sequence[VolumeType]]:
        """All volume types by name."""

    @abstractmethod
    def consistency_group(self, group: str) -> Answer[ConsistencyGroup | None]:
        """The Cinder group with this id, if there is one."""

    @abstractmethod
    def ensure_consistency_group(
        self, context: CallContext, group: ConsistencyGroupSpec
    ) -> Answer[Outcome[ConsistencyGroup]]:
        """Ensures a group of that name and type. Same name and type: ``AlreadyDone``.

        Raises ``NotFound`` if there is no such type, ``PreconditionFailed`` if it ended in error: no backend offers it.
        """

    @abstractmethod
    def ensure_group_members(
        self, context: CallContext, group: str, volumes: Sequence[str]
    ) -> Answer[Outcome[ConsistencyGroup]]:
        """Ensures that the group holds exactly ``volumes``. A volume that leaves it is left alone.

        Raises ``NotFound`` for a group or volume that is missing, ``Conflict`` for a volume in another group or of
        another type, with nothing changed.
        """

    @abstractmethod
    def delete_consistency_group(self, context: CallContext, group: str) -> Answer[Outcome[None]]:
        """Deletes an empty group. Missing already: ``AlreadyDone``. Raises ``DataSafety`` if it has volumes."""

    @abstractmethod
    def servers(self) -> Answer[Sequence[Server]]:
        """All servers of the project, by name then id."""

    @abstractmethod
    def server(self, server: str) -> Answer[Server | None]:
        """The server with this id, if there is one."""

    @abstractmethod
    def volume(self, volume: str) -> Answer[Volume | None]:
        """The volume with this id, if there is one."""

    @abstractmethod
    def networks(self) -> Answer[Sequence[Network]]:
        """Networks by name."""

    @abstractmethod
    def flavors(self) -> Answer[Sequence[Flavor]]:
        """Flavors by name."""

    def security_groups(self) -> Answer[Sequence[str]]:
        """Names of the project's security groups, sorted. Raises ``NotSupported`` where nobody can tell."""
        raise NotSupported(f"{type(self).__name__} cannot list security groups")

    @abstractmethod
    def quota(self) -> Answer[Quota]:
        """What is left of the project's quota."""

    @abstractmethod
    def stop_server(self, context: CallContext, server: str) -> Answer[Outcome[None]]:
        """Stops a server cleanly. Stopped already: ``AlreadyDone``. Raises ``NotFound`` if it is missing."""

    @abstractmethod
    def start_server(self, context: CallContext, server: str) -> Answer[Outcome[None]]:
        """Starts a server. Active already: ``AlreadyDone``.

        Raises ``NotFound`` if it is missing, ``PreconditionFailed`` if it ended in error.
        """

    @abstractmethod
    def import_volume(self, context: CallContext, request: ImportRequest) -> Answer[Outcome[Volume]]:
        """Takes an array volume under management. Managed already by this cloud: ``AlreadyDone``.

        Raises ``NotFound`` if the array has no such volume, ``PreconditionFailed`` if the type is not on that backend.
        """

    @abstractmethod
    def retype_volume(self, context: CallContext, volume: str, volume_type: str) -> Answer[Outcome[Volume]]:
        """Gives a volume another type of the same backend; attached or not. Has that type already: ``AlreadyDone``.

        Raises ``NotFound`` for a volume or type that is missing, ``PreconditionFailed`` for a type that its backend
        does not offer, ``Conflict`` for a volume in a Cinder group.
        """

    @abstractmethod
    def release_volume(self, context: CallContext, volume: str) -> Answer[Outcome[None]]:
        """Gives a volume back to the array; its data stays. Missing already: ``AlreadyDone``.

        Raises ``PreconditionFailed`` if it is attached.
        """

    @abstractmethod
    def ensure_port(self, context: CallContext, port: PortSpec) -> Answer[Outcome[Port]]:
        """Ensures a port of that name on that network, or the one to reuse. It is there: ``AlreadyDone``.

        Raises ``NotFound`` if there is no such network, ``Conflict`` if an address is taken.
        """

    @abstractmethod
    def delete_port(self, context: CallContext, port: str) -> Answer[Outcome[None]]:
        """Deletes a port. Missing already: ``AlreadyDone``."""

    @abstractmethod
    def ensure_server(self, context: CallContext, server: ServerSpec) -> Answer[Outcome[Server]]:
        """Ensures a server with that op key, up to ``ACTIVE``.

        Raises ``NotFound`` for a flavor, port or volume that is missing, ``Conflict`` for a volume that is attached
        elsewhere, ``PreconditionFailed`` if it ended in error.
        """

    @abstractmethod
    def delete_server(self, context: CallContext, server: str) -> Answer[Outcome[None]]:
        """Deletes a server and keeps its volumes and its ports. Missing already: ``AlreadyDone``.

        Raises ``DataSafety`` if a volume would be deleted with it, with nothing changed.
        """
