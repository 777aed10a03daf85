"""Health: could each group be moved now?"""

from __future__ import annotations

from typing import Any

from protector import Engine
from protector.api.asked import Asked
from protector.api.rules import ADMIN
from protector.api.schemas import LINKS, Schema, record
from protector.api.versions import Version
from protector.exceptions import NotFound
from protector.values import Health

#: From here on an answer has the details.
DETAILS = Version(1, 2)
#: The text format of Prometheus.
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"

_RESULT = {"enum": ["ok", "failed", "unknown"]}
#: The body, which is no value of the engine.
SHAPE: Schema = record(
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
    protection_groups_links=LINKS,
    details={"type": "array", "items": {"$ref": "#/components/schemas/Health"}},
    sites={
        "type": "array",
        "items": record(
            ("site", "checks"),
            site={"type": "string"},
            checks={"type": "object", "additionalProperties": _RESULT},
        ),
    },
    components={"type": "object", "additionalProperties": _RESULT},
)


def show(asked: Asked) -> dict[str, Any]:
    """One report per group that the caller may see, in pages. From 1.2 on also why, and how the sites are."""
    is_admin = asked.rules.allows(ADMIN, asked.caller, None)
    engine = asked.everybody if is_admin else asked.everybody.for_project(asked.caller.project_id or "")
    # of the groups of one page and no others: each report asks an array and both clouds
    groups = engine.protection_group_list(marker=asked.query.get("marker"), limit=asked.limit + 1)
    reports = [report for group in groups[: asked.limit] if (report := _report(engine, group.id))]
    health: dict[str, Any] = {
        "site": asked.engine.site,
        "protection_groups": [
            {"protection_group": each.protection_group, "status": each.status, "failover_ready": each.failover_ready}
            for each in reports
        ],
        **asked.links("protection_groups", groups, lambda group: group.id),
    }
    if asked.version >= DETAILS:
        health["details"] = [report.to_dict() for report in reports]
        health["sites"] = [_site(asked, site.name) for site in asked.engine.site_list()]
        health["components"] = {"protector-api": "ok", "protector-engine": asked.everybody.workers().state}
    return {"health": health}


def of_group(asked: Asked) -> dict[str, Any]:
    """Health of one group: readiness with the reasons against it, recovery points, drills, how the RPO was kept."""
    return {"health": asked.engine.health_show(asked.group().id).to_dict()}


def metrics(asked: Asked) -> str:
    """Health of all groups of all projects for Prometheus."""
    return asked.everybody.metrics()


def _report(engine: Engine, group: str) -> Health | None:
    try:
        return engine.health_show(group)
    except NotFound:
        # it was deleted since the page was read
        return None


def _site(asked: Asked, name: str) -> dict[str, Any]:
    worst: dict[str, str] = {}
    for each in asked.engine.site_validate(name).checks:
        service = each.service.replace(" ", "_")
        worst[service] = max(worst.get(service, "ok"), each.result, key=("ok", "unknown", "failed").index)
    return {"site": name, "checks": worst}
