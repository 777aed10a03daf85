"""An array: a directory with sparse files and the records of what they are.

``array.json`` says which volumes, groups and snapshots there are. ``volumes/<id>`` are the volumes and
``snapshots/<group>.<suffix>/<id>`` what was in them. A file counts only once the records name it, so one that was
half-written when somebody was killed is no volume and no recovery point, and the next attempt begins it anew.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from protector.exceptions import AlreadyExists, InvalidRequest, NotFound, PreconditionFailed
from protector_example_drivers.records import Records, sync_directory

_CHUNK = 1 << 20
_WRITABLE = 0o222


@dataclass
class Clone:
    """Where a volume comes from."""

    key: str
    group: str
    point: str
    source: str


@dataclass
class Volume:
    id: str
    name: str
    destroyed: bool = False
    clone: Clone | None = None


@dataclass
class Snapshot:
    """A recovery point. On the array of the group it is shipped from here, on the other one it has arrived."""

    suffix: str
    created: str
    #: Name on the source → id, which names the file.
    volumes: dict[str, str]
    arrived: str | None = None
    #: Target arrays that do not have it yet, and those that do.
    to_ship: list[str] = field(default_factory=list)
    shipped: list[str] = field(default_factory=list)


@dataclass
class Group:
    """A protection group, or the image of one that another array replicates here."""

    id: str
    name: str
    owner: str | None
    epoch: int = 0
    destroyed: bool = False
    #: Ids of its volumes.
    volumes: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    interval: int | None = None
    due: str | None = None
    snapshots: list[Snapshot] = field(default_factory=list)
    #: Of an image: array and id of the group, and whether it may be replicated to.
    source: str | None = None
    source_group: str | None = None
    allowed: bool = False

    def snapshot(self, suffix: str) -> Snapshot | None:
        return next((each for each in self.snapshots if each.suffix == suffix), None)


@dataclass
class State:
    """Everything that the records of an array say."""

    id: str
    #: By id.
    volumes: dict[str, Volume] = field(default_factory=dict)
    #: By name.
    groups: dict[str, Group] = field(default_factory=dict)
    #: Arrays that replicate here or are replicated to, name → id: known also while they do not answer.
    peers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> State:
        volumes = {
            id_: Volume(**{**each, "clone": Clone(**each["clone"]) if each["clone"] else None})
            for id_, each in data["volumes"].items()
        }
        groups = {
            name: Group(**{**each, "snapshots": [Snapshot(**one) for one in each["snapshots"]]})
            for name, each in data["groups"].items()
        }
        return cls(data["id"], volumes, groups, data["peers"])

    def named(self, name: str) -> Volume | None:
        return next((volume for volume in self.volumes.values() if volume.name == name), None)


class Array:
    """One array, by the directory that it is."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.name = directory.name
        self._records = Records(directory / "array.json", f"array '{self.name}'")

    def create(self) -> None:
        """Makes an empty array."""
        self._records.create(asdict(State(str(uuid.uuid4()))))
        for name in ("volumes", "snapshots"):
            (self.directory / name).mkdir(exist_ok=True)

    def peers(self) -> list[Array]:
        """The arrays beside it that are there. They are connected."""
        beside = sorted(self.directory.parent.glob("*/array.json"))
        return [Array(path.parent) for path in beside if path.parent != self.directory]

    def read(self) -> State:
        return State.read(self._records.read())

    @contextlib.contextmanager
    def change(self) -> Iterator[State]:
        """As :meth:`Records.change`. Nobody holds two arrays at a time, so nobody waits for each other."""
        with self._records.change() as content:
            state = State.read(content)
            yield state
            content.clear()
            content.update(asdict(state))

    def path(self, volume: str) -> Path:
        return self.directory / "volumes" / volume

    def folder(self, group: Group, suffix: str) -> Path:
        """Where a snapshot is."""
        return self.directory / "snapshots" / f"{group.id}.{suffix}"

    def is_fenced(self, volume: str) -> bool:
        return not self.path(volume).stat().st_mode & _WRITABLE

    def set_fence(self, volume: str, fenced: bool) -> None:
        self.path(volume).chmod(0o400 if fenced else 0o600)

    # what others than the engine do with an array

    def create_volume(self, name: str, size: int) -> str:
        """Makes an empty volume; its id."""
        if not re.fullmatch(r"[A-Za-z0-9-]{1,63}", name):
            raise InvalidRequest(f"'{name}' is no name for a volume", "use letters, digits and '-'")
        with self.change() as state:
            if state.named(name):
                raise AlreadyExists(f"array '{self.name}' has a volume '{name}' already", "choose another name")
            volume = Volume(str(uuid.uuid4()), name)
            with open(self.path(volume.id), "xb") as file:
                file.truncate(size)
            self.set_fence(volume.id, False)
            state.volumes[volume.id] = volume
        return volume.id

    def rename_volume(self, volume: str, name: str) -> None:
        """Gives the volume with this id another name, as Cinder does."""
        with self.change() as state:
            if volume not in state.volumes:
                raise NotFound(f"array '{self.name}' has no volume with id '{volume}'")
            state.volumes[volume].name = name

    def write(self, volume: str, offset: int, data: bytes) -> None:
        """Lets a host write to the volume with this id.

        It waits for a snapshot that is being taken, which is why a snapshot is one instant of all volumes. Who opens
        the file instead can tear one; and root gets through a fence, as the fence is made of permissions.
        """
        with self.change():
            if self.is_fenced(volume):
                raise PreconditionFailed(f"volume '{volume}' of array '{self.name}' is fenced")
            with open(self.path(volume), "r+b") as file:
                file.seek(offset)
                file.write(data)

    def content(self, volume: str, offset: int, length: int) -> bytes:
        """Lets a host read."""
        with open(self.path(volume), "rb") as file:
            file.seek(offset)
            return file.read(length)


def copy_files(files: Iterable[tuple[Path, Path]]) -> None:
    """Copies sparse files; all are on disk when it returns."""
    directories: set[Path] = set()
    for source, target in files:
        target.parent.mkdir(exist_ok=True)
        _copy_sparse(source, target)
        directories.update((target.parent, target.parent.parent))
    for directory in directories:
        sync_directory(directory)


def _copy_sparse(source: Path, target: Path) -> None:
    """Holes stay holes."""
    with open(source, "rb") as reader, open(target, "wb") as writer:
        size = reader.seek(0, os.SEEK_END)
        writer.truncate(size)
        end = 0
        while (start := _next_data(reader.fileno(), end)) is not None:
            end = os.lseek(reader.fileno(), start, os.SEEK_HOLE)
            writer.seek(start)
            for offset in range(start, end, _CHUNK):
                writer.write(os.pread(reader.fileno(), min(_CHUNK, end - offset), offset))
        writer.flush()
        os.fsync(writer.fileno())
    target.chmod(0o600)


def _next_data(file: int, offset: int) -> int | None:
    """Where the next data are; ``None``: a hole up to the end."""
    try:
        return os.lseek(file, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return None
        raise
