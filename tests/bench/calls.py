"""What a call costs over the same call in Rust."""

from __future__ import annotations

import statistics
from pathlib import Path

from measured import Row, extra, spread
from sides import Side

ROUNDS = 60
CALLS = 200
PYTHON_TARGET_US = 5.0
C_TARGET_US = 1.0
#: A deployment in memory: the cheaper the call, the less of the difference is noise.
SETTINGS = """\
[engine]
storage_driver = mock
cloud_driver = mock
[database]
connection = sqlite://
"""


def reads(rust: Side, python: Side, c: Side, directory: Path) -> list[Row]:
    """A site by its name: a thread of the engine reads it from the store. Its answer is a value in Python, and JSON
    in C, which is compared with Rust that writes the same JSON."""
    settings = directory / "protector.conf"
    settings.write_text(SETTINGS)
    order = {"settings": str(settings), "site": "site-a", "name": "site-a", "times": CALLS}
    sides = {
        "Rust": (rust, "site_show"),
        "Python": (python, "site_show"),
        "Rust and JSON": (rust, "site_show_json"),
        "C": (c, "site_show"),
    }
    found: dict[str, list[float]] = {name: [] for name in sides}
    for side, call in sides.values():
        side.ask("read", **order, call=call)
    for _ in range(ROUNDS):
        for name, (side, call) in sides.items():
            found[name].append(statistics.median(side.ask("read", **order, call=call)["seconds"]))
    print(f"site_show, µs per call (medians of {CALLS} calls, {ROUNDS} times):")
    for name, seconds in found.items():
        print(f"  {name:<24} {spread(seconds, 1e6)}")
    return [_over("Python", "Rust", PYTHON_TARGET_US, found), _over("C", "Rust and JSON", C_TARGET_US, found)]


def _over(more: str, less: str, target: float, found: dict[str, list[float]]) -> Row:
    why = f"the least of both differ by {(min(found[more]) - min(found[less])) * 1e6:.1f} µs"
    return Row(
        f"call overhead of site_show, {more} over {less}", extra(found[more], found[less]) * 1e6, "µs", target, why
    )
