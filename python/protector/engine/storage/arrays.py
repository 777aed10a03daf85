"""One FlashArray: what it says of itself, of its groups and of their recovery points.

>>> array = FlashArray("primary", "https://fa-boston-01.example.com", "T-1", ca_file=None)
>>> array
FlashArray(fa-boston-01.example.com)
>>> array.counters().requests  # nothing is sent before the first question
0
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any

from protector import _native
from protector._value import Value, value


@value
class ArrayInfo(Value):
    """What an array says of itself."""

    #: Stable identity.
    id: str
    name: str
    #: Purity, and the REST version that is spoken; for people.
    version: str
    #: Its own clock.
    endpoint_time: datetime


@value
class PeerArray(Value):
    """A connected array, as the one that was asked sees it."""

    id: str
    name: str
    #: ``connected``, ``partially_connected``, ``disconnected`` or ``unknown``.
    link: str


@value
class ArrayGroup(Value):
    """A protection group of an array."""

    #: Name on the array that was asked; of an image ``<source array>:<name>``.
    name: str
    #: The protection group whose mark it carries; absent: unmarked, so somebody else's.
    owner: str | None
    #: Whether it was made here. The image of a group that another array replicates here was not.
    is_local: bool
    #: Members by their name on the source.
    volumes: tuple[str, ...]
    #: Replication targets by name, with whether the target allows it.
    targets: dict[str, bool] = field(hash=False)
    #: Seconds between scheduled replicated snapshots; absent: no schedule, or off.
    replication_interval: int | None
    #: Destroyed, waiting for eradication.
    destroyed: bool
    #: When it was seen, on the clock of the array.
    observed_at: datetime


@value
class Transfer(Value):
    """How far a recovery point has come to the array that was asked."""

    #: ``local``, ``in_progress``, ``completed`` or ``unknown``. The last one never reads as completed.
    state: str
    #: 0 to 99, while it is in progress.
    percent: int | None = None
    #: When the last byte arrived, once it is completed.
    at: datetime | None = None


@value
class RecoveryPoint(Value):
    """A snapshot of a whole group."""

    #: ``<group>.<suffix>``, as the array that was asked names it.
    name: str
    group: str
    #: The instant of the data.
    created: datetime
    transfer: Transfer
    #: Volumes in it, by their name on the source.
    volumes: tuple[str, ...]
    #: Destroyed, waiting for eradication.
    destroyed: bool
    #: When it was seen, on the clock of the array.
    observed_at: datetime

    @property
    def usable(self) -> bool:
        """Whether volumes may be cloned from it: all of it is here, and it is not destroyed."""
        return not self.destroyed and self.transfer.state in ("local", "completed")

    @property
    def age(self) -> timedelta:
        """How old its data was when it was seen."""
        return self.observed_at - self.created


@value
class ReplicationStatus(Value):
    """How replication of a group stands, seen from one array."""

    #: As :attr:`PeerArray.link`.
    link: str
    #: Whether the schedule is on.
    enabled: bool
    #: Whether the target allows it; absent: not known here.
    allowed: bool | None
    #: Absent while ``link`` is known: there never was one.
    newest_complete: RecoveryPoint | None
    #: How many recovery points are on their way.
    in_transfer: int
    #: When it was seen, on the clock of the array.
    observed_at: datetime
    #: Of a group in a pod, how the pod stands, as plain data.
    pod: dict[str, Any] | None = field(default=None, hash=False)


@value
class ArrayVolume(Value):
    """A volume of an array."""

    id: str
    name: str
    #: Size in bytes.
    provisioned: int
    #: Recovery point and source volume it was cloned from.
    cloned_from: tuple[str, ...] | None
    #: The array refuses host writes to it.
    fenced: bool
    #: Destroyed, waiting for eradication.
    destroyed: bool


@value
class Counters(Value):
    """What was sent and received since the array was named."""

    #: Questions that callers asked; each page of a list is one.
    requests: int
    #: Exchanges with the array, each attempt counted, log-in included.
    round_trips: int
    #: Attempts made because an earlier one failed.
    retries: int
    #: Sessions opened.
    logins: int
    #: Bytes of bodies received.
    bytes_in: int


class FlashArray:
    """One array, to be asked. Changes are made by :class:`protector.Engine`, which journals them.

    Each call may raise ``Unreachable`` (no answer, or a certificate that is not trusted), ``Unauthenticated`` (the
    token is refused), ``Forbidden`` or ``NotSupported`` (Purity is too old). Nothing is sent before the first call; the
    session is kept until :meth:`close`. May be used from several threads.
    """

    def __init__(
        self,
        role: str,
        url: str,
        api_token: str,
        *,
        ca_file: str | os.PathLike[str] | None = None,
        fingerprint: str | None = None,
        danger_accept_any_certificate: bool = False,
    ) -> None:
        """``role`` (``primary``, ``secondary``) is how errors name the setting that is wrong.

        Certificates are accepted by the narrowest of what is given: the one with this SHA-256 ``fingerprint``; those
        issued by an authority in ``ca_file`` and no others; any at all; else those that this machine trusts.

        Raises ``InvalidRequest`` for a URL that is not ``https://HOST[:PORT]`` and for a token that cannot be sent,
        ``InvalidConfiguration`` for a CA file or fingerprint that cannot be read.
        """
        self._native = _native.FlashArray(
            role,
            url,
            api_token,
            ca_file=ca_file,
            fingerprint=fingerprint,
            danger_accept_any_certificate=danger_accept_any_certificate,
        )

    def __repr__(self) -> str:
        return f"FlashArray({self.host})"

    @property
    def host(self) -> str:
        """``HOST[:PORT]``."""
        return self._native.host

    def info(self) -> ArrayInfo:
        """Identity, name, version and clock."""
        return ArrayInfo.from_json(self._native.info())

    def peers(self) -> list[PeerArray]:
        """The arrays that are connected to this one."""
        return PeerArray.list_from_json(self._native.peers())

    def group(self, name: str) -> ArrayGroup | None:
        """A group, made here or replicated here, destroyed or not; ``None`` if there is none of that name."""
        found = json.loads(self._native.group(name))
        return ArrayGroup.from_dict(_seen(found["value"], found)) if found else None

    def recovery_points(self, group: str) -> list[RecoveryPoint]:
        """The recovery points of a group on this array, newest data first, complete or not."""
        found = json.loads(self._native.recovery_points(group))
        return [RecoveryPoint.from_dict(_seen(point, found)) for point in found["value"]]

    def newest_complete(self, group: str) -> RecoveryPoint | None:
        """The newest recovery point that volumes may be cloned from; ``None``: there is none."""
        found = json.loads(self._native.newest_complete(group))
        return RecoveryPoint.from_dict(_seen(found["value"], found)) if found else None

    def replication_status(self, group: str) -> ReplicationStatus:
        """How replication of a group stands, seen from here. Raises ``NotFound`` if there is no such group."""
        found = json.loads(self._native.replication_status(group))
        status = _seen(found["value"], found)
        if status["newest_complete"]:
            status["newest_complete"] = _seen(status["newest_complete"], found)
        return ReplicationStatus.from_dict(status)

    def volumes(self, *, names: Iterable[str] | None = None, ids: Iterable[str] | None = None) -> list[ArrayVolume]:
        """The volumes of these names, or of these ids; those that are not there are left out.

        Raises ``InvalidRequest`` unless one of the two is given.
        """
        return ArrayVolume.list_from_json(self._native.volumes(names=_list(names), ids=_list(ids)))

    def counters(self) -> Counters:
        """What was sent and received so far."""
        return Counters.from_json(self._native.counters())

    def close(self) -> None:
        """Ends the session on the array, if there is one. The next call logs in again."""
        self._native.close()


def _seen(value: Mapping[str, Any], observed: Mapping[str, Any]) -> dict[str, Any]:
    return {**value, "observed_at": observed["endpoint_time"]}


def _list(names: Iterable[str] | None) -> list[str] | None:
    if isinstance(names, str):
        raise TypeError(f"a list of names is expected, not '{names}'")
    return None if names is None else list(names)
