"""Health: could each group be moved now?"""

from __future__ import annotations

from typing import Any

from protector.api.asked import Asked
from protector.api.rules import ADMIN
from protector.api.versions import Version

#: From here on an answer has the details.
DETAILS = Version(1, 2)


def show(asked: Asked) -> dict[str, Any]:
    """One report per group that the caller may see; from 1.2 on also why, and how the sites are."""
    is_admin = asked.rules.allows(ADMIN, asked.caller, None)
    reports = (asked.everybody if is_admin else asked.everybody.for_project(asked.caller.project_id or "")).health()
    health: dict[str, Any] = {
        "site": asked.engine.site,
        "protection_groups": [
            {"protection_group": each.protection_group, "status": each.status, "failover_ready": each.failover_ready}
            for each in reports
        ],
    }
    if asked.version >= DETAILS:
        health["details"] = [report.to_dict() for report in reports]
        health["sites"] = [_site(asked, site.name) for site in asked.engine.site_list()]
        health["components"] = {"protector-api": "ok", "protector-engine": asked.everybody.workers().state}
    return {"health": health}


def _site(asked: Asked, name: str) -> dict[str, Any]:
    worst: dict[str, str] = {}
    for each in asked.engine.site_validate(name).checks:
        service = each.service.replace(" ", "_")
        worst[service] = max(worst.get(service, "ok"), each.result, key=("ok", "unknown", "failed").index)
    return {"site": name, "checks": worst}
