"""JSON schemas of what is sent and answered; the same ones check requests and stand in the OpenAPI document."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args, get_origin

from protector._value import known, types_of
from protector.values import Value

if TYPE_CHECKING:
    from typing import TypeAlias

Schema: TypeAlias = dict[str, Any]

#: Names may hold everything but control characters; the engine says what else it does not take.
_TEXT = {"type": "string", "maxLength": 255, "pattern": r"^[^\x00-\x1f\x7f]*$"}
NAME: Schema = {**_TEXT, "minLength": 1}
TEXT: Schema = {"type": "string", "maxLength": 1024}
SECRET: Schema = {"type": "string", "minLength": 1, "maxLength": 4096, "writeOnly": True, "format": "password"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": 65535}
POSITIVE: Schema = {"type": "integer", "minimum": 1, "maximum": 4294967295}
NAME_MAP: Schema = {"type": "object", "additionalProperties": NAME, "propertyNames": {"minLength": 1}}


def record(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """An object with these fields and no others."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


#: Where the next page of a list is.
LINKS: Schema = {"type": "array", "items": record(("rel", "href"), rel={"const": "next"}, href={"type": "string"})}


def answered(value: type[Value]) -> Schema:
    """An object of that type, as :meth:`~protector.values.Value.to_dict` writes it.

    >>> from protector.metadata import SyncStatus
    >>> answered(SyncStatus)["properties"]["remote_version"]
    {'type': ['integer', 'null']}
    """
    kinds = types_of(value)
    properties = {each.name: _schema(kinds[each.name]) for each in fields(value)}
    has_default = (each.default is not MISSING or each.default_factory is not MISSING for each in fields(value))
    required = [name for name, optional in zip(properties, has_default) if not optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def parts(value: type[Value]) -> list[type[Value]]:
    """The values that its fields hold.

    >>> from protector.metadata import SyncStatus
    >>> [part.__name__ for part in parts(SyncStatus)]
    ['Difference']
    """
    return [part for kind in types_of(value).values() for part in _values_in(kind)]


def _values_in(kind: Any) -> list[type[Value]]:
    # of a tuple of something Python 3.10 says that it is a type
    if get_origin(kind) is None and isinstance(kind, type) and issubclass(kind, Value):
        return [kind]
    return [value for part in get_args(kind) for value in _values_in(part)]


_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
}


def _schema(kind: Any) -> Schema:
    if (some := known(kind)) is not None:
        schema = _schema(some)
        if "type" not in schema:
            return {"anyOf": [schema, {"type": "null"}]}
        return {**schema, "type": [schema["type"], "null"]}
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _schema(get_args(kind)[0])}
    if get_origin(kind) is dict:
        return {"type": "object"}
    if is_dataclass(kind) and isinstance(kind, type) and issubclass(kind, Value):
        return {"$ref": f"#/components/schemas/{kind.__name__}"}
    return _PLAIN[kind]
