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
from protector.exceptions import InvalidRequest, NotFound
from protector.values import Operation, ProtectionGroup

T = TypeVar("T")


@dataclass
class Asked:
    """What is asked for, by whom."""

    engine: Engine
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

    def may(self, project: str | None) -> bool:
        """Whether the rule of the call allows it for what belongs to that project."""
        return self.rules.allows(self.rule, self.caller, project)

    def need(self, rule: str) -> None:
        """Asks for one rule more, for a part of the body. Raises a 403."""
        self.rules.check(rule, self.caller, self.path.get("project_id"))

    def group(self) -> ProtectionGroup:
        """The group of the path. One of another project is missing in the very same words as one that is not there."""
        name = self.path["protection_group"]
        try:
            found = self.engine.protection_group_show(name)
        except NotFound:
            found = None
        if found is None or not self.may(found.project_id):
            raise NotFound(
                f"protection group '{name}' does not exist",
                f"GET /v1/{self.project}/protection-groups lists those of yours",
            )
        return found

    def operation(self) -> Operation:
        """The operation of the path, in the same way. One whose group is deleted belongs to no project any more."""
        name = self.path["operation"]
        try:
            found = self.engine.operation_show(name)
        except NotFound:
            found = None
        if found is None or not self.may(self._project_of(found)):
            raise NotFound(
                f"operation '{name}' does not exist on {self.engine.site}",
                f"GET /v1/{self.project}/operations lists those of yours; each is kept on the site where it began",
            )
        return found

    def groups(self) -> list[ProtectionGroup]:
        """The groups of the project, or with ``all_projects`` every one."""
        found = self.engine.protection_group_list()
        if self.query.get("all_projects"):
            self.need(ADMIN)
            return found
        return [group for group in found if group.project_id == self.project]

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
        limit = min(self.query.get("limit", self.max_limit), self.max_limit)
        shown = items[start : start + limit]
        answer: dict[str, Any] = {name: [item.to_dict() for item in shown]}  # type: ignore[attr-defined]
        if start + limit < len(items):
            answer[f"{name}_links"] = [{"rel": "next", "href": self.link(identity(shown[-1]))}]
        return answer

    def _project_of(self, operation: Operation) -> str | None:
        try:
            return self.engine.protection_group_show(operation.protection_group_id).project_id
        except NotFound:
            return None
