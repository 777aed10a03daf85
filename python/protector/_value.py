"""What all values have in common: they are read from JSON data and written to it."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

_V = TypeVar("_V", bound="Value")


def _read_time(text: str) -> datetime:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}").replace(tzinfo=timezone.utc)


def _plain(value: Any) -> Any:
    if isinstance(value, Value):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    return value


def _read(kind: Any, value: Any) -> Any:
    """JSON data as a field of that type: nested values, tuples of them, times; everything else as it is."""
    if value is None:
        return None
    if get_origin(kind) is UnionType:
        kind = next(each for each in get_args(kind) if each is not NoneType)
    if kind is datetime:
        return _read_time(value)
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], item) for item in value)
    if isinstance(kind, type) and issubclass(kind, Value):
        return kind.from_dict(value)
    return value


_types = functools.cache(get_type_hints)


@dataclass(frozen=True)
class Value:
    """Base of all values."""

    @classmethod
    def from_dict(cls: type[_V], data: Mapping[str, Any]) -> _V:
        """Reads what :meth:`to_dict` made. Unknown fields are ignored; a missing one is a :class:`TypeError`."""
        types = _types(cls)  # type: ignore[arg-type]  # a class is hashable
        return cls(**{each.name: _read(types[each.name], data[each.name]) for each in fields(cls) if each.name in data})

    @classmethod
    def from_json(cls: type[_V], text: str) -> _V:
        """As :meth:`from_dict`, from JSON text."""
        return cls.from_dict(json.loads(text))

    @classmethod
    def list_from_json(cls: type[_V], text: str) -> list[_V]:
        """Reads a JSON array of values."""
        return [cls.from_dict(item) for item in json.loads(text)]

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON-compatible data; times as UTC in ISO 8601."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}
