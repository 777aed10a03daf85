"""Groups of volumes, where the cloud is not as it should be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cloud import CONSISTENT, START_SECONDS, Cloud
from conftest import Connect
from simulator import wait_for

GROUP = {"name": "cg-of-group-types", "volume_type": "replicated"}


@pytest.fixture
def without_group_types(cloud: Cloud) -> Iterator[Cloud]:
    """A cloud whose administrator has made no group type yet, and has one again afterwards."""

    def remove() -> None:
        for each in cloud.volume("GET", "groups/detail")["groups"]:
            if each["name"] == GROUP["name"]:
                cloud.volume("POST", f"groups/{each['id']}/action", {"delete": {"delete-volumes": False}})
                wait_for(lambda: GROUP["name"] not in str(cloud.volume("GET", "groups")), START_SECONDS)
        for each in cloud.volume("GET", "group_types")["group_types"]:
            if each["name"] != "default_cgsnapshot_type":
                cloud.volume("DELETE", f"group_types/{each['id']}")

    remove()
    yield cloud
    remove()
    cloud.add_group_type()


@pytest.mark.parametrize("specs", [None, dict.fromkeys(CONSISTENT, "<is> true")], ids=["missing", "misspelt"])
def test_the_administrators_command_mends_a_group_type(
    without_group_types: Cloud, connect: Connect, specs: dict[str, str] | None
) -> None:
    cloud, adapter = without_group_types, connect()
    if specs is not None:
        made = cloud.volume("POST", "group_types", {"group_type": {"name": "misspelt"}})["group_type"]["id"]
        cloud.volume("POST", f"group_types/{made}/group_specs", {"group_specs": specs})
    refused = adapter.refusal("ensure_consistency_group", group=GROUP)
    assert refused.kind == "precondition"
    assert "no group type" in refused.message
    assert "replicated" in refused.message
    assert GROUP["name"] not in str(cloud.volume("GET", "groups/detail"))
    assert refused.remedy is not None
    who, _, command = refused.remedy.partition(": ")
    assert who == "as administrator"
    cloud.openstack(command)
    group = adapter.settled("ensure_consistency_group", group=GROUP)
    assert (group["name"], group["volume_type"], group["status"]) == (*GROUP.values(), "available")
    assert group["backend"] == "site@backend"
    made = next(each for each in cloud.volume("GET", "groups/detail")["groups"] if each["id"] == group["id"])
    assert made["replication_status"] in ("enabled", "disabled")  # and not "not-capable"


def test_who_is_not_shown_the_specs_of_group_types_is_told_so(cloud: Cloud, connect: Connect) -> None:
    refused = connect("demo").refusal("ensure_consistency_group", group=GROUP)
    assert refused.kind == "forbidden"
    assert refused.remedy is not None
    assert "group:access_group_types_specs" in refused.remedy
    assert GROUP["name"] not in str(cloud.volume("GET", "groups?all_tenants=1"))
