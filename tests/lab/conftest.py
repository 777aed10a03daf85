"""Two clouds that run, an operator, and a protected server at home."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
import seed
from clearing import clear
from console import Operator, Workload
from kinds import ASYNC, Kind
from listing import Listing
from places import ARRAYS, CLOUDS, SITES
from rest import Cloud


def pytest_sessionstart() -> None:
    if not (CLOUDS.exists() and ARRAYS.exists()):
        raise pytest.UsageError("the lab is not up: make lab, or lab.py up and lab.py seed")


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    made = Operator(tmp_path_factory.mktemp("operator"))
    yield made
    for site in SITES:
        made.loses(site)
    for what, seconds in made.took:
        print(f"{what:32} {seconds:6.1f} s")


@pytest.fixture
def kind() -> Kind:
    """What a test does not choose by itself."""
    return ASYNC


@pytest.fixture
def workload(operator: Operator, kind: Kind) -> Iterator[Workload]:
    """A protected server at site-a whose first recovery point has arrived. Afterwards, at home again, it is no longer
    protected, and what the operator is left with is removed."""
    before = {site: Listing.of(site) for site in SITES}
    name = f"story-{uuid.uuid4().hex[:8]}"
    operator.site = "a"
    cloud = Cloud("a")
    made = Workload(name, seed.server(cloud, name, "net-primary-web", kind.volume_type), operator)
    sites = ("--primary-site", "site-a", "--secondary-site", "site-b")
    how = ("--replication-type", kind.name, "--volume-type", kind.volume_type)
    operator("protection-group", "create", "--name", name, *how, *sites)
    operator("policy", "create", name, *kind.timing)
    member = operator("member", "add", name, "--instance-id", made.server_id)
    assert (member["status"], member["volumes"]) == ("protected", 2)
    operator.operation("consistency-group", "sync", name)
    yield made
    operator.run("openstack", "protector", "member", "remove", name, "--instance-id", made.server_id)
    operator.run("openstack", "protector", "protection-group", "delete", name)
    # both first: what is in a pod is on both arrays
    for site in SITES:
        clear(Cloud(site), made.name, made.server_id)
    for site in SITES:
        left = Listing.of(site).beyond(before[site])
        # its recovery points, and the marks of whose they are, outlive a group
        left.pop("array_groups", None)
        left["array_volumes"] = [name for name in left.get("array_volumes", []) if "protector-mark-" not in name]
        assert left == {"array_volumes": []}, site
