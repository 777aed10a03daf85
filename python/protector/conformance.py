"""Whether a driver keeps the promises of its port: the suites of the engine's own drivers, for drivers in Python.

Reached through :mod:`protector.testing`.
"""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from protector import _native
from protector._value import Value, value
from protector.engine.bridge import Bridge, described
from protector.engine.cloud import Cloud
from protector.engine.drivers import cloud_bridge, storage_bridge
from protector.engine.storage import StorageDriver
from protector.exceptions import NotSupported

_S = TypeVar("_S")


@value
class Check(Value):
    """How one check ended."""

    name: str
    #: ``skipped``: the driver does not offer what it is about, or the bench cannot arrange it.
    result: Literal["passed", "failed", "skipped"]
    #: Why it failed.
    detail: str | None = None


@value
class ConformanceReport(Value):
    """How all checks ended, in the order of the suite."""

    checks: tuple[Check, ...]

    def named(self, result: str) -> list[str]:
        """Names of the checks that ended so."""
        return [check.name for check in self.checks if check.result == result]

    def __str__(self) -> str:
        lines = [f"{each.result:8} {each.name}{': ' + each.detail if each.detail else ''}" for each in self.checks]
        counts = (f"{len(self.named(result))} {result}" for result in ("passed", "failed", "skipped"))
        return "\n".join([*lines, ", ".join(counts)])


class StorageBench(ABC):
    """What the checks of storage drivers need beside drivers: volumes come from Cinder, foreign groups from somebody
    else, data from hosts. What cannot be arranged is left as it is here, and the checks that need it are skipped."""

    #: Whether :meth:`write` and :meth:`content` work.
    has_data: bool = False
    #: Whether a transfer takes long enough to be seen on its way.
    transfers_take_time: bool = False
    #: Whether an array shows the members of a group that another array replicates to it.
    images_show_members: bool = True
    #: Whether checks may make and stretch pods.
    has_pods: bool = False
    #: Whether :meth:`separate` works.
    can_separate: bool = False

    @abstractmethod
    def create_volume(self, array: str, volume: str, provisioned: int) -> None:
        """Makes a volume of ``provisioned`` bytes on the array of that name."""

    @abstractmethod
    def create_unmarked_group(self, array: str, group: str, volumes: Sequence[str]) -> None:
        """Makes a group without any mark, with these members."""

    def write(self, array: str, volume: str, count: int) -> None:
        """Lets a host write to a volume ``count`` times. Raises anything if the array refuses it."""
        raise NotSupported(f"nothing here writes {count} times to '{volume}' of {array}")

    def content(self, array: str, volume: str) -> int:
        """How many writes the volume with this id holds."""
        raise NotSupported(f"nothing here reads '{volume}' of {array}")

    def separate(self, apart: bool) -> None:
        """Cuts the connection between the two arrays, both of which go on, or mends it."""
        raise NotSupported(f"nothing here can {'cut' if apart else 'mend'} the connection between the arrays")


@dataclass(frozen=True)
class StorageSubject:
    """Two connected arrays without any object that a check could meet by its name."""

    #: The array that is replicated from.
    source: StorageDriver
    #: The array that is replicated to.
    target: StorageDriver
    bench: StorageBench


class CloudBench(ABC):
    """What the checks of clouds need beside a cloud."""

    @abstractmethod
    def create_array_volume(self, name: str, size_gib: int) -> str:
        """Makes a volume on the array that is not under management; its id there."""

    @abstractmethod
    def array_volume_name(self, volume: str) -> str | None:
        """Present name of the array volume with this id."""

    def doom_volumes(self, server: str) -> bool:
        """Lets the cloud delete the volumes of a server together with it. ``False``: cannot be arranged."""
        return False


@value
class CloudSetting(Value):
    """Names of what the checks of clouds may use."""

    volume_type: str
    #: Another one, offered by the same backend.
    other_volume_type: str
    network: str
    #: A free address in it.
    free_address: str
    flavor: str
    #: A type that exists, but that no backend offers.
    unoffered_volume_type: str | None = None
    #: A type that is offered by the same backend and replicates synchronously.
    sync_volume_type: str | None = None


@dataclass(frozen=True)
class CloudSubject:
    """A cloud without any object that a check could meet by its name."""

    cloud: Cloud
    setting: CloudSetting
    bench: CloudBench


def driver_conformance(
    make: Callable[[], AbstractContextManager[StorageSubject]], *, only: Collection[str] | None = None
) -> ConformanceReport:
    """Runs the suite of storage drivers, each check on a subject of its own, or the checks named in ``only``.

    Raises ``AssertionError`` with the report if a promise is broken or no check concerned the driver,
    ``InvalidRequest`` for a check that there is not, and what ``make`` raises.
    """

    def bridged(subject: StorageSubject) -> tuple[Bridge, ...]:
        arranges = ("has_data", "transfers_take_time", "images_show_members", "has_pods", "can_separate")
        can = {name: getattr(subject.bench, name) for name in arranges}
        bench = Bridge(
            subject.bench, StorageBench, {**described(subject.bench, None, StorageBench, ()), "capabilities": can}
        )
        return storage_bridge(subject.source), storage_bridge(subject.target), bench

    return _run(_native.storage_conformance, make, bridged, only)


def cloud_conformance(
    make: Callable[[], AbstractContextManager[CloudSubject]], *, only: Collection[str] | None = None
) -> ConformanceReport:
    """The same as :func:`driver_conformance` for clouds."""

    def bridged(subject: CloudSubject) -> tuple[Any, ...]:
        bench = Bridge(subject.bench, CloudBench, described(subject.bench, None, CloudBench, ()))
        return cloud_bridge(subject.cloud), bench, json.dumps(subject.setting.to_dict())

    return _run(_native.cloud_conformance, make, bridged, only)


def _run(
    suite: Callable[..., str],
    make: Callable[[], AbstractContextManager[_S]],
    bridged: Callable[[_S], tuple[Any, ...]],
    only: Collection[str] | None,
) -> ConformanceReport:
    broken: list[Exception] = []
    with contextlib.ExitStack() as last:

        def fresh() -> tuple[Any, ...]:
            try:
                last.close()
                return bridged(last.enter_context(make()))
            except Exception as error:
                broken.append(error)
                raise

        report = ConformanceReport(tuple(_checks(suite(fresh, None if only is None else list(only)))))
    if broken:
        raise broken[0]
    if report.named("failed") or not report.named("passed"):
        raise AssertionError(f"\n{report}")
    return report


def _checks(answer: str) -> Iterator[Check]:
    for name, result, detail in json.loads(answer):
        yield Check(name, result, detail)
