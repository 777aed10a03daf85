"""A bad line to Cinder: what it was told may have been done, and is done once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from adapter import Adapter, Refused
from cloud import PASSWORD, Cloud
from conftest import Connect
from proxy import Proxy
from test_cloud_volumes import ArrayVolumes

TYPES, GROUPS = r"GET .*/types$", r"POST .*/groups$"
PAGE = "the proxy's own page"


@pytest.fixture(autouse=True)
def cloud_behind_a_line(cloud: Cloud, line: Proxy) -> None:
    """The entry ``line`` of clouds.yaml."""
    entry = cloud.password_auth("admin", PASSWORD, "admin")
    cloud.add_cloud("line", {**entry, "block_storage_endpoint_override": line.url})


@pytest.fixture
def adapter(connect: Connect, line: Proxy) -> Adapter:
    """Reaches Cinder by way of the proxy, and has reached it once."""
    adapter = connect("line", request_timeout=5)
    adapter.ask("volume_types")
    line.heal()
    return adapter


@pytest.fixture
def group(cloud: Cloud) -> Iterator[dict[str, str]]:
    """A group to make."""
    name = f"cg-{uuid.uuid4().hex[:12]}"
    yield {"name": name, "volume_type": "replicated"}
    for found in groups(cloud, name):
        cloud.volume("POST", f"groups/{found['id']}/action", {"delete": {"delete-volumes": False}})


@pytest.fixture
def volumes(cloud: Cloud) -> ArrayVolumes:
    """Makes volumes on the array."""
    return ArrayVolumes(cloud)


def groups(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    found = cloud.volume("GET", f"groups/detail?name={name}&list_volume=True")["groups"]
    return list(found)


def error(adapter: Adapter, method: str, **arguments: Any) -> Refused:
    """The error of one call."""
    with pytest.raises(Refused) as refused:
        adapter.change(method, **arguments)
    assert PAGE not in str(refused.value)
    return refused.value


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_read_is_made_again_once(adapter: Adapter, line: Proxy, status: int) -> None:
    line.fault(TYPES, status=status, times=1)
    adapter.ask("volume_types")
    line.heal()
    line.fault(TYPES, status=status)
    with pytest.raises(Refused, match=f"answers {status}") as refused:
        adapter.ask_anew("volume_types")
    assert line.count(TYPES) == 2
    assert refused.value.kind == "transient"
    assert refused.value.remedy is not None
    assert PAGE not in str(refused.value)


def test_cinder_is_waited_for_as_long_as_it_asks(adapter: Adapter, line: Proxy) -> None:
    line.fault(TYPES, status=503, headers={"Retry-After": "1"}, times=1)
    adapter.ask("volume_types")
    line.heal()
    line.fault(TYPES, status=503, headers={"Retry-After": "3600"})
    with pytest.raises(Refused, match="answers 503"):
        adapter.ask_anew("volume_types")
    assert line.count(TYPES) == 1


def test_a_read_without_an_answer_ends(connect: Connect, line: Proxy) -> None:
    adapter = connect("line", request_timeout=0.5)
    line.fault(TYPES, seconds=3)
    with pytest.raises(Refused, match=r"did not answer within 0\.5 s") as refused:
        adapter.ask("volume_types")
    assert refused.value.kind == "unreachable"


def test_where_cinder_cannot_be_asked_for_its_version_nothing_was_done(
    cloud: Cloud, connect: Connect, line: Proxy, group: dict[str, str]
) -> None:
    adapter = connect("line")
    line.fault(r"GET /v3/$", status=503)
    refused = error(adapter, "ensure_consistency_group", group=group)
    assert refused.kind == "transient"
    line.heal()
    adapter.settled("ensure_consistency_group", group=group)
    assert len(groups(cloud, group["name"])) == 1


@pytest.mark.parametrize("fault", [{"status": 500}, {"lose_reply": True}], ids=["refused", "made"])
def test_a_group_is_made_once(
    cloud: Cloud, adapter: Adapter, line: Proxy, group: dict[str, str], fault: dict[str, Any]
) -> None:
    line.fault(GROUPS, times=1, **fault)
    refused = error(adapter, "ensure_consistency_group", group=group)
    assert refused.kind == "indeterminate"
    assert "may or may not" in refused.message
    made = adapter.settled("ensure_consistency_group", group=group)
    assert [each["id"] for each in groups(cloud, group["name"])] == [made["id"]]
    assert line.count(GROUPS) == (2 if "status" in fault else 1)


@pytest.mark.parametrize("fault", [{"status": 502}, {"lose_reply": True}], ids=["refused", "made"])
def test_a_volume_is_taken_over_put_into_a_group_and_given_back_once(
    cloud: Cloud, adapter: Adapter, line: Proxy, volumes: ArrayVolumes, group: dict[str, str], fault: dict[str, Any]
) -> None:
    made = adapter.settled("ensure_consistency_group", group=group)
    request = volumes.make()
    members = {"group": made["id"], "volumes": []}
    for pattern, method, arguments in [
        (r"POST .*/manageable_volumes$", "import_volume", {"request": request}),
        (r"PUT .*/groups/", "ensure_group_members", members),
        (r"POST .*/action$", "retype_volume", {"volume_type": "replicated-too"}),
        (r"POST .*/action$", "release_volume", {}),
    ]:
        if method == "ensure_group_members":
            members["volumes"] = [volumes.in_cinder(request)[0]["id"]]
        if method == "retype_volume":
            adapter.settled("ensure_group_members", group=made["id"], volumes=[])
        if "volume_type" in arguments or method == "release_volume":
            arguments["volume"] = members["volumes"][0]
        line.heal()
        line.fault(pattern, times=1, **fault)
        refused = error(adapter, method, **arguments)
        assert refused.kind == "indeterminate", (method, refused)
        adapter.settled(method, **arguments)
        assert line.count(pattern) == (2 if "status" in fault else 1), (method, line.seen)
        if method != "release_volume":
            assert len(volumes.in_cinder(request)) == 1
    assert volumes.in_cinder(request) == []
    assert volumes.name(request) == f"volume-{members['volumes'][0]}-cinder-unmanaged"


def test_a_deadline_is_kept(cloud: Cloud, adapter: Adapter, line: Proxy, group: dict[str, str]) -> None:
    line.fault(r"GET .*/groups/detail$", seconds=4)
    refused = error(adapter, "ensure_consistency_group", group=group, seconds=1)
    assert refused.kind in ("deadline_exceeded", "unreachable")
    assert groups(cloud, group["name"]) == []
