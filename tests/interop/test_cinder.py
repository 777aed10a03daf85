"""Cinder 29's own driver on the simulated arrays: what it asks, what it concludes, and what the arrays hold afterwards.

``data/cinder-*.txt`` hold the requests of each step, recorded with Cinder 29.0.0 and py-pure-client 1.96.0. They are
the same at REST 2.26 and 2.37. ``INTEROP_RECORD=1`` writes them anew, which is only right when a client changed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Start
from identifiers import identifier
from replies import items, names
from simulator import Simulator

HERE = Path(__file__).parent
VOLUMES = [f"volume-{identifier(name)}-cinder" for name in ("v1", "v2", "v3")]
GROUP = f"consisgroup-{identifier('g')}-cinder"


@dataclass(frozen=True)
class Outcome:
    """What a session of the driver left behind."""

    sim: Simulator
    trace: str
    results: dict[str, Any]


def run(sim: Simulator, directory: Path, mode: str, flow: str) -> Outcome:
    work = directory / "cinder"
    work.mkdir()
    order, outcome = work / "order.json", work / "outcome.json"
    arrays = [{"name": each.name, "address": each.address, "api_token": each.api_token} for each in sim.arrays.values()]
    order.write_text(json.dumps({"mode": mode, "flow": flow, "directory": str(work), "arrays": arrays}))
    done = subprocess.run(
        [sys.executable, HERE / "cinder_session.py", order, outcome],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = json.loads(outcome.read_text())
    trace = "".join(f"# {title}\n" + "".join(f"{line}\n" for line in lines) for title, lines in written["steps"])
    return Outcome(sim, trace, written["results"])


def check_trace(trace: str, name: str) -> None:
    file = HERE / "data" / f"{name}.txt"
    if os.environ.get("INTEROP_RECORD"):
        file.write_text(trace)
    assert trace.splitlines() == file.read_text().splitlines()


@pytest.mark.parametrize("rest", ["2.26", "2.37"], indirect=True)
def test_asynchronous_replication(start: Start, tmp_path: Path, rest: str) -> None:
    sim = start("--rest-max", rest, "--transfer-time", "50ms")
    outcome = run(sim, tmp_path, "async", "replication")
    check_trace(outcome.trace, "cinder-async")
    check_results(outcome, failback="error")
    assert outcome.results["stats"]["replication_type"] == ["async"]
    copies = {each.name: each for each in items(sim.b.get_volumes())}
    assert sorted(copies) == sorted(VOLUMES)
    assert [copies[name].destroyed for name in VOLUMES] == [True, False, False]
    sources = {each.name: each for each in items(sim.a.get_volumes(destroyed=False))}
    assert sorted(sources) == sorted(VOLUMES)
    assert not {each.serial for each in copies.values()} & {each.serial for each in sources.values()}
    for group in ("cinder-group", GROUP):
        members = items(sim.a.get_protection_groups_volumes(group_names=[group]))
        assert sorted(each.member.name for each in members) == sorted(VOLUMES)
        held = items(sim.b.get_volume_snapshots(filter=f"name='arrA:{group}.dr-1.*'"))
        assert sorted(each.name for each in held) == sorted(f"arrA:{group}.dr-1.{name}" for name in VOLUMES)
    local = f"cgsnapshot-{identifier('s')}-cinder"
    assert f"{GROUP}.{local}" in names(sim.a.get_protection_group_snapshots(names=[GROUP]))
    there = names(sim.b.get_protection_group_snapshots(names=[f"arrA:{GROUP}"]))
    assert not [name for name in there if name.endswith(local)]
    schedule = items(sim.a.get_protection_groups(names=["cinder-group"]))[0].replication_schedule
    assert (schedule.enabled, schedule.frequency) == (True, 900_000)
    tags = items(sim.a.get_volumes_tags(resource_names=[VOLUMES[1]]))
    assert {each.key: each.value for each in tags}["ProjectId"] == "proj"


@pytest.mark.parametrize("rest", ["2.26", "2.37"], indirect=True)
def test_synchronous_replication(start: Start, tmp_path: Path, rest: str) -> None:
    sim = start("--rest-max", rest, "--link", "sync")
    outcome = run(sim, tmp_path, "sync", "replication")
    check_trace(outcome.trace, "cinder-sync")
    check_results(outcome, failback=None)
    assert outcome.results["stats"]["replication_type"] == ["async", "sync"]
    expected = sorted(f"cinder-pod::{name}" for name in VOLUMES)
    for client in (sim.a, sim.b):
        found = items(client.get_volumes(filter="pod.name='cinder-pod'"))
        assert sorted(each.name for each in found) == expected
        assert [each.name for each in found if each.destroyed] == [f"cinder-pod::{VOLUMES[0]}"]
    pod = items(sim.b.get_pods(names=["cinder-pod"]))[0]
    assert {each.name: each.status for each in pod.arrays} == {"arrA": "online", "arrB": "online"}


def check_results(outcome: Outcome, *, failback: str | None) -> None:
    """What the driver tells Cinder about the group, the backend and its volumes."""
    group, volumes = outcome.results["group failover"]
    assert group == {"replication_status": "failed-over"}
    assert {each["replication_driver_data"] for each in volumes} == {"arrB"}
    active, updates, _ = outcome.results["host failover"]
    assert active == "arrB"
    assert [each["updates"]["replication_status"] for each in updates] == ["failed-over"] * 3
    active, updates, _ = outcome.results["failback"]
    assert active == "default"
    assert [each["updates"]["status"] for each in updates] == ([failback] * 2 if failback else [])
    stats = outcome.results["stats"]
    assert stats["replication_enabled"]
    assert stats["replication_targets"] == ["arrB"]


@pytest.mark.parametrize("rest", ["2.26", "2.37"], indirect=True)
def test_a_volume_is_managed_and_unmanaged(start: Start, tmp_path: Path, rest: str) -> None:
    sim = start("--rest-max", rest)
    outcome = run(sim, tmp_path, "async", "manage")
    check_trace(outcome.trace, "cinder-manage")
    assert outcome.results["size"] == 1
    assert outcome.results["missing"] == "invalid reference"
    assert outcome.results["manageable"] == [VOLUMES[0]]
    assert names(sim.a.get_volumes()) == [f"{VOLUMES[0]}-unmanaged"]
    assert items(sim.a.get_volumes_tags(resource_names=[f"{VOLUMES[0]}-unmanaged"])) == []
