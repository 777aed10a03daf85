"""What stands for the networks, flavors and security groups of a group on the other site."""

from __future__ import annotations

from typing import Any

from protector.api.asked import Asked


def show(asked: Asked) -> dict[str, Any]:
    """What is stored, what is wrong with it now, and what members use that is not mapped."""
    return {"mapping": asked.engine.mapping_show(asked.group().id).to_dict()}


def suggest(asked: Asked) -> dict[str, Any]:
    """The same, with what could stand for what is not mapped."""
    return {"mapping": asked.engine.mapping_suggest(asked.group().id).to_dict()}


def update(asked: Asked) -> dict[str, Any]:
    """Puts mappings over the stored ones, name by name."""
    return {"mapping": asked.engine.mapping_set(asked.group().id, **asked.body["mapping"]).to_dict()}
