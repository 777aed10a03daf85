"""Reads bodies and queries, by the schemas that the OpenAPI document shows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import falcon
import jsonschema

from protector.api.schemas import Schema
from protector.exceptions import InvalidRequest

#: Longest body, as oslo.middleware has it.
MAX_BODY = 114_688
_SWITCH = {"true": True, "false": False}


def body(
    request: falcon.Request, validator: jsonschema.Draft202012Validator | None, longest: int = MAX_BODY
) -> dict[str, Any]:
    """The body, checked. A call without a validator takes none.

    Raises ``InvalidRequest`` that names the field; no refusal repeats a secret.
    """
    if validator is None:
        return {}
    if (request.content_length or 0) > longest:
        raise falcon.HTTPContentTooLarge(description=f"a body has at most {longest} bytes")
    if (request.content_type or "").partition(";")[0].strip().lower() != "application/json":
        raise falcon.HTTPUnsupportedMediaType(description="the body must be JSON: Content-Type: application/json")
    try:
        read = json.loads(request.bounded_stream.read(longest), parse_float=_number, parse_constant=_no_number)
    except RecursionError as error:
        raise InvalidRequest("the body is nested too deeply") from error
    except ValueError as error:
        # what it says may repeat a part of the body
        raise InvalidRequest("the body is not JSON", "write it in UTF-8, with one JSON object") from error
    complaint = next(iter(sorted(validator.iter_errors(read), key=lambda e: str(e.path))), None)
    if complaint is not None:
        raise _refusal(complaint)
    return read  # type: ignore[no-any-return]


def query(parameters: Mapping[str, Any], known: Mapping[str, Schema]) -> dict[str, Any]:
    """The query, checked. One that is not known is refused: a misspelt filter would show everything."""
    read: dict[str, Any] = {}
    for name, value in parameters.items():
        if name not in known:
            raise InvalidRequest(f"query parameter '{name}' is not known", f"known here: {', '.join(known) or 'none'}")
        if not isinstance(value, str):
            raise InvalidRequest(f"query parameter '{name}' was given more than once")
        read[name] = _parameter(name, value, known[name])
    return read


def _parameter(name: str, text: str, schema: Schema) -> Any:
    value: Any = text
    if schema["type"] == "integer" and re.fullmatch(r"[0-9]{1,9}", text):
        value = int(text)
    elif schema["type"] == "boolean":
        value = _SWITCH.get(text.lower(), text)
    if any(jsonschema.Draft202012Validator(schema).iter_errors(value)):
        raise InvalidRequest(f"query parameter '{name}' is {text[:80]!r}", f"it must fit {json.dumps(schema)}")
    return value


def _refusal(error: jsonschema.ValidationError) -> InvalidRequest:
    """The message names the field and shows its value, if that is short and can be no secret."""
    where = ".".join(map(str, error.absolute_path))
    if error.validator in ("required", "additionalProperties"):
        # both speak of names, not of values
        return InvalidRequest(f"{where or 'the body'}: {error.message[:300]}")
    schema = error.schema if isinstance(error.schema, dict) else {}
    # where an object belongs, a secret may stand as well
    is_open = {"type", "enum"} & schema.keys() and schema.get("type") not in ("object", "array")
    is_open = is_open and not schema.get("writeOnly") and not isinstance(error.instance, (dict, list))
    shown = f" = {json.dumps(error.instance)[:80]}" if is_open else ""
    wanted = json.dumps({error.validator: error.validator_value}) if error.validator != "oneOf" else "one of its forms"
    return InvalidRequest(f"{where or 'the body'}{shown} is refused", f"it must fit {wanted}")


def _number(text: str) -> float | int:
    """JSON knows one kind of number, the engine two."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")
