"""Listing 10,000 volume snapshots, without added latency; each measurement is a process of its own."""

from __future__ import annotations

from pathlib import Path

from pypureclient.flasharray import TargetProtectionGroupPostPatch
from runs import Result, Runner, address
from simulator import Simulator
from stage import add_members, group_of, make_volumes, replicate

OURS = "PureStorageDriver"
SDK = "py-pure-client"
VOLUMES = 1000
POINTS = 10
ITEMS = VOLUMES * POINTS


def measure(runner: Runner, directory: Path, rounds: int) -> list[Result]:
    """What each took, and what its process takes without listing."""
    group = group_of(VOLUMES)
    results = [Result(name, size) for name in (OURS, SDK) for size in (0, ITEMS)]
    with Simulator(directory, "--rest-max", "2.37", "--transfer-time", "10ms", "--log", "off") as sim:
        make_volumes(sim, group)
        sim.a.post_protection_groups(names=[group.name])
        add_members(sim, group)
        sim.a.post_protection_groups_targets(group_names=[group.name], member_names=["arrB"])
        allowed = TargetProtectionGroupPostPatch(allowed=True)
        sim.b.patch_protection_groups_targets(group_names=[group.on_target], target=allowed)
        for number in range(POINTS):
            replicate(sim, group, f"dr-{number}")
        for _ in range(rounds):
            for result in results:
                program = "list" if result.contender == OURS else "sdk_list.py"
                order = {**address(sim), "group": group.on_target, "list": result.size > 0}
                runner.measure(sim, program, order, result, result.size)
    return results
