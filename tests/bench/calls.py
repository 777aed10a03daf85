"""What a call costs over the same call in Rust."""

from __future__ import annotations

import statistics

from measured import Row, extra, spread
from sides import Side

ROUNDS = 60
CALLS = 200
TARGET_US = 5.0
#: A deployment in memory: the cheaper the call, the less of the difference is noise.
SETTINGS = """\
[engine]
storage_driver = mock
cloud_driver = mock
[database]
connection = sqlite://
"""


def reads(rust: Side, python: Side) -> list[Row]:
    """A site by its name: a thread of the engine reads it from the store, and the answer becomes a value."""
    order = {"settings": SETTINGS, "site": "site-a", "call": "site_show", "name": "site-a", "times": CALLS}
    found: dict[Side, list[float]] = {rust: [], python: []}
    for side in (rust, python):
        side.ask("read", **order)
    for _ in range(ROUNDS):
        for side, medians in found.items():
            medians.append(statistics.median(side.ask("read", **order)["seconds"]))
    print(
        f"site_show, µs per call (medians of {CALLS} calls, {ROUNDS} times): "
        f"Rust {spread(found[rust], 1e6)}, Python {spread(found[python], 1e6)}"
    )
    over = extra(found[python], found[rust]) * 1e6
    why = f"the least of both differ by {(min(found[python]) - min(found[rust])) * 1e6:.1f} µs"
    return [Row("call overhead of site_show, Python over Rust", over, "µs", TARGET_US, why)]
