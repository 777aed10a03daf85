"""Protection groups and their Cinder side."""

from __future__ import annotations

from typing import Any

from protector.api.asked import Asked


def index(asked: Asked) -> dict[str, Any]:
    """Those of the project."""
    page = asked.listed().protection_group_list(marker=asked.query.get("marker"), limit=asked.limit + 1)
    return asked.shown("protection_groups", page, lambda group: group.id)


def create(asked: Asked) -> dict[str, Any]:
    """Makes one for the project of the path. Sites are named by name or id, as the documents do both."""
    wanted = dict(asked.body["protection_group"])
    names = {site.id: site.name for site in asked.engine.site_list()}
    for site in ("primary_site", "secondary_site"):
        wanted[site] = names.get(wanted[site], wanted[site])
    group = asked.engine.protection_group_create(**wanted)
    asked.made(asked.project, "protection-groups", group.id)
    return {"protection_group": group.to_dict()}


def show(asked: Asked) -> dict[str, Any]:
    """One, by id or name."""
    return {"protection_group": asked.group().to_dict()}


def update(asked: Asked) -> dict[str, Any]:
    """Changes what is given."""
    change = asked.body["protection_group"]
    return {"protection_group": asked.engine.protection_group_update(asked.group().id, **change).to_dict()}


def delete(asked: Asked) -> None:
    """Deletes one, with what was made for it; servers and volumes stay."""
    asked.engine.protection_group_delete(asked.group().id)


def consistency_group(asked: Asked) -> dict[str, Any]:
    """The Cinder side."""
    return {"consistency_group": asked.engine.consistency_group_show(asked.group().id).to_dict()}


def volumes(asked: Asked) -> dict[str, Any]:
    """The volumes of the Cinder side."""
    found = asked.engine.consistency_group_volumes(asked.group().id)
    return asked.page("volumes", found, lambda volume: volume.volume_id)
