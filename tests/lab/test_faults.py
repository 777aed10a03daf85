"""Something of the standby site fails in the middle of a failover.

Whatever it is, the server ends up there once, with its own volumes, and goes home again; that nothing else is left is
looked at by the fixture that made it.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from console import IMPORTED, NETWORKS, Operator, Workload, disks, lab
from places import CLOUDS, HERE, port
from processes import pid_of, stop, wait
from rest import Cloud

sys.path.append(str(HERE.parent / "interop"))
from proxy import Proxy

MANAGE, INTO_GROUP = r"POST .*/manageable_volumes$", r"PUT .*/groups/"
#: The title of the step after which the way is forward.
CLONED = "clone 2 volumes"
Disks = list[tuple[str, str, str, str]]
VOLUMES = r"GET .*/volumes/detail$"


@pytest.fixture
def expected(workload: Workload) -> Disks:
    """The disks as they are at home."""
    return disks("a", workload.server)


def fail_over(workload: Workload) -> tuple[str, ...]:
    return ("failover", workload.name, "--network-mapping", NETWORKS)


def arrived_once(workload: Workload, expected: Disks) -> None:
    """It runs at the standby site with its own disks, and what was tried twice is there once. Then it goes home."""
    there, cloud = workload.at("b"), Cloud("b")
    assert (there["status"], workload.at("a")["status"]) == ("ACTIVE", "SHUTOFF")
    assert disks("b", there) == expected
    volumes = [volume["name"] for volume in cloud.get("volume", "/volumes/detail")["volumes"]]
    assert sorted(name for name in volumes if workload.name in name) == sorted(name for name, *_ in expected)
    holders = [found["device_id"] for found in cloud.get("network", "/ports")["ports"]]
    assert holders.count(there["id"]) == 1, "one port"
    group = workload.operator("protection-group", "show", workload.name)
    assert (group["current_primary_site"], group["protection"]) == ("site-b", "protected")
    workload.operator.operation("failback", workload.name)
    assert workload.at("a")["status"] == "ACTIVE"


def resumed(operator: Operator, ended: dict[str, Any]) -> None:
    """What is said to come next is typed, and brings it to a good end."""
    (command,) = ended["next"]
    program, protector, *words = shlex.split(command)
    assert (program, protector, words[:2]) == ("openstack", "protector", ["operation", "resume"]), command
    operator.operation(*words)


@pytest.fixture
def line(operator: Operator) -> Iterator[Proxy]:
    """What stands between Protector and Cinder of site-b."""
    clouds = operator.directory / "line.yaml"
    with Proxy(f"http://127.0.0.1:{port('cinder', 'b')}") as proxy:
        text = CLOUDS.read_text(encoding="utf-8")
        assert text.rindex("site-b:") < text.rindex("region_name"), "its entry is the last one"
        clouds.write_text(f"{text}    block_storage_endpoint_override: {proxy.url}\n", encoding="utf-8")
        operator.clouds = clouds
        yield proxy
        operator.clouds = CLOUDS


def test_a_cinder_that_stumbles_is_asked_again(
    operator: Operator, workload: Workload, expected: Disks, line: Proxy
) -> None:
    with operator.begun(CLONED, *fail_over(workload)) as process:
        faults = [
            # taken over, and nobody hears of it; then refused
            line.fault(MANAGE, lose_reply=True, times=1),
            line.fault(MANAGE, status=503, times=2),
            line.fault(INTO_GROUP, status=500, times=1),
            line.fault(INTO_GROUP, lose_reply=True, times=1),
            line.fault(VOLUMES, seconds=4, times=3),
            line.fault(VOLUMES, status=500, times=2),
        ]
        ended = operator.ended(process)
    assert (ended["status"], ended["instances_failed"]) == ("completed", 0), ended
    assert [fault.times for fault in faults] == [0] * len(faults), "all of them were met"
    arrived_once(workload, expected)


def test_a_cinder_that_is_away_stops_a_failover_which_then_goes_on(
    operator: Operator, workload: Workload, expected: Disks, line: Proxy
) -> None:
    with operator.begun(IMPORTED, *fail_over(workload)) as process:
        line.fault(".", lose_reply=True)
        ended = operator.ended(process)
    assert (ended["status"], "Cinder" in ended["error"]) == ("failed", True), ended
    line.heal()
    resumed(operator, ended)
    arrived_once(workload, expected)


@pytest.fixture
def all_run() -> Iterator[None]:
    """Whatever becomes of the test, the others need the services."""
    yield
    lab("up", "b")


def crash(name: str) -> None:
    """Ends a service of the lab at once, without a word."""
    pid = pid_of(name)
    assert pid is not None, name
    os.kill(pid, signal.SIGKILL)
    stop([name])


@pytest.mark.usefixtures("all_run")
@pytest.mark.parametrize(
    ("service", "after"),
    [("cinder-volume", CLONED), ("cinder", IMPORTED), ("nova", IMPORTED)],
    ids=["cinder-volume", "cinder-api", "nova-api"],
)
def test_a_service_crashes_and_comes_back(
    operator: Operator, workload: Workload, expected: Disks, service: str, after: str
) -> None:
    with operator.begun(after, *fail_over(workload)) as process:
        crash(f"b-{service}")
        lab("up", "b")
        ended = operator.ended(process)
    brought_to_its_end(operator, ended)
    arrived_once(workload, expected)


@pytest.mark.usefixtures("all_run")
def test_a_hypervisor_crashes_while_it_boots_the_server(
    operator: Operator, workload: Workload, expected: Disks
) -> None:
    cloud = Cloud("b")

    def is_at_it() -> bool:
        server = cloud.of_name("compute", "/servers/detail", "servers", workload.name)
        return server is not None and server["OS-EXT-SRV-ATTR:host"] is not None

    with operator.begun(IMPORTED, *fail_over(workload)) as process:
        wait("the boot", is_at_it)
        crash("b-nova-compute")
        lab("up", "b")
        ended = operator.ended(process)
    brought_to_its_end(operator, ended)
    arrived_once(workload, expected)


def brought_to_its_end(operator: Operator, ended: dict[str, Any]) -> None:
    """It ended well by itself, or does what its error and it say."""
    if ended["status"] != "completed":
        mend(operator, ended)
        resumed(operator, ended)


def mend(operator: Operator, ended: dict[str, Any]) -> None:
    """Types the command that an error names, if it does."""
    print(ended["error"])
    if named := re.search(r"openstack --os-cloud [^()]*(?=\)$)", ended["error"]):
        operator.types(named[0])


def hosts_are(status: str) -> None:
    """Lets Nova place servers at site-b, or no longer."""
    cloud = Cloud("b")
    services = cloud.get("compute", "/os-services")["services"]
    (service,) = [found for found in services if found["binary"] == "nova-compute"]
    cloud.call("compute", "PUT", f"/os-services/{service['id']}", {"status": status})


@pytest.fixture
def no_host() -> Iterator[None]:
    """There is no room for a server at site-b."""
    hosts_are("disabled")
    yield
    hosts_are("enabled")


@pytest.mark.usefixtures("no_host")
def test_a_server_that_finds_no_host_boots_once_there_is_one(
    operator: Operator, workload: Workload, expected: Disks
) -> None:
    ended = operator.attempt(*fail_over(workload))
    assert (ended["status"], ended["instances_failed"]) == ("failed", 1), ended
    assert "No valid host" in ended["error"], ended
    assert workload.at("b")["status"] == "ERROR"
    hosts_are("enabled")
    brought_to_its_end(operator, ended)
    arrived_once(workload, expected)
