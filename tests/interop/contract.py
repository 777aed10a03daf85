"""The OpenAPI description of FlashArray REST as a check of replies.

The description (PureStorage-OpenConnect/swagger, OpenAPI 3.0.1) marks neither what may be null nor what is required.
Real arrays show what is absent as null and absent references as objects of nulls (pure-fa-openmetrics-exporter, test
data); so null is accepted for scalars, and for nothing else. A field that the description does not have is an error.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from recorder import Exchange

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/"
SCALARS = {"string", "integer", "number", "boolean"}


class Contract:
    """The description of one REST version."""

    def __init__(self, file: Path) -> None:
        document = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
        self.version: str = file.name.removeprefix("FA").removesuffix(".spec.yaml")
        self._paths: dict[str, Any] = document["paths"]
        self._schemas: dict[str, Schema] = document["components"]["schemas"]
        self._definitions = {name: self._strict(schema) for name, schema in self._schemas.items()}
        self._validator = cache(self._make_validator)

    def listed(self) -> list[str]:
        """The paths behind the version that can be read without a parameter."""
        prefix = f"/api/{self.version}/"
        return [
            path.removeprefix(prefix)
            for path, methods in self._paths.items()
            if path.startswith(prefix)
            and "{" not in path
            and "get" in methods
            and not any(given.get("required") for given in methods["get"].get("parameters", []))
        ]

    def violations(self, exchange: Exchange) -> list[str]:
        """What is wrong with the reply to a request that succeeded; each with the request and the place."""
        path = f"/api/{exchange.version}/{exchange.path}" if exchange.version else f"/{exchange.path}"
        asked = f"{exchange.method} {path}"
        operation = self._paths.get(path, {}).get(exchange.method.lower())
        if operation is None:
            return [f"{asked}: the contract has no such request"]
        content = operation["responses"][str(exchange.status)].get("content")
        if not content:
            return [] if exchange.reply is None else [f"{asked}: the reply has no body in the contract"]
        if exchange.reply is None:
            return [f"{asked}: the body is missing"]
        errors = self._validator(path, exchange.method.lower()).iter_errors(exchange.reply)
        return [f"{asked}: {error.json_path}: {error.message}" for error in errors]

    def _make_validator(self, path: str, method: str) -> Draft202012Validator:
        content = self._paths[path][method]["responses"]["200"]["content"]["application/json"]["schema"]
        return Draft202012Validator({**self._strict(content), "$defs": self._definitions})

    def _strict(self, schema: Schema) -> Schema:
        """The same as JSON Schema, with nulls for absent scalars and without fields that are not described."""
        if "$ref" in schema:
            return {"$ref": schema["$ref"].replace(REFERENCE, "#/$defs/")}
        if "oneOf" in schema:
            return {"oneOf": [self._strict(each) for each in schema["oneOf"]]}
        if schema.get("type") == "array":
            return {"type": "array", "items": self._strict(schema["items"])}
        if schema.get("type") in SCALARS:
            return {"type": [schema["type"], "null"]}
        if len(schema.get("allOf", [])) == 1 and "properties" not in schema:
            return self._strict(schema["allOf"][0])
        properties = self._properties(schema)
        if not properties:
            return {"type": "object"}
        described = {name: self._strict(each) for name, each in properties.items()}
        return {"type": "object", "properties": described, "additionalProperties": False}

    def _properties(self, schema: Schema) -> dict[str, Schema]:
        """Its own and those of everything that it is made of."""
        if "$ref" in schema:
            return self._properties(self._schemas[schema["$ref"].removeprefix(REFERENCE)])
        found: dict[str, Schema] = {}
        for part in schema.get("allOf", []):
            found |= self._properties(part)
        return found | schema.get("properties", {})
