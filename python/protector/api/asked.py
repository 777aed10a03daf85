"""One request, read and checked, as the functions that answer it see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from oslo_context.context import RequestContext

from protector import Engine
from protector.api.authentication import caller_name
from protector.api.rules import ADMIN, Rules
from protector.api.versions import Version
from protector.exceptions import InvalidRequest
from protector.values import Operation, ProtectionGroup, Value

T = TypeVar("T", bound=Value)


@dataclass
class Asked:
    """What is asked for, by whom."""

    #: For the project of the path, where there is one: what belongs to others is not there.
    engine: Engine
    #: For all projects.
    everybody: Engine
    rules: Rules
    #: The rule of the call.
    rule: str
    caller: RequestContext
    version: Version
    #: Parameters of the path, by name.
    path: dict[str, str]
    #: Those of the query.
    query: dict[str, Any]
    #: The body, as its schema says.
    body: dict[str, Any]
    #: Longest page.
    max_limit: int
    #: Makes the link to another page of the same list from its marker.
    link: Callable[[str], str]
    #: Headers of the answer.
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> str:
        """The project of the path."""
        return self.path["project_id"]

    def made(self, *path: str) -> None:
        """Tells where what was made is."""
        self.headers["Location"] = "/".join(["/v1", *(quote(part, safe="") for part in path)])

    @property
    def by(self) -> str:
        """Who asks, for journals."""
        return caller_name(self.caller)

    def need(self, rule: str) -> None:
        """Asks for one rule more, for a part of the body. Raises a 403."""
        self.rules.check(rule, self.caller, self.path.get("project_id"))

    def group(self) -> ProtectionGroup:
        """The group of the path. One of another project is missing in the very same words as one that is not there."""
        return self.engine.protection_group_show(self.path["protection_group"])

    def operation(self) -> Operation:
        """The operation of the path, in the same way."""
        return self.engine.operation_show(self.path["operation"])

    def listed(self) -> Engine:
        """The engine for a list: that of the project, or with ``all_projects`` that of everybody."""
        if not self.query.get("all_projects"):
            return self.engine
        self.need(ADMIN)
        return self.everybody

    @property
    def limit(self) -> int:
        """Longest page that is wanted."""
        return min(int(self.query.get("limit", self.max_limit)), self.max_limit)

    def page(self, name: str, items: Sequence[T], identity: Callable[[T], str]) -> dict[str, Any]:
        """One page of a list: ``limit`` items behind the one that ``marker`` names, and the link to the next page.

        Raises ``InvalidRequest`` for a marker that is not in the list.
        """
        start, marker = 0, self.query.get("marker")
        if marker is not None:
            places = [place for place, item in enumerate(items, 1) if identity(item) == marker]
            if not places:
                raise InvalidRequest(
                    f"marker '{marker}' is not in the list", "ask for the first page again, without a marker"
                )
            start = places[0]
        return self.shown(name, items[start : start + self.limit + 1], identity)

    def shown(self, name: str, items: Sequence[T], identity: Callable[[T], str]) -> dict[str, Any]:
        """A page of items of which one more than ``limit`` says that there is another page."""
        page = [item.to_dict() for item in items[: self.limit]]
        return {name: page, **self.links(name, items, identity)}

    def links(self, name: str, items: Sequence[T], identity: Callable[[T], str]) -> dict[str, Any]:
        """The link to the next page, if there is one."""
        if len(items) <= self.limit:
            return {}
        return {f"{name}_links": [{"rel": "next", "href": self.link(identity(items[self.limit - 1]))}]}
