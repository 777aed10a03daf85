"""The OpenAPI 3.1 document, made from the same table as the routes."""

from __future__ import annotations

import re
from typing import Any

from protector import __version__, values
from protector.api import versions
from protector.api.call import JSON
from protector.api.calls import CALLS, Call
from protector.api.schemas import LINKS, Schema, answered, parts, record

_ERROR = record(
    ("error",),
    error=record(
        ("code", "message", "remedy", "retryable", "details", "request_id"),
        code={"type": "string"},
        message={"type": "string"},
        remedy={"type": ["string", "null"]},
        retryable={"type": "boolean"},
        details={"type": "object"},
        request_id={"type": ["string", "null"]},
    ),
)
#: Values that write themselves in a way of their own.
_OPEN = (values.BootCheck,)
_VERSION_PARAMETER = {
    "name": versions.HEADER,
    "in": "header",
    "description": f"microversion; {versions.MINIMUM} if absent",
    "schema": {
        "type": "string",
        "anyOf": [
            {"enum": [f"{versions.SERVICE} {version}" for version in (*versions.OFFERED, "latest")]},
            # other services may stand there, too
            {"pattern": f"^(?!{versions.SERVICE} ){versions.ENTRY}$"},
        ],
    },
}


def document() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {
        "/": {
            "get": {
                "operationId": "versions:index",
                "summary": "The versions that are offered",
                "security": [],
                "responses": {"200": _response("the versions", {"type": "object", "required": ["versions"]})},
            }
        }
    }
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Protector",
            "version": __version__,
            "summary": "Disaster recovery for OpenStack clouds on replicated FlashArrays",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"keystone": []}],
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR, **_value_schemas()},
            "securitySchemes": {"keystone": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
        },
    }


def _operation(call: Call) -> dict[str, Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": 255}}
        for name in re.findall(r"{(\w+)}", call.path)
    ]
    in_query = [{"name": name, "in": "query", "schema": schema} for name, schema in call.query.items()]
    version: dict[str, Any] = _VERSION_PARAMETER
    if call.since > versions.MINIMUM:
        offered = [f"{versions.SERVICE} {offer}" for offer in versions.OFFERED if offer >= call.since]
        version = {**version, "required": True, "schema": {"type": "string", "enum": offered}}
    operation = {
        "operationId": call.name,
        "summary": call.summary,
        "description": f"Rule `{call.rule}`, by default `{call.default_rule}`; from version {call.since} on.",
        "parameters": [*in_path, *in_query, version],
        "responses": {str(call.status): _success(call), "default": _response("a refusal", _reference("Error"))},
    }
    if call.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(call.body)}
    return operation


def _success(call: Call) -> dict[str, Any]:
    if call.media != JSON:
        content = {call.media: {"schema": {"type": "string"}}}
        return {"description": call.summary, "headers": _headers(), "content": content}
    if call.thing is None:
        return {"description": "done", "headers": _headers()}
    schema: Schema = _reference(call.value.__name__) if call.value else call.shape or {"type": "object"}
    if call.is_list:
        links = {f"{call.thing}_links": LINKS}
        schema = record((call.thing,), **{call.thing: {"type": "array", "items": schema}}, **links)
    else:
        schema = record((call.thing,), **{call.thing: schema})
    return _response(call.summary, schema)


def _response(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "headers": _headers(), "content": _json(schema)}


def _headers() -> dict[str, Any]:
    return {versions.HEADER: {"required": True, "schema": {"type": "string", "pattern": r"^protector \d+\.\d+$"}}}


def _json(schema: Schema) -> dict[str, Any]:
    return {JSON: {"schema": schema}}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _value_schemas() -> dict[str, Schema]:
    """Those of all values that answers hold, also inside of one another."""
    wanted = [call.value for call in CALLS if call.value is not None] + [values.Health]
    schemas: dict[str, Schema] = {}
    while wanted:
        value = wanted.pop()
        if value.__name__ in schemas:
            continue
        schemas[value.__name__] = {"type": "object"} if value in _OPEN else answered(value)
        wanted.extend([] if value in _OPEN else parts(value))
    return dict(sorted(schemas.items()))
