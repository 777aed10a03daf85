"""The calls of the API, once: routes, rules, versions and the OpenAPI document are all read from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from protector import values
from protector.api import bodies
from protector.api.asked import Asked
from protector.api.call import Call as Call
from protector.api.resources import groups, health, mappings, members, metadata, operations, peer, site_failover, sites
from protector.api.rules import ADMIN
from protector.api.schemas import Schema
from protector.api.versions import Version
from protector.metadata import SyncStatus

PLANS = Version(1, 1)
ENGINE = Version(1, 3)

_LIMIT = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 255}
PAGE: Mapping[str, Schema] = {"limit": _LIMIT, "marker": _TEXT}
PROJECT_PAGE: Mapping[str, Schema] = {**PAGE, "all_projects": {"type": "boolean"}}

_SITES = "/v1/admin/sites"
_SITE = f"{_SITES}/{{site}}"
_GROUPS = "/v1/{project_id}/protection-groups"
_GROUP = f"{_GROUPS}/{{protection_group}}"
_MEMBERS = f"{_GROUP}/members"
_MEMBER = f"{_MEMBERS}/{{member}}"
_OPERATIONS = "/v1/{project_id}/operations"
_OPERATION = f"{_OPERATIONS}/{{operation}}"


def _admin(name: str, method: str, path: str, answer: Callable[[Asked], Any], *more: Any, **named: Any) -> Call:
    return replace(Call(name, method, path, answer, *more, **named), default_rule=ADMIN)


def _group(name: str, method: str, path: str, answer: Callable[[Asked], Any], *more: Any, **named: Any) -> Call:
    """A call that answers with the group."""
    whole = f"protection_groups:{name}"
    return Call(whole, method, path, answer, "protection_group", values.ProtectionGroup, *more, **named)


_OF_THE_SITE = (
    Call("health:show", "GET", "/v1/health", health.show, "health", query=PAGE, shape=health.SHAPE),
    # in every version: what scrapes metrics names none
    _admin("metrics:show", "GET", "/v1/metrics", health.metrics, media=health.EXPOSITION),
    _admin("sites:index", "GET", _SITES, sites.index, "sites", values.Site, query=PAGE),
    _admin("sites:create", "POST", _SITES, sites.create, "site", values.Site, bodies.SITE, 201),
    _admin("sites:show", "GET", _SITE, sites.show, "site", values.Site),
    _admin("sites:delete", "DELETE", _SITE, sites.delete, status=204),
    _admin("sites:validate", "GET", f"{_SITE}/validation", sites.validate, "validation", values.SiteValidation),
    _admin(
        "sites:volume_types",
        "GET",
        f"{_SITE}/volume-types",
        sites.volume_types,
        "volume_types",
        values.VolumeType,
        query=PAGE,
    ),
    _admin("sites:plan", "POST", f"{_SITE}/plan", site_failover.plan, "plan", None, bodies.SITE_PLAN, since=ENGINE),
    _admin("peer:ask", "POST", "/v1/admin/peer", peer.ask, "answer", None, bodies.QUESTION, max_body=peer.LONGEST),
    _admin(
        "sites:action",
        "POST",
        f"{_SITE}/action",
        site_failover.act,
        "site_failover",
        site_failover.SiteMoves,
        bodies.SITE_ACTION,
        202,
        since=ENGINE,
    ),
)

_OF_A_GROUP = (
    Call(
        "protection_groups:index",
        "GET",
        _GROUPS,
        groups.index,
        "protection_groups",
        values.ProtectionGroup,
        query=PROJECT_PAGE,
    ),
    _group("create", "POST", _GROUPS, groups.create, bodies.GROUP, 201),
    _group("show", "GET", _GROUP, groups.show),
    _group("update", "PUT", _GROUP, groups.update, bodies.GROUP_CHANGE),
    Call("protection_groups:delete", "DELETE", _GROUP, groups.delete, status=204),
    Call(
        "protection_groups:health",
        "GET",
        f"{_GROUP}/health",
        health.of_group,
        "health",
        values.Health,
        since=ENGINE,
    ),
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
    Call("members:index", "GET", _MEMBERS, members.index, "members", values.Member, query=PAGE),
    Call("members:create", "POST", _MEMBERS, members.create, "member", values.Member, bodies.MEMBER, 201),
    Call("members:update", "PUT", _MEMBER, members.update, "member", values.Member, bodies.MEMBER_CHANGE),
    Call("members:delete", "DELETE", _MEMBER, members.delete, status=204),
    Call("policies:show", "GET", f"{_GROUP}/policy", members.policy, "policy", values.Policy),
    Call("policies:update", "PUT", f"{_GROUP}/policy", members.put_policy, "policy", values.Policy, bodies.POLICY),
    # it shows what [storage] says, which is the operator's
    _admin(
        "policies:drift",
        "GET",
        "/v1/{project_id}/policy-drift",
        members.policy_drift,
        "policy_drift",
        values.PolicyDrift,
        query=PAGE,
        since=ENGINE,
    ),
)

_OF_METADATA = (
    Call(
        "protection_groups:sync_status",
        "GET",
        f"{_GROUP}/sync-status",
        metadata.sync_status,
        "sync_status",
        SyncStatus,
    ),
    Call(
        "protection_groups:sync_metadata",
        "POST",
        f"{_GROUP}/sync-status",
        metadata.sync_metadata,
        "sync_status",
        SyncStatus,
    ),
    Call(
        "protection_groups:plan_reconcile",
        "POST",
        f"{_GROUP}/sync-status/plan",
        metadata.plan_reconcile,
        "plan",
        None,
        bodies.RECONCILE_PLAN,
        since=ENGINE,
    ),
    Call(
        "protection_groups:reconcile",
        "POST",
        f"{_GROUP}/sync-status/action",
        metadata.reconcile,
        "sync_status",
        SyncStatus,
        bodies.RECONCILE,
        since=ENGINE,
    ),
    Call(
        "divergences:index",
        "GET",
        f"{_GROUP}/divergences",
        metadata.divergences,
        "divergences",
        values.LedgerEntry,
        query=PAGE,
        since=PLANS,
    ),
    Call(
        "divergences:discard",
        "POST",
        f"{_GROUP}/divergences/{{divergence}}/action",
        metadata.discard_divergence,
        "divergence",
        values.LedgerEntry,
        bodies.DISCARD,
        since=PLANS,
    ),
    Call("mappings:show", "GET", f"{_GROUP}/mapping", mappings.show, "mapping", values.MappingView, since=ENGINE),
    Call(
        "mappings:suggest",
        "GET",
        f"{_GROUP}/mapping/suggestion",
        mappings.suggest,
        "mapping",
        values.MappingView,
        since=ENGINE,
    ),
    Call(
        "mappings:update",
        "PUT",
        f"{_GROUP}/mapping",
        mappings.update,
        "mapping",
        values.MappingView,
        bodies.MAPPING,
        since=ENGINE,
    ),
)

_OF_OPERATIONS = (
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
    Call("operations:report", "GET", f"{_OPERATION}/report", operations.report_of, "report", since=ENGINE),
    Call(
        "operations:graph",
        "GET",
        f"{_OPERATION}/graph",
        operations.graph_of,
        "graph",
        query={"format": operations.GRAPH_FORMAT},
        since=ENGINE,
        shape=operations.GRAPH,
    ),
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

CALLS: tuple[Call, ...] = (*_OF_THE_SITE, *_OF_A_GROUP, *_OF_METADATA, *_OF_OPERATIONS)

#: Rules for a part of a body, with what they are for; all of them are for administrators.
FURTHER_RULES: Mapping[str, str] = {
    members.COMMAND_CHECK: "A program as boot check of a member; it runs on the machine of the service.",
    members.ADOPT: "A policy that takes over an array group which somebody else made.",
}
