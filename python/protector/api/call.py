"""What a call of the API is; which ones there are is in :mod:`.calls`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from protector.api.asked import Asked
from protector.api.reading import MAX_BODY
from protector.api.rules import ADMIN_OR_OWNER
from protector.api.schemas import Schema
from protector.api.versions import MINIMUM, Version
from protector.values import Value

JSON = "application/json"


@dataclass(frozen=True)
class Call:
    """One method on one path."""

    #: ``<resource>:<action>``: the rule without ``protector:``, and the id of the operation in OpenAPI.
    name: str
    method: str
    #: As Falcon's templates and those of OpenAPI are written.
    path: str
    #: Makes the body of the answer.
    answer: Callable[[Asked], Any]
    #: Name of the thing in the body of the answer, and what it is.
    thing: str | None = None
    value: type[Value] | None = None
    body: Schema | None = None
    status: int = 200
    query: Mapping[str, Schema] = field(default_factory=dict)
    since: Version = MINIMUM
    #: The rule unless ``policy.yaml`` says otherwise.
    default_rule: str = ADMIN_OR_OWNER
    #: How the thing looks, if it is no value of the engine.
    shape: Schema | None = None
    #: Media type of the answer; anything but JSON is text.
    media: str = JSON
    #: Longest body, in bytes.
    max_body: int = MAX_BODY

    @property
    def rule(self) -> str:
        """Its rule."""
        return f"protector:{self.name}"

    @property
    def is_list(self) -> bool:
        """Whether it answers with a page of things."""
        return "limit" in self.query and self.shape is None

    @property
    def summary(self) -> str:
        """One line for people."""
        return (self.answer.__doc__ or "").split(".")[0]
