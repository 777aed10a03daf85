"""Volumes that are taken over and given back, as Cinder and the array tell of them afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from cloud import HOST, POOL, START_SECONDS, Cloud
from conftest import Connect
from pypureclient import flasharray
from replies import items, names
from simulator import wait_for

GIB = 1 << 30


class ArrayVolumes:
    """Volumes of a test's own on the array of the cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.array = cloud, cloud.simulator.a

    def make(self) -> dict[str, Any]:
        """A volume, and how it is taken over."""
        name = f"dr-{uuid.uuid4().hex[:12]}"
        reply = self.array.post_volumes(names=[name], volume=flasharray.VolumePost(provisioned=2 * GIB))
        made = items(reply)[0]
        request = {"array_volume_id": made.id, "array_volume": name, "name": f"web-{name}"}
        return {**request, "volume_type": "replicated", "bootable": True}

    def name(self, request: dict[str, Any]) -> str:
        """Its present name."""
        found: str = items(self.array.get_volumes(ids=[request["array_volume_id"]]))[0].name
        return found

    def in_cinder(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """What Cinder has of it in any project, by the name it was to get."""
        found = self.cloud.volume("GET", f"volumes/detail?all_tenants=1&name={request['name']}")["volumes"]
        return list(found)


@pytest.fixture
def volumes(cloud: Cloud) -> ArrayVolumes:
    """Makes volumes on the array."""
    return ArrayVolumes(cloud)


@pytest.fixture
def allowed(cloud: Cloud) -> Iterator[dict[str, int]]:
    """The quota of project admin, which a test may change."""
    path = f"os-quota-sets/{cloud.projects['admin']}"
    before = cloud.volume("GET", path)["quota_set"]
    yield before
    cloud.volume("PUT", path, {"quota_set": {key: before[key] for key in ("volumes", "gigabytes")}})


def test_what_is_taken_over_is_found_and_is_given_back_as_it_was(
    cloud: Cloud, connect: Connect, volumes: ArrayVolumes
) -> None:
    request, adapter = volumes.make(), connect()
    made = adapter.settled("import_volume", request=request)
    renamed = f"volume-{made['id']}-cinder"
    assert volumes.name(request) == renamed
    assert (made["array_volume"], made["array_volume_id"]) == (renamed, request["array_volume_id"])
    assert (made["state"], made["size_gib"], made["backend"]) == ("available", 2, f"{HOST}@backend")
    [seen] = volumes.in_cinder(request)
    assert seen["os-vol-host-attr:host"] == f"{HOST}@backend#{POOL}"
    assert seen["bootable"] == "true"
    assert request["array_volume_id"] in seen["description"]
    assert seen["metadata"]["array_volume_name"] == renamed
    assert renamed in {each.member.name for each in items(cloud.simulator.a.get_protection_groups_volumes())}
    # another process, which remembers nothing
    assert connect().change("import_volume", request=request)["outcome"] == "already_done"
    adapter.settled("release_volume", volume=made["id"])
    assert volumes.in_cinder(request) == []
    assert volumes.name(request) == f"{renamed}-unmanaged"
    assert adapter.change("release_volume", volume=made["id"])["outcome"] == "already_done"
    back = adapter.settled("import_volume", request={**request, "array_volume": f"{renamed}-unmanaged"})
    assert back["array_volume_id"] == request["array_volume_id"]
    adapter.settled("release_volume", volume=back["id"])


def test_a_volume_with_hosts_is_refused_until_it_has_none(
    cloud: Cloud, connect: Connect, volumes: ArrayVolumes
) -> None:
    request, adapter, array = volumes.make(), connect(), cloud.simulator.a
    host = f"host-{request['array_volume']}"
    items(array.post_hosts(names=[host], host=flasharray.HostPost()))
    items(array.post_connections(host_names=[host], volume_names=[request["array_volume"]]))
    refused = adapter.refusal("import_volume", request=request)
    assert refused.kind == "precondition"
    assert refused.remedy == "disconnect it from its hosts on the array"
    assert volumes.in_cinder(request) == []
    assert volumes.name(request) == request["array_volume"]
    array.delete_connections(host_names=[host], volume_names=[request["array_volume"]])
    made = adapter.settled("import_volume", request=request)
    adapter.settled("release_volume", volume=made["id"])


def test_a_destroyed_volume_is_not_found(connect: Connect, volumes: ArrayVolumes) -> None:
    request = volumes.make()
    destroyed = flasharray.VolumePatch(destroyed=True)
    items(volumes.array.patch_volumes(names=[request["array_volume"]], volume=destroyed))
    refused = connect().refusal("import_volume", request=request)
    assert refused.kind == "not_found"
    assert request["array_volume"] in refused.message
    assert volumes.in_cinder(request) == []


def test_what_an_attempt_left_is_given_back_and_the_next_one_succeeds(
    cloud: Cloud, connect: Connect, volumes: ArrayVolumes
) -> None:
    request, adapter = volumes.make(), connect()
    cloud.simulator.fault('on PATCH volumes array=arrA times=1 status=400 message="Not today."')
    try:
        refused = adapter.refusal("import_volume", request=request)
    finally:
        cloud.simulator.no_faults()
    assert refused.kind == "precondition"
    assert request["array_volume"] in refused.message
    [left] = volumes.in_cinder(request)
    assert left["id"] in refused.message
    assert volumes.name(request) == request["array_volume"]
    # the driver of Cinder 29.0 fails at it
    wait_for(lambda: volumes.in_cinder(request)[0]["status"] == "error_unmanaging", START_SECONDS)
    made = adapter.settled("import_volume", request=request)
    assert made["id"] != left["id"]
    assert made["array_volume_id"] == request["array_volume_id"]
    for each in (left["id"], made["id"]):
        adapter.settled("release_volume", volume=each)
    assert [each["id"] for each in volumes.in_cinder(request)] == [left["id"]]
    assert volumes.name(request) == f"volume-{made['id']}-cinder-unmanaged"


def test_what_the_array_did_not_give_back_is_given_back_once_the_administrator_says_so(
    cloud: Cloud, connect: Connect, volumes: ArrayVolumes
) -> None:
    request, adapter = volumes.make(), connect()
    made = adapter.settled("import_volume", request=request)
    cloud.simulator.fault('on PATCH volumes array=arrA times=1 status=400 message="Not today."')
    try:
        refused = adapter.refusal("release_volume", volume=made["id"])
    finally:
        cloud.simulator.no_faults()
    assert refused.kind == "precondition"
    assert "error_unmanaging" in refused.message
    assert refused.remedy is not None
    who, _, command = refused.remedy.partition(": ")
    assert who == "as administrator"
    cloud.openstack(command)
    adapter.settled("release_volume", volume=made["id"])
    assert volumes.in_cinder(request) == []
    assert volumes.name(request) == f"volume-{made['id']}-cinder-unmanaged"


def test_over_quota_takes_nothing_over_and_leaves_nothing(
    cloud: Cloud, connect: Connect, volumes: ArrayVolumes, allowed: dict[str, int]
) -> None:
    request, adapter, path = volumes.make(), connect(), f"os-quota-sets/{cloud.projects['admin']}"

    def used() -> dict[str, int]:
        usage = cloud.volume("GET", f"{path}?usage=true")["quota_set"]
        return {key: usage[key]["in_use"] + usage[key]["reserved"] for key in ("volumes", "gigabytes")}

    before = used()
    cloud.volume("PUT", path, {"quota_set": {"volumes": before["volumes"]}})
    refused = adapter.refusal("import_volume", request=request)
    assert refused.kind == "limit_reached"
    assert "exceeded for quota 'volumes'" in refused.message
    assert volumes.in_cinder(request) == []
    assert volumes.name(request) == request["array_volume"]
    assert used() == before
    cloud.volume("PUT", path, {"quota_set": {"volumes": allowed["volumes"]}})
    made = adapter.settled("import_volume", request=request)
    adapter.settled("release_volume", volume=made["id"])
    assert used() == before


def test_a_plain_member_is_told_which_role_it_lacks(cloud: Cloud, connect: Connect, volumes: ArrayVolumes) -> None:
    request, adapter = volumes.make(), connect("demo")
    refused = adapter.refusal("import_volume", request=request)
    assert refused.kind == "forbidden"
    assert refused.remedy is not None
    assert "openstack role add" in refused.remedy
    assert volumes.name(request) == request["array_volume"]
    command = refused.remedy.split(": ", 1)[1].replace("<project>", "demo").replace("<user>", "demo")
    cloud.openstack(command.replace("openstack ", "openstack --os-cloud admin ", 1))
    try:
        # with a new token: roles stand in it
        again = connect("demo")
        made = again.settled("import_volume", request=request)
        [seen] = volumes.in_cinder(request)
        assert (seen["id"], seen["os-vol-tenant-attr:tenant_id"]) == (made["id"], cloud.projects["demo"])
        elsewhere = connect().refusal("import_volume", request={**request, "array_volume": made["array_volume"]})
        assert elsewhere.kind == "conflict"
        assert "another project" in elsewhere.message
        again.settled("release_volume", volume=made["id"])
    finally:
        user = cloud.identity("GET", "users?name=demo")["users"][0]["id"]
        cloud.identity("DELETE", f"projects/{cloud.projects['demo']}/users/{user}/roles/{cloud.roles['admin']}")
    assert request["array_volume"] not in names(cloud.simulator.a.get_volumes())
