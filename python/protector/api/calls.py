"""The calls of the API, once: routes, rules, versions and the OpenAPI document are all read from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from protector import values
from protector.api import bodies, reading
from protector.api.asked import Asked
from protector.api.resources import groups, health, members, operations, peer, sites
from protector.api.rules import ADMIN, ADMIN_OR_OWNER
from protector.api.schemas import Schema, record
from protector.api.versions import MINIMUM, Version
from protector.metadata import SyncStatus
from protector.values import Value

PLANS = Version(1, 1)

_LIMIT = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 255}
PAGE: Mapping[str, Schema] = {"limit": _LIMIT, "marker": _TEXT}
PROJECT_PAGE: Mapping[str, Schema] = {**PAGE, "all_projects": {"type": "boolean"}}


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
    #: Longest body, in bytes.
    max_body: int = reading.MAX_BODY

    @property
    def rule(self) -> str:
        """Its rule."""
        return f"protector:{self.name}"

    @property
    def is_list(self) -> bool:
        """Whether it answers with a page."""
        return "limit" in self.query

    @property
    def summary(self) -> str:
        """One line for people."""
        return (self.answer.__doc__ or "").split(".")[0]


_SITES = "/v1/admin/sites"
_SITE = f"{_SITES}/{{site}}"
_GROUPS = "/v1/{project_id}/protection-groups"
_GROUP = f"{_GROUPS}/{{protection_group}}"
_MEMBERS = f"{_GROUP}/members"
_MEMBER = f"{_MEMBERS}/{{member}}"
_OPERATIONS = "/v1/{project_id}/operations"
_OPERATION = f"{_OPERATIONS}/{{operation}}"


def _admin(name: str, method: str, path: str, answer: Callable[[Asked], Any], **more: Any) -> Call:
    return Call(f"sites:{name}", method, path, answer, default_rule=ADMIN, **more)


CALLS: tuple[Call, ...] = (
    Call("health:show", "GET", "/v1/health", health.show, "health"),
    _admin("index", "GET", _SITES, sites.index, thing="sites", value=values.Site, query=PAGE),
    _admin("create", "POST", _SITES, sites.create, thing="site", value=values.Site, body=bodies.SITE, status=201),
    _admin("show", "GET", _SITE, sites.show, thing="site", value=values.Site),
    _admin("delete", "DELETE", _SITE, sites.delete, status=204),
    _admin("validate", "GET", f"{_SITE}/validation", sites.validate, thing="validation", value=values.SiteValidation),
    _admin(
        "volume_types",
        "GET",
        f"{_SITE}/volume-types",
        sites.volume_types,
        thing="volume_types",
        value=values.VolumeType,
        query=PAGE,
    ),
    Call(
        "peer:ask",
        "POST",
        "/v1/admin/peer",
        peer.ask,
        "answer",
        body=bodies.QUESTION,
        default_rule=ADMIN,
        max_body=peer.LONGEST,
    ),
    Call(
        "protection_groups:index",
        "GET",
        _GROUPS,
        groups.index,
        "protection_groups",
        values.ProtectionGroup,
        query=PROJECT_PAGE,
    ),
    Call(
        "protection_groups:create",
        "POST",
        _GROUPS,
        groups.create,
        "protection_group",
        values.ProtectionGroup,
        bodies.GROUP,
        201,
    ),
    Call("protection_groups:show", "GET", _GROUP, groups.show, "protection_group", values.ProtectionGroup),
    Call(
        "protection_groups:update",
        "PUT",
        _GROUP,
        groups.update,
        "protection_group",
        values.ProtectionGroup,
        bodies.GROUP_CHANGE,
    ),
    Call("protection_groups:delete", "DELETE", _GROUP, groups.delete, status=204),
    Call(
        "protection_groups:sync_status",
        "GET",
        f"{_GROUP}/sync-status",
        groups.sync_status,
        "sync_status",
        SyncStatus,
    ),
    Call(
        "protection_groups:sync_metadata",
        "POST",
        f"{_GROUP}/sync-status",
        groups.sync_metadata,
        "sync_status",
        SyncStatus,
    ),
    Call(
        "consistency_groups:show",
        "GET",
        f"{_GROUP}/consistency-group",
        groups.consistency_group,
        "consistency_group",
        values.ConsistencyGroup,
    ),
    Call(
        "consistency_groups:volumes",
        "GET",
        f"{_GROUP}/consistency-group/volumes",
        groups.volumes,
        "volumes",
        values.Volume,
        query=PAGE,
    ),
    Call(
        "divergences:index",
        "GET",
        f"{_GROUP}/divergences",
        groups.divergences,
        "divergences",
        values.LedgerEntry,
        query=PAGE,
        since=PLANS,
    ),
    Call(
        "divergences:discard",
        "POST",
        f"{_GROUP}/divergences/{{divergence}}/action",
        groups.discard_divergence,
        "divergence",
        values.LedgerEntry,
        bodies.DISCARD,
        since=PLANS,
    ),
    Call("members:index", "GET", _MEMBERS, members.index, "members", values.Member, query=PAGE),
    Call("members:create", "POST", _MEMBERS, members.create, "member", values.Member, bodies.MEMBER, 201),
    Call("members:update", "PUT", _MEMBER, members.update, "member", values.Member, bodies.MEMBER_CHANGE),
    Call("members:delete", "DELETE", _MEMBER, members.delete, status=204),
    Call("policies:show", "GET", f"{_GROUP}/policy", members.policy, "policy", values.Policy),
    Call("policies:update", "PUT", f"{_GROUP}/policy", members.put_policy, "policy", values.Policy, bodies.POLICY),
    Call("protection_groups:plan", "POST", f"{_GROUP}/plan", operations.plan, "plan", None, bodies.ACTION, since=PLANS),
    Call(
        "protection_groups:action",
        "POST",
        f"{_GROUP}/action",
        operations.act,
        "operation",
        values.Operation,
        bodies.ACTION,
        202,
    ),
    Call(
        "operations:index",
        "GET",
        _OPERATIONS,
        operations.index,
        "operations",
        values.Operation,
        query={**PROJECT_PAGE, "status": _TEXT, "protection_group": _TEXT},
    ),
    Call("operations:show", "GET", _OPERATION, operations.show, "operation", values.Operation),
    Call("operations:plan", "GET", f"{_OPERATION}/plan", operations.plan_of, "plan", since=PLANS),
    Call(
        "operations:action",
        "POST",
        f"{_OPERATION}/action",
        operations.steer,
        "operation",
        values.Operation,
        bodies.CHANGE_OF_COURSE,
        202,
    ),
)

#: Rules for a part of a body.
FURTHER_RULES: Mapping[str, str] = {members.COMMAND_CHECK: ADMIN, members.ADOPT: ADMIN}

#: The body of health, which is no value of the engine.
HEALTH: Schema = {
    **record(
        ("site", "protection_groups"),
        site={"type": "string"},
        protection_groups={
            "type": "array",
            "items": record(
                ("protection_group", "status", "failover_ready"),
                protection_group={"type": "string"},
                status={"type": "string"},
                failover_ready={"type": "boolean"},
            ),
        },
        details={"type": "array", "items": {"$ref": "#/components/schemas/Health"}},
        sites={
            "type": "array",
            "items": record(
                ("site", "checks"),
                site={"type": "string"},
                checks={"type": "object", "additionalProperties": {"enum": ["ok", "failed", "unknown"]}},
            ),
        },
        components={"type": "object", "additionalProperties": {"enum": ["ok", "failed", "unknown"]}},
    ),
}
