"""What a story leaves at a site, removed."""

from __future__ import annotations

import time
from typing import Any

from rest import Cloud, until


def clear(cloud: Cloud, *marks: str) -> None:
    """Deletes what has one of these in its name: servers, ports that were made for them, groups and volumes."""

    def of_workload(service: str, path: str, key: str) -> list[dict[str, Any]]:
        return [found for found in cloud.get(service, path)[key] if any(mark in found["name"] for mark in marks)]

    def gone(service: str, path: str, key: str) -> None:
        for found in of_workload(service, path, key):
            if found["status"] != "deleting":
                cloud.call(service, "DELETE", f"{path.removesuffix('/detail')}/{found['id']}")
        end = time.monotonic() + 120
        while left := of_workload(service, path, key):
            assert time.monotonic() < end, left
            time.sleep(0.5)

    servers = {server["id"] for server in of_workload("compute", "/servers/detail", "servers")}
    ports = [port["id"] for port in cloud.get("network", "/ports")["ports"] if port["device_id"] in servers]
    gone("compute", "/servers/detail", "servers")
    # Nova deletes those that it made itself, unless they were handed to a later server
    left = {port["id"] for port in cloud.get("network", "/ports")["ports"]}
    for port_id in left.intersection(ports):
        cloud.call("network", "DELETE", f"/ports/{port_id}")
    gone("network", "/ports", "ports")
    groups = {volume["group_id"] for volume in of_workload("volume", "/volumes/detail", "volumes")}
    for group in filter(None, groups):
        members = cloud.get("volume", f"/groups/{group}?list_volume=True")["group"]["volumes"]
        state = lambda group=group: cloud.get("volume", f"/groups/{group}")["group"]["status"]  # noqa: E731
        until("the group", state, "available")
        # Cinder takes 255 characters
        for at in range(0, len(members), 6):
            some = ",".join(members[at : at + 6])
            cloud.call("volume", "PUT", f"/groups/{group}", {"group": {"remove_volumes": some}})
            until("the group", state, "available")
        cloud.post("volume", f"/groups/{group}/action", {"delete": {"delete-volumes": False}})
    gone("volume", "/volumes/detail", "volumes")
