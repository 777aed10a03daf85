"""Sites, for administrators."""

from __future__ import annotations

from typing import Any

from protector.api.asked import Asked


def index(asked: Asked) -> dict[str, Any]:
    """Every site."""
    return asked.page("sites", asked.engine.site_list(), lambda site: site.name)


def create(asked: Asked) -> dict[str, Any]:
    """Registers one."""
    site = asked.engine.site_create(**asked.body["site"])
    asked.made("admin", "sites", site.id)
    return {"site": site.to_dict()}


def show(asked: Asked) -> dict[str, Any]:
    """One, by name or id."""
    return {"site": asked.engine.site_show(name(asked)).to_dict()}


def delete(asked: Asked) -> None:
    """Removes a registration."""
    asked.engine.site_delete(name(asked))


def validate(asked: Asked) -> dict[str, Any]:
    """Looks whether a site is fit for protection."""
    return {"validation": asked.engine.site_validate(name(asked)).to_dict()}


def volume_types(asked: Asked) -> dict[str, Any]:
    """The volume types of a site."""
    found = asked.engine.site_list_volume_types(name(asked))
    return asked.page("volume_types", found, lambda kind: kind.id)


def name(asked: Asked) -> str:
    """The documented path names a site by id, the engine by name."""
    wanted = asked.path["site"]
    return next((site.name for site in asked.engine.site_list() if site.id == wanted), wanted)
