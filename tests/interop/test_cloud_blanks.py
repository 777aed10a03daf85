"""Blank volumes, which stand for volumes of simulated arrays: made, found again and deleted by the genuine Cinder."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from adapter import Adapter
from cloud import PASSWORD, START_SECONDS, Cloud
from conftest import Connect
from proxy import Proxy
from replies import names
from simulator import wait_for


def wanted(**changes: Any) -> dict[str, Any]:
    """A blank volume that nobody has asked for yet."""
    stands_for = f"simulated-{uuid.uuid4().hex[:12]}"
    request = {"stands_for": stands_for, "name": f"blank-{stands_for}", "size_gib": 2}
    return {**request, "volume_type": "replicated", "bootable": True, **changes}


def of_name(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    """What Cinder has under a name."""
    return list(cloud.volume("GET", f"volumes/detail?all_tenants=1&name={name}")["volumes"])


def delete(adapter: Adapter, volume: str) -> None:
    """Deletes a blank volume, and waits until it is gone."""
    adapter.settled("delete_blank_volume", volume=volume)


@pytest.fixture
def own(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """A volume that somebody made by himself."""
    body = {"volume": {"name": f"own-{uuid.uuid4().hex[:8]}", "size": 1, "volume_type": "replicated"}}
    made = cloud.volume("POST", "volumes", body)["volume"]
    path = f"volumes/{made['id']}"
    wait_for(lambda: cloud.volume("GET", path)["volume"]["status"] == "available", START_SECONDS)
    yield cloud.volume("GET", path)["volume"]
    cloud.volume("DELETE", path)
    wait_for(lambda: not of_name(cloud, made["name"]), START_SECONDS)


def test_a_blank_volume_is_made_found_again_and_deleted(cloud: Cloud, connect: Connect) -> None:
    request, adapter = wanted(), connect()
    made = adapter.settled("ensure_blank_volume", request=request)
    assert (made["state"], made["size_gib"], made["array_volume_id"]) == ("available", 2, request["stands_for"])
    [seen] = of_name(cloud, request["name"])
    assert (seen["id"], seen["bootable"], seen["volume_type"]) == (made["id"], "true", "replicated")
    mark = {"protector_blank_for": request["stands_for"], "protector_blank": made["id"]}
    assert mark.items() <= seen["metadata"].items()
    assert made["array_volume"] in names(cloud.simulator.a.get_volumes()), "Cinder's driver made it on its own array"
    # another process, which remembers nothing
    assert connect().change("ensure_blank_volume", request=request)["outcome"] == "already_done"
    delete(adapter, made["id"])
    assert of_name(cloud, request["name"]) == []
    assert adapter.change("delete_blank_volume", volume=made["id"])["outcome"] == "already_done"


def test_what_the_driver_takes_out_of_the_metadata_is_in_the_description(cloud: Cloud, connect: Connect) -> None:
    request, adapter = wanted(), connect()
    assert adapter.change("ensure_blank_volume", request=request)["outcome"] == "in_progress"
    wait_for(lambda: of_name(cloud, request["name"])[0]["status"] == "available", START_SECONDS)
    [seen] = of_name(cloud, request["name"])
    assert seen["description"].endswith(f" array volume {request['stands_for']}")
    assert "protector_blank" not in seen["metadata"], "it is marked once it is ready"
    refused = adapter.refusal("delete_blank_volume", volume=seen["id"])
    assert refused.kind == "data_safety"
    made = adapter.settled("ensure_blank_volume", request=request)
    assert made["id"] == seen["id"]
    delete(adapter, made["id"])


def test_an_answer_that_is_lost_does_not_make_two(cloud: Cloud, connect: Connect, line: Proxy) -> None:
    request, entry = wanted(), cloud.password_auth("admin", PASSWORD, "admin")
    cloud.add_cloud("line", {**entry, "block_storage_endpoint_override": line.url})
    adapter = connect("line", request_timeout=30)
    line.fault(r"POST .*/volumes$", lose_reply=True, times=1)
    refused = adapter.refusal("ensure_blank_volume", request=request)
    assert refused.kind == "indeterminate"
    made = adapter.settled("ensure_blank_volume", request=request)
    assert line.count(r"POST .*/volumes$") == 1
    assert [seen["id"] for seen in of_name(cloud, request["name"])] == [made["id"]]
    delete(adapter, made["id"])


def test_what_somebody_else_made_stays(cloud: Cloud, connect: Connect, own: dict[str, Any]) -> None:
    adapter, path = connect(), f"volumes/{own['id']}"

    def refused() -> str:
        refused = adapter.refusal("delete_blank_volume", volume=own["id"])
        now = cloud.volume("GET", path)["volume"]
        assert (now["status"], now["name"]) == ("available", own["name"])
        return refused.kind

    assert refused() == "data_safety"
    # as one that is restored from the backup of a blank one
    mark = {"protector_blank_for": "simulated-1", "protector_blank": "another volume"}
    cloud.volume("POST", f"{path}/metadata", {"metadata": mark})
    assert refused() == "data_safety"


def test_a_blank_volume_in_a_group_stays_until_it_is_taken_out(cloud: Cloud, connect: Connect) -> None:
    request, adapter = wanted(), connect()
    made = adapter.settled("ensure_blank_volume", request=request)
    spec = {"name": f"cg-{request['name']}", "volume_type": "replicated"}
    group = adapter.settled("ensure_consistency_group", group=spec)
    adapter.settled("ensure_group_members", group=group["id"], volumes=[made["id"]])
    refused = adapter.refusal("delete_blank_volume", volume=made["id"])
    assert (refused.kind, group["id"] in refused.message) == ("precondition", True)
    adapter.settled("ensure_group_members", group=group["id"], volumes=[])
    delete(adapter, made["id"])
    adapter.settled("delete_consistency_group", group=group["id"])


def test_what_a_failed_attempt_left_is_deleted_and_the_next_one_succeeds(cloud: Cloud, connect: Connect) -> None:
    request, adapter = wanted(), connect()
    cloud.simulator.fault('on POST volumes array=arrA times=20 status=400 message="Not today."')
    try:
        refused = adapter.refusal("ensure_blank_volume", request=request)
    finally:
        cloud.simulator.no_faults()
    assert refused.kind == "precondition"
    assert "what is left of it is deleted" in refused.message
    wait_for(lambda: of_name(cloud, request["name"]) == [], START_SECONDS)
    made = adapter.settled("ensure_blank_volume", request=request)
    delete(adapter, made["id"])
