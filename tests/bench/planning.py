"""Planning through each door: from the text of the same facts to a plan, whose hash is compared."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from measured import Row, spread
from sides import Side

SERVERS, VOLUMES = 5_000, 20_000
PLANS = 15
TIMES_RUST = 1.2
#: The planner takes a second thread for groups of 1,000 disks: with fewer, a plan is the work of one thread.
SMALL_SERVERS, SMALL_VOLUMES = 450, 900
THREADS = 8
SHARE = 16
THREADED = 9
TIMES_ONE_THREAD = 1.8


def large(rust: Side, python: Side, c: Side, directory: Path) -> list[Row]:
    """``plan()`` of 20,000 volumes."""
    facts = _facts(rust, directory, SERVERS, VOLUMES)
    once = {**facts, "times": 1, "threads": 1}
    orders: dict[str, tuple[Side, dict[str, Any]]] = {
        "Rust": (rust, once),
        "Rust, and its text": (rust, {**once, "look": "json"}),
        "Python": (python, once),
        "Python, and its text": (python, {**once, "look": "json"}),
        "Python, and its steps": (python, {**once, "look": "steps"}),
        "C, which is its text": (c, once),
    }
    found = _in_turns(orders, PLANS)
    print(f"plan of {VOLUMES:,} volumes of {SERVERS:,} servers, from the text of its facts ({_size(facts)}), ms:")
    for name, seconds in found.items():
        print(f"  {name:<24} {spread(seconds)}")
    return [
        _beside("Python", found["Python"], "Rust", found["Rust"]),
        _beside("C", found["C, which is its text"], "Rust and its text", found["Rust, and its text"]),
    ]


def _beside(door: str, seconds: list[float], rust: str, native: list[float]) -> Row:
    times, least = (of(seconds) / of(native) for of in (statistics.median, min))
    why = f"by the least of both it is {least:.2f}"
    return Row(f"plan of {VOLUMES:,} volumes, {door} over {rust}", times, "x", TIMES_RUST, why)


def threads(rust: Side, python: Side, directory: Path) -> list[Row]:
    """The same plans by one thread and by eight."""
    facts = _facts(rust, directory, SMALL_SERVERS, SMALL_VOLUMES)
    orders: dict[str, tuple[Side, dict[str, Any]]] = {
        f"{name}, {count} thread(s)": (side, {**facts, "times": THREADS * SHARE, "threads": count})
        for name, side in (("Rust", rust), ("Python", python))
        for count in (1, THREADS)
    }
    found = _in_turns(orders, THREADED)
    print(f"{THREADS * SHARE} plans of {SMALL_VOLUMES} volumes, each the work of one thread, ms:")
    for name, seconds in found.items():
        print(f"  {name:<24} {spread(seconds)}")
    one, many, rust_one, rust_many = (found[name] for name in (*list(orders)[2:], *list(orders)[:2]))
    scaled = statistics.median(one) / statistics.median(many)
    native = statistics.median(rust_one) / statistics.median(rust_many)
    why = f"threads of Rust got {native:.2f} meanwhile; by the least times Python gets {min(one) / min(many):.2f}"
    return [Row(f"plans per second of {THREADS} threads over one", scaled, "x", TIMES_ONE_THREAD, why, at_most=False)]


def _facts(rust: Side, directory: Path, servers: int, volumes: int) -> dict[str, str]:
    files = {name: str(directory / f"{volumes}-{name}.json") for name in ("facts", "request")}
    rust.ask("write", servers=servers, volumes=volumes, **files)
    return files


def _size(facts: dict[str, str]) -> str:
    return f"{Path(facts['facts']).stat().st_size / (1 << 20):.0f} MiB"


def _in_turns(orders: dict[str, tuple[Side, dict[str, Any]]], rounds: int) -> dict[str, list[float]]:
    """The seconds of each; the first round only warms up."""
    found: dict[str, list[float]] = {name: [] for name in orders}
    hashes = set()
    for _ in range(rounds + 1):
        for name, (side, order) in orders.items():
            answer = side.ask("plan", **order)
            found[name].append(answer["seconds"])
            hashes.add(answer["hash"])
    if len(hashes) > 1:
        raise SystemExit(f"not the same plan: {hashes}")
    return {name: seconds[1:] for name, seconds in found.items()}
