"""Every reply of the simulated arrays has the shape that the OpenAPI description gives it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
import urllib3
from conftest import Start
from contract import Contract
from pypureclient import flasharray as fa
from recorder import Exchange, recording
from replies import done
from simulator import Simulator
from test_py_pure_client import replicated, stretched

SPEC = os.environ.get("PROTECTOR_FLASHARRAY_SPEC", "")

pytestmark = pytest.mark.skipif(not SPEC, reason="PROTECTOR_FLASHARRAY_SPEC names no directory with FA2.37.spec.yaml")

# what clients ask for; that one of them is not served at all would go unnoticed otherwise
SERVED = {
    "arrays",
    "arrays/space",
    "arrays/performance",
    "array-connections",
    "array-connections/connection-key",
    "connections",
    "container-default-protections",
    "controllers",
    "hardware",
    "host-groups",
    "host-groups/hosts",
    "hosts",
    "network-interfaces",
    "offloads",
    "pods",
    "pods/arrays",
    "pod-replica-links",
    "pod-replica-links/lag",
    "ports",
    "protection-groups",
    "protection-groups/targets",
    "protection-groups/volumes",
    "protection-group-snapshots",
    "protection-group-snapshots/transfer",
    "remote-protection-groups",
    "volumes",
    "volumes/tags",
    "volume-groups",
    "volume-snapshots",
    "volume-snapshots/transfer",
}


@pytest.fixture(params=["2.26", "2.37"], scope="module")
def contract(request: pytest.FixtureRequest) -> Contract:
    file = Path(SPEC) / f"FA{request.param}.spec.yaml"
    if not file.exists():
        pytest.skip(f"{file} is missing")
    return Contract(file)


def populate(sim: Simulator) -> None:
    """At least one of each kind, of those that a client can make."""
    replicated(sim)
    stretched(sim)
    a, b, body = sim.a, sim.b, fa.VolumePost(provisioned=1 << 30)
    done(a.post_volume_groups(names=["vg"], volume_group=fa.VolumeGroupPost()))
    done(a.post_volumes(names=["vg/v3", "gone"], volume=body))
    done(a.patch_volumes(names=["gone"], volume=fa.VolumePatch(destroyed=True)))
    done(a.post_volume_snapshots(source_names=["v1"], volume_snapshot=fa.VolumeSnapshotPost(suffix="s1")))
    done(a.post_hosts(names=["h1"], host=fa.HostPost(iqns=["iqn.1993-08.org.debian:01:abc"])))
    done(a.post_host_groups(names=["hg1"]))
    done(a.post_host_groups_hosts(group_names=["hg1"], member_names=["h1"]))
    done(a.post_connections(host_names=["h1"], volume_names=["v1"]))
    tag = fa.TagBatch(key="k", value="v", namespace="n", copyable=False)
    done(a.put_volumes_tags_batch(resource_names=["v1"], tag=[tag]))
    done(a.post_pods(names=["pod2"], pod=fa.PodPost()))
    done(b.post_pods(names=["pod3"], pod=fa.PodPost()))
    done(b.patch_pods(names=["pod3"], pod=fa.PodPatch(requested_promotion_state="demoted"), skip_quiesce=True))
    done(a.post_pod_replica_links(local_pod_names=["pod2"], remote_names=["arrB"], remote_pod_names=["pod3"]))
    copy = fa.VolumePost(source=fa.Reference(name="arrA:pg1.dr-1.v1"))
    done(b.post_volumes(names=["dr-v1"], volume=copy))
    done(b.post_protection_groups(names=["drpg"], source_names=["arrA:pg1.dr-1"]))
    done(a.delete_connections(host_names=["h1"], volume_names=["v1"]))
    done(a.post_connections(host_names=["h1"], volume_names=["v2"]))


def read_all(sim: Simulator, contract: Contract) -> None:
    """Reads every list of the description from both arrays."""
    for array in sim.arrays.values():
        with urllib3.PoolManager(ca_certs=array.certificate) as pool:
            base = f"https://{array.address}/api/{contract.version}"
            login = pool.request("POST", f"{base}/login", headers={"api-token": array.api_token})
            session = {"x-auth-token": login.headers["x-auth-token"]}
            for path in contract.listed():
                pool.request("GET", f"{base}/{path}", headers=session)
                pool.request("GET", f"{base}/{path}?total_item_count=true&limit=1", headers=session)


def session(start: Start, contract: Contract) -> list[Exchange]:
    sim = start("--rest-max", contract.version, "--link", "sync", "--transfer-time", "50ms")
    with recording() as exchanges:
        populate(sim)
        read_all(sim, contract)
    return exchanges


def test_every_reply_has_the_shape_of_the_contract(start: Start, contract: Contract) -> None:
    exchanges = session(start, contract)
    succeeded = [each for each in exchanges if each.status == 200]
    wrong = {violation for each in succeeded for violation in contract.violations(each)}
    assert not wrong, "\n".join(sorted(wrong))
    read = {each.path for each in succeeded if each.method == "GET" and each.reply.get("items")}
    assert (SERVED & set(contract.listed())) - {each.path for each in succeeded} == set()
    assert {"volumes", "protection-groups", "pods", "pod-replica-links", "hosts", "connections", "volumes/tags"} <= read
    failed = {(each.status, each.line()) for each in exchanges if each.status not in (200, 404)}
    assert {line for status, line in failed if status >= 500} == set()


def test_a_reply_of_another_shape_is_noticed(contract: Contract) -> None:
    volume: dict[str, Any] = {
        "name": "v1",
        "provisioned": 1 << 30,
        "time_remaining": None,
        "pod": {"name": None, "id": None},
        "space": {"unique": 0},
    }
    reply = {"continuation_token": None, "items": [volume], "more_items_remaining": False, "total_item_count": None}
    good = Exchange(0, "GET", contract.version, "volumes", "", None, 200, reply)
    assert contract.violations(good) == []
    for wrong in (
        {"provisioned": "1G"},
        {"surname": "v"},
        {"pod": None},
        {"pod": {"name": None, "id": None, "size": 1}},
        {"space": {"unique": True}},
        {"qos": []},
    ):
        bad = dataclasses.replace(good, reply={**reply, "items": [{**volume, **wrong}]})
        assert contract.violations(bad), wrong
    assert contract.violations(dataclasses.replace(good, reply=None))
    assert contract.violations(dataclasses.replace(good, path="volumen"))
    assert contract.violations(dataclasses.replace(good, method="DELETE", reply={}))
