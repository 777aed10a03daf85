"""What all values have in common: they compare, hash and never change; they are read from JSON data and written to it.

They are dataclasses without methods of their own. Those that :func:`dataclasses.dataclass` writes and compiles for each
class were most of the time that importing the values took, and every ``openstack`` command imports them.
"""

from __future__ import annotations

import functools
import json
import re
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from datetime import datetime, timezone
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: Any) -> Callable[[Any], Any]:
        return lambda decorator: decorator


_T = TypeVar("_T")
_V = TypeVar("_V", bound="Value")
# what `X | None` is, which has a type of its own since Python 3.10
_UNIONS = (Union, getattr(types, "UnionType", Union))
_begin = json.JSONDecoder().raw_decode


def data_of(text: str) -> Any:
    """As :func:`json.loads`, which looks for white space around the text for longer than it reads a small value."""
    try:
        data, end = _begin(text)
    except (ValueError, TypeError):
        return json.loads(text)
    return data if end == len(text) else json.loads(text)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[_T]) -> type[_T]:
    """Makes a class of annotated fields a value, with the methods of :class:`Value`."""
    return dataclass(init=False, repr=False, eq=False)(cls)


class _Shape(NamedTuple):
    """What the methods want to know of a class."""

    names: dict[str, None]
    #: What makes the value of a field that was not given.
    defaults: dict[str, Callable[[], Any]]
    #: What reads a field of JSON data, unless it is as it is.
    readers: tuple[tuple[str, Callable[[Any], Any]], ...]
    shown: tuple[str, ...]
    compared: tuple[str, ...]
    hashed: tuple[str, ...]


def _evaluable(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Annotations as this Python can evaluate them: ``X | None`` is nothing to Python 3.9."""
    if sys.version_info >= (3, 10):
        return dict(texts)
    return {name: re.sub(r"^(.+) \| None$", r"Optional[\1]", texts[name]) for name in texts}


def types_of_arguments(function: Callable[..., Any]) -> dict[str, Any]:
    """The types of the arguments of a function."""
    texts = {name: text for name, text in function.__annotations__.items() if name != "return"}
    annotated = types.SimpleNamespace(__annotations__=_evaluable(texts))
    return get_type_hints(annotated, vars(sys.modules[function.__module__]), {"Optional": Optional})


def types_of(cls: type[Value]) -> dict[str, Any]:
    """The types of the fields."""
    return get_type_hints(cls, localns={"Optional": Optional})


def known(kind: Any) -> Any:
    """``X`` where the type is ``X | None``, and None where it is any other."""
    if get_origin(kind) not in _UNIONS:
        return None
    return next(each for each in get_args(kind) if each is not type(None))


def _look_at(cls: type[Value]) -> _Shape:
    kinds, found = types_of(cls), fields(cls)
    readers = ((each.name, _reader(kinds[each.name])) for each in found)
    return _Shape(
        names=dict.fromkeys(each.name for each in found),
        defaults={each.name: make for each in found if (make := _default(each))},
        readers=tuple((name, read) for name, read in readers if read),
        shown=tuple(each.name for each in found if each.repr),
        compared=tuple(each.name for each in found if each.compare),
        hashed=tuple(each.name for each in found if (each.compare if each.hash is None else each.hash)),
    )


_shape: Callable[[type[Value]], _Shape] = functools.cache(_look_at)  # type: ignore[assignment]  # classes are hashable


def _default(of: Any) -> Callable[[], Any] | None:
    if of.default_factory is not MISSING:
        return of.default_factory  # type: ignore[no-any-return]
    return None if of.default is MISSING else lambda: of.default


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


def _reader(kind: Any) -> Callable[[Any], Any] | None:
    """What makes a field of that type of JSON data: nested values, tuples of them, times. ``None``: it is as it is."""
    kind = known(kind) or kind
    if kind is datetime:
        return _read_time
    if get_origin(kind) is tuple:
        read = _reader(get_args(kind)[0])
        return tuple if read is None else lambda items: tuple(map(read, items))
    # of a tuple or map of something Python 3.10 says that it is a type
    if get_origin(kind) is None and isinstance(kind, type) and issubclass(kind, Value):
        return kind.from_dict
    return None


def _read(kind: Any, data: Any) -> Any:
    """JSON data as a value of that type."""
    read = None if data is None else _reader(kind)
    return read(data) if read else data


class _Signature:
    """How a value is made, for :func:`help` and other readers of :func:`inspect.signature`."""

    def __get__(self, made: object, cls: type[Value]) -> Signature:
        defaults = _shape(cls).defaults
        parameters = [
            Parameter(
                each.name,
                Parameter.POSITIONAL_OR_KEYWORD,
                default=defaults[each.name]() if each.name in defaults else Parameter.empty,
                annotation=each.type,
            )
            for each in fields(cls)
        ]
        return Signature(parameters)


@value
class Value:
    """Base of all values."""

    __signature__ = _Signature()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if sys.version_info < (3, 10):
            cls.__annotations__ = _evaluable(vars(cls).get("__annotations__", {}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        names = _shape(type(self)).names
        given = {**dict(zip(names, args)), **kwargs}
        if len(given) < len(args) + len(kwargs) or not given.keys() <= names.keys():
            raise TypeError(f"{type(self).__name__}() takes each of these once: {', '.join(names)}")
        self._fill(given)

    def _fill(self, given: dict[str, Any]) -> None:
        """Sets what was given, of names that there are, and the defaults of what was not."""
        shape = _shape(type(self))
        if len(given) < len(shape.names):
            left = shape.names.keys() - given.keys()
            if missing := [name for name in shape.names if name in left and name not in shape.defaults]:
                raise TypeError(f"{type(self).__name__}() lacks {', '.join(missing)}")
            given.update((name, shape.defaults[name]()) for name in left)
        self.__dict__.update(given)

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in _shape(type(self)).shown)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _shape(type(self)).compared)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in _shape(type(self)).hashed))

    @classmethod
    def from_dict(cls: type[_V], data: Mapping[str, Any]) -> _V:
        """Reads what :meth:`to_dict` made. Unknown fields are ignored; a missing one is a :class:`TypeError`."""
        shape = _shape(cls)
        made = cls.__new__(cls)
        # nearly always the engine of this very version wrote it
        if data.keys() == shape.names.keys():
            made.__dict__.update(data)
        else:
            made._fill({name: value for name, value in data.items() if name in shape.names})
        own = made.__dict__
        for name, read in shape.readers:
            # a default is what it is to be already
            if own[name] is not None and name in data:
                own[name] = read(own[name])
        return made

    @classmethod
    def from_json(cls: type[_V], text: str) -> _V:
        """As :meth:`from_dict`, from JSON text."""
        return cls.from_dict(data_of(text))

    @classmethod
    def list_from_json(cls: type[_V], text: str) -> list[_V]:
        """Reads a JSON array of values."""
        return [cls.from_dict(item) for item in data_of(text)]

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON-compatible data; times as UTC in ISO 8601."""
        return {name: _plain(getattr(self, name)) for name in _shape(type(self)).names}
