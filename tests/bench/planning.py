"""Planning through each door: from the text of the same facts to a plan, whose hash is compared."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from measured import Row, spread
from sides import Apart, Side

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


def threads(rust: Side, python: Side, start: Callable[[], Side], directory: Path) -> list[Row]:
    """The same plans by one thread and by eight, and by eight processes of Rust: those share nothing but the machine,
    so what they do not reach, it does not give."""
    facts = _facts(rust, directory, SMALL_SERVERS, SMALL_VOLUMES)
    all_of_them = {**facts, "times": THREADS * SHARE}
    share = {**facts, "times": SHARE, "threads": 1}
    with ExitStack() as stack:
        apart = Apart([stack.enter_context(start()) for _ in range(THREADS)])
        orders: dict[str, tuple[Side | Apart, dict[str, Any]]] = {
            "Rust, 1 thread": (rust, {**all_of_them, "threads": 1}),
            f"Rust, {THREADS} threads": (rust, {**all_of_them, "threads": THREADS}),
            f"Rust, {THREADS} processes": (apart, share),
            "Python, 1 thread": (python, {**all_of_them, "threads": 1}),
            f"Python, {THREADS} threads": (python, {**all_of_them, "threads": THREADS}),
        }
        found = _in_turns(orders, THREADED)
    print(f"{THREADS * SHARE} plans of {SMALL_VOLUMES} volumes, each the work of one thread, ms:")
    for name, seconds in found.items():
        print(f"  {name:<24} {spread(seconds)}")
    rust_one, rust_many, apart_many, one, many = (statistics.median(seconds) for seconds in found.values())
    why = (
        f"{THREADS} processes that share nothing got {rust_one / apart_many:.2f} meanwhile, threads of Rust "
        f"{rust_one / rust_many:.2f}"
    )
    return [
        Row(f"plans per second of {THREADS} threads over one", one / many, "x", TIMES_ONE_THREAD, why, at_most=False),
        Row(f"plans by {THREADS} threads, Python over Rust", many / rust_many, "x", TIMES_RUST),
    ]


def _facts(rust: Side, directory: Path, servers: int, volumes: int) -> dict[str, str]:
    files = {name: str(directory / f"{volumes}-{name}.json") for name in ("facts", "request")}
    rust.ask("write", servers=servers, volumes=volumes, **files)
    return files


def _size(facts: dict[str, str]) -> str:
    return f"{Path(facts['facts']).stat().st_size / (1 << 20):.0f} MiB"


def _in_turns(orders: Mapping[str, tuple[Side | Apart, dict[str, Any]]], rounds: int) -> dict[str, list[float]]:
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
