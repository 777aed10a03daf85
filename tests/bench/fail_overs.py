"""The storage part of an asynchronous failover, contender beside contender, with 20 ms added to every reply."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from runs import Result, Runner, address
from simulator import Simulator
from stage import Group, add_members, check_clones, group_of, make_volumes, remove_clones, replicate

LATENCY_MS = 20
OURS = "PureStorageDriver"
COLD = "PureStorageDriver, cold"
TEST = "PureStorageDriver, test failover"
BATCH = "py-pure-client, batch"
SEQUENTIAL = "py-pure-client"
CINDER = "Cinder failover_host"


def measure(runner: Runner, directory: Path, sizes: list[int], rounds: int) -> list[Result]:
    options = ("--rest-max", "2.37", "--latency", f"{LATENCY_MS}ms", "--transfer-time", "50ms", "--log", "off")
    results = []
    with Simulator(directory, *options) as sim:
        for size in sizes:
            group = group_of(size)
            prepare(runner, sim, directory, group)
            results += contest(runner, sim, directory, group, max(1, min(rounds, 1000 // size)))
    return results


def prepare(runner: Runner, sim: Simulator, directory: Path, group: Group) -> None:
    """A group as Cinder sets it up, which also carries our mark, with two recovery points."""
    make_volumes(sim, group)
    runner.do("cinder_fail_over.py", cinder_order(sim, directory, group, names=[]))
    runner.do("accept", {**address(sim), "group": group.on_target, "operation": "bench-set-up", "epoch": 1})
    add_members(sim, group)
    for suffix in ("dr-1", "dr-2"):
        replicate(sim, group, suffix)


def contest(runner: Runner, sim: Simulator, directory: Path, group: Group, rounds: int) -> list[Result]:
    size = len(group.names)
    results = {name: Result(name, size) for name in (OURS, COLD, TEST, BATCH, SEQUENTIAL, CINDER)}
    for number in range(rounds):
        sdk = {**address(sim), "group": group.on_target, "prefix": f"sdk-{number}"}
        turns = (
            # from its clones on, a failover belongs to the next epoch, which the array has yet to hear of
            (OURS, "fail-over", driver_order(sim, group, epoch=2 + 2 * number, warm=True)),
            (COLD, "fail-over", driver_order(sim, group, epoch=3 + 2 * number, warm=False)),
            (TEST, "fail-over", driver_order(sim, group, epoch=3 + 2 * number, warm=True)),
            (BATCH, "sdk_fail_over.py", {**sdk, "batch": True}),
            (SEQUENTIAL, "sdk_fail_over.py", {**sdk, "batch": False}),
            (CINDER, "cinder_fail_over.py", cinder_order(sim, directory, group, names=group.names)),
        )
        for name, program, order in turns:
            runner.measure(sim, program, order, results[name], size)
            check_clones(sim, group)
            remove_clones(sim)
    return list(results.values())


def driver_order(sim: Simulator, group: Group, *, epoch: int, warm: bool) -> dict[str, Any]:
    operation = f"op-{uuid.uuid4()}"
    return {
        **address(sim),
        "group": group.on_target,
        "volumes": group.volumes,
        "operation": operation,
        "epoch": epoch,
        "warm": warm,
    }


def cinder_order(sim: Simulator, directory: Path, group: Group, *, names: Any) -> dict[str, Any]:
    work = directory / f"cinder-{uuid.uuid4()}"
    work.mkdir()
    arrays = [{"name": each.name, "address": each.address, "api_token": each.api_token} for each in sim.arrays.values()]
    return {**address(sim), "directory": str(work), "arrays": arrays, "local_group": group.name, "volumes": names}
