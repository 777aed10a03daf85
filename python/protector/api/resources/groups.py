"""Protection groups, and the metadata of the two sites about them."""

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


def sync_status(asked: Asked) -> dict[str, Any]:
    """Whether both sites hold the same metadata."""
    return {"sync_status": asked.engine.sync_status(asked.group().id).to_dict()}


def sync_metadata(asked: Asked) -> dict[str, Any]:
    """Pushes the metadata of this site to the other one."""
    return {"sync_status": asked.engine.sync_metadata(asked.group().id).to_dict()}


def consistency_group(asked: Asked) -> dict[str, Any]:
    """The Cinder side."""
    return {"consistency_group": asked.engine.consistency_group_show(asked.group().id).to_dict()}


def volumes(asked: Asked) -> dict[str, Any]:
    """The volumes of the Cinder side."""
    found = asked.engine.consistency_group_volumes(asked.group().id)
    return asked.page("volumes", found, lambda volume: volume.volume_id)


def divergences(asked: Asked) -> dict[str, Any]:
    """What unplanned failovers left behind."""
    return asked.page("divergences", asked.engine.divergence_list(asked.group().id), lambda entry: entry.id)


def discard_divergence(asked: Asked) -> dict[str, Any]:
    """Gives up what an entry keeps."""
    group, entry, reason = asked.group().id, asked.path["divergence"], asked.body["discard"]["reason"]
    return {"divergence": asked.engine.divergence_discard(group, entry, reason=reason, by=asked.by).to_dict()}
