"""What was measured as tables, and whether the targets are met."""

from __future__ import annotations

from typing import Any

import fail_overs as failover
import lists as listing
from rich.console import Console
from rich.table import Table
from runs import Result

MOST_REQUESTS = 6
FASTER_THAN_CINDER = 20
MEASURED_AT = 100
LIST_FASTER = 10
LIST_SMALLER = 5

console = Console(width=118, highlight=False)


def say(text: str) -> None:
    console.print(text, markup=False)


def fail_overs(results: list[Result]) -> list[dict[str, Any]]:
    """Prints the table of failovers; the targets."""
    ours = {result.size: result for result in results if result.contender == failover.OURS}
    table = Table(
        title=f"Storage part of a failover: find the newest complete point, clone N volumes, verify; "
        f"{failover.LATENCY_MS} ms per request, REST 2.37",
        title_justify="left",
    )
    for column in ("volumes", "requests", "seconds", "rounds", "times ours"):
        table.add_column(column, justify="right")
    table.add_column("contender")
    for result in results:
        base = ours[result.size]
        table.add_row(
            str(result.size),
            str(result.asked),
            f"{result.time:.3f}",
            str(len(result.seconds)),
            f"{result.time / base.time:.1f}",
            result.contender,
            end_section=result.contender == failover.CINDER,
        )
    console.print(table)
    say(
        "Sessions are open before the time begins, except in the cold row. py-pure-client clones one by one or, as\n"
        "our driver does, in one batch. Neither it nor Cinder tags clones or keeps older callers out; failover_host\n"
        "overwrites what has the name of a volume, and does not verify. A test failover leaves the epoch as it is."
    )
    found = [requests_target(result) for result in ours.values()]
    cinder = next((each for each in results if (each.contender, each.size) == (failover.CINDER, MEASURED_AT)), None)
    if cinder:
        found.append(speed_target(ours[MEASURED_AT], cinder))
    return verdicts(found)


def requests_target(result: Result) -> dict[str, Any]:
    routes = ", ".join(f"{count} x {route}" for route, count in sorted(result.by_route.items()))
    why = f"they are {routes}. The PUT tells the array of the new epoch; a test failover needs none"
    return target(f"requests for {result.size} volumes", result.asked, MOST_REQUESTS, most=True, why=why)


def speed_target(ours: Result, cinder: Result) -> dict[str, Any]:
    waited = ours.asked * failover.LATENCY_MS / 1000
    why = (
        f"of our {ours.time:.3f} s, {waited:.3f} s are the latency of {ours.asked} requests if none overlap, the rest "
        f"is work of client and simulator; Cinder takes {cinder.time / cinder.asked * 1000:.1f} ms per request"
    )
    return target(
        f"times faster than {failover.CINDER} at {MEASURED_AT} volumes",
        cinder.time / ours.time,
        FASTER_THAN_CINDER,
        most=False,
        why=why,
    )


def lists(results: list[Result]) -> list[dict[str, Any]]:
    """Prints the table of lists; the targets."""
    found = {(result.contender, result.size): result for result in results}
    table = Table(
        title=f"Listing {listing.ITEMS:,} volume snapshots ({listing.POINTS} recovery points), no latency",
        title_justify="left",
    )
    for column in ("requests", "seconds", "own CPU s", "MiB peak", "MiB for the list", "rounds"):
        table.add_column(column, justify="right")
    table.add_column("contender")
    growth = {}
    for name in (listing.OURS, listing.SDK):
        without, with_list = found[name, 0], found[name, listing.ITEMS]
        growth[name] = max(with_list.memory - without.memory, 1.0)
        table.add_row(
            str(with_list.asked),
            f"{with_list.time:.3f}",
            f"{with_list.cpu:.3f}",
            f"{with_list.memory / 1024:.1f}",
            f"{growth[name] / 1024:.1f}",
            str(len(with_list.seconds)),
            name,
        )
    console.print(table)
    say(
        "Own CPU: without the simulator's, which makes and encrypts the same pages for both. MiB for the list: the\n"
        "peak of the process less that of one that does all but list. Our driver also reads the snapshots of the\n"
        "group and their transfers, and returns recovery points with their volumes."
    )
    ours, sdk = found[listing.OURS, listing.ITEMS], found[listing.SDK, listing.ITEMS]
    why = (
        f"of our {ours.time:.3f} s, {ours.cpu:.3f} s are our own work, the rest is the simulator's and waiting for it; "
        f"in own work we are {sdk.cpu / max(ours.cpu, 1e-6):.1f} times faster"
    )
    return verdicts(
        [
            target("times faster than py-pure-client", sdk.time / ours.time, LIST_FASTER, most=False, why=why),
            target(
                "times less memory than py-pure-client",
                growth[listing.SDK] / growth[listing.OURS],
                LIST_SMALLER,
                most=False,
                why=f"ours grows by {growth[listing.OURS] / 1024:.1f} MiB",
            ),
        ]
    )


def target(what: str, measured: float, bound: float, *, most: bool, why: str) -> dict[str, Any]:
    met = measured <= bound if most else measured >= bound
    return {"what": what, "measured": measured, "bound": bound, "at most": most, "met": met, "why": why}


def verdicts(targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Prints which targets are met, and of the others by how much they are missed and why."""
    for each in targets:
        bound = f"at {'most' if each['at most'] else 'least'} {each['bound']}"
        number, missed = (
            f"{value:.1f}".removesuffix(".0") for value in (each["measured"], abs(each["measured"] - each["bound"]))
        )
        say(f"target {'met' if each['met'] else 'MISSED'}: {each['what']}: {number} ({bound})")
        if not each["met"]:
            say(f"    by {missed}: {each['why']}")
    say("")
    return targets
