"""An operator's story on two real clouds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from console import IMPORTED, ISOLATED, NETWORKS, Operator, Workload, addresses, disks, fault, lab
from flash_array import Array
from kinds import ASYNC, SYNC
from listing import Listing
from rest import Cloud

EACH_KIND = pytest.mark.parametrize("kind", [ASYNC, SYNC], ids=lambda kind: kind.name)


def test_both_sites_are_fit(operator: Operator) -> None:
    for site in ("site-a", "site-b"):
        checks = operator("site", "validate", site)
        assert {check["result"] for check in checks} == {"ok"}, checks


@EACH_KIND
def test_a_rehearsal_leaves_nothing(operator: Operator, workload: Workload) -> None:
    before = {site: Listing.of(site) for site in "ab"}
    drill = operator.operation("test-failover", workload.name, "--retain-primary", "--network-mapping", ISOLATED)
    assert workload.at("a")["status"] == "ACTIVE", "the primary runs on"
    rehearsed = [
        server for server in Cloud("b").get("compute", "/servers/detail")["servers"] if workload.name in server["name"]
    ]
    assert [(server["status"], list(server["addresses"])) for server in rehearsed] == [("ACTIVE", ["net-isolated"])]
    operator.operation("test-cleanup", workload.name)
    for site, earlier in before.items():
        assert Listing.of(site).beyond(earlier) == {}, site
    report = operator.run("openstack", "protector", "operation", "report", drill)
    assert report.startswith("Drill passed: 1 of 1 servers ran")
    assert "everything removed" in report.splitlines()[0]


@EACH_KIND
def test_a_planned_failover_and_the_way_home(operator: Operator, workload: Workload) -> None:
    here = workload.server
    expected = disks("a", here)
    operator.operation("failover", workload.name, "--network-mapping", NETWORKS)
    there, left = workload.at("b"), workload.at("a")
    assert (there["status"], left["status"]) == ("ACTIVE", "SHUTOFF")
    assert disks("b", there) == expected
    assert there["metadata"]["owner"] == here["metadata"]["owner"]
    assert list(there["addresses"]) == ["net-secondary-web"]
    of_left = {volume["id"] for volume in left["os-extended-volumes:volumes_attached"]}
    connected = Array("arr-a").connected() | Array("arr-b").connected()
    assert not [name for name in connected if any(volume in name for volume in of_left)], "fenced"
    group = operator("protection-group", "show", workload.name)
    assert (group["current_primary_site"], group["protection"]) == ("site-b", "protected")

    operator.operation("failback", workload.name)
    home, standby = workload.at("a"), workload.at("b")
    assert (home["status"], standby["status"]) == ("ACTIVE", "SHUTOFF")
    assert (disks("a", home), addresses(home)) == (expected, addresses(here)), "with its disks and its address"
    group = operator("protection-group", "show", workload.name)
    assert (group["status"], group["current_primary_site"], group["protection"]) == ("active", "site-a", "protected")


def test_a_failover_whose_process_is_killed_goes_on(operator: Operator, workload: Workload) -> None:
    expected = disks("a", workload.server)
    with operator.begun(IMPORTED, "failover", workload.name, "--network-mapping", NETWORKS) as process:
        process.kill()
    ours = [found for found in operator("operation", "list") if found["protection_group"] == workload.name]
    (begun,) = [found for found in ours if found["status"] == "interrupted"]
    operator.operation("operation", "resume", begun["id"])
    there = workload.at("b")
    assert (there["status"], disks("b", there)) == ("ACTIVE", expected)
    volumes = [volume["name"] for volume in Cloud("b").get("volume", "/volumes/detail")["volumes"]]
    assert sorted(name for name in volumes if workload.name in name) == sorted(name for name, *_ in expected), "once"
    operator.operation("failback", workload.name)
    assert workload.at("a")["status"] == "ACTIVE"


@pytest.fixture
def site_a_returns(operator: Operator) -> Iterator[None]:
    """Whatever becomes of the test, the others need site-a."""
    yield
    fault(None)
    lab("up", "a")
    operator.starts("a")


@EACH_KIND
@pytest.mark.usefixtures("site_a_returns")
def test_a_site_is_lost_and_returns(operator: Operator, workload: Workload) -> None:
    operator.loses("a")
    lab("down", "a")
    fault("array=arr-a down")
    operator.site = "b"
    why = ("--force", "--reason", "site-a burns")
    operator.operation("failover", workload.name, *why, "--network-mapping", NETWORKS)
    assert workload.at("b")["status"] == "ACTIVE"
    group = operator("protection-group", "show", workload.name)
    assert (group["current_primary_site"], group["protection"]) == ("site-b", "unprotected")

    fault(None)
    lab("up", "a")
    operator.starts("a")
    assert workload.at("a")["status"] == "ACTIVE", "it came back with the site, and knows nothing"
    assert operator("protection-group", "sync-status", workload.name)["sync_status"] != "IN SYNC"
    assert operator("protection-group", "sync", workload.name)["sync_status"] == "IN SYNC"
    operator.site = "a"
    operator.operation("reprotect", workload.name)
    assert workload.at("a")["status"] == "SHUTOFF"
    operator.operation("failback", workload.name)
    home = workload.at("a")
    assert (home["status"], addresses(home)) == ("ACTIVE", addresses(workload.server))
    (held,) = operator("protection-group", "divergence", "list", workload.name)
    assert held["state"] == "preserved"
    why = ("--reason", "nobody misses it")
    discarded = operator("protection-group", "divergence", "discard", workload.name, held["id"], *why)
    assert discarded["state"] == "discarded"
    operator.operation("commit", workload.name)
