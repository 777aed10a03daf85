"""Members and policies of a group."""

from __future__ import annotations

from typing import Any

from protector.api.asked import Asked
from protector.values import BootCheck

#: A program as boot check runs on the machine of the service, which is not for tenants to choose.
COMMAND_CHECK = "protector:members:command_check"
#: Taking over an array group that somebody else made.
ADOPT = "protector:policies:adopt"


def index(asked: Asked) -> dict[str, Any]:
    """Those of a group."""
    return asked.page("members", asked.engine.member_list(asked.group().id), lambda member: member.instance_id)


def create(asked: Asked) -> dict[str, Any]:
    """Protects a server."""
    group, wanted = asked.group(), _options(asked)
    member = asked.engine.member_add(group.id, wanted.pop("instance_id"), **wanted)
    asked.made(asked.project, "protection-groups", group.id, "members", member.instance_id)
    return {"member": member.to_dict()}


def update(asked: Asked) -> dict[str, Any]:
    """Changes how a member starts."""
    wanted = _options(asked)
    # null takes an option away
    for name in ("start_timeout_seconds", "boot_check"):
        if name in wanted and wanted[name] is None:
            wanted[f"no_{name.removesuffix('_seconds')}"] = True
    return {"member": asked.engine.member_update(asked.group().id, asked.path["member"], **wanted).to_dict()}


def delete(asked: Asked) -> None:
    """Stops protecting a server."""
    asked.engine.member_remove(asked.group().id, asked.path["member"])


def policy(asked: Asked) -> dict[str, Any]:
    """The policy. Of its tokens it says whether there is one."""
    return {"policy": asked.engine.policy_show(asked.group().id).to_dict()}


def put_policy(asked: Asked) -> dict[str, Any]:
    """Makes the policy, or changes what is given of it."""
    change = asked.body["policy"]
    if change.get("adopt"):
        asked.need(ADOPT)
    return {"policy": asked.engine.policy_create(asked.group().id, **change).to_dict()}


def policy_drift(asked: Asked) -> dict[str, Any]:
    """Where the policies of the project and what ``[storage]`` says by now are not the same."""
    found = asked.engine.policy_drift()
    return asked.page("policy_drift", found, lambda drift: f"{drift.protection_group}:{drift.field}")


def _options(asked: Asked) -> dict[str, Any]:
    wanted = dict(asked.body["member"])
    check = wanted.get("boot_check")
    if check is not None:
        if check["kind"] == "command":
            asked.need(COMMAND_CHECK)
        wanted["boot_check"] = BootCheck.from_dict({"timeout_seconds": 120, **check})
    return wanted
