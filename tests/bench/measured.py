"""What was measured, and whether it meets its target: the same table as that of ``tests/rust/benches/summary``."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A measure and its target."""

    measure: str
    value: float
    unit: str
    target: float
    #: What a target that was missed must be seen with.
    why: str = ""
    #: Whether a smaller value is better.
    at_most: bool = True

    @property
    def met(self) -> bool:
        return self.value <= self.target if self.at_most else self.value >= self.target


def show(rows: Sequence[Row]) -> None:
    """Prints all of them, and of those that are missed why."""
    width = max((len(row.measure) for row in rows), default=0)
    print(f"\n{'measure':<{width}} {'value':>10} {'target':>10} {'':<4} verdict")
    for row in rows:
        bound = f"{'' if row.at_most else '>= '}{row.target:g}"
        print(f"{row.measure:<{width}} {row.value:>10.3f} {bound:>10} {row.unit:<4} {'met' if row.met else 'MISSED'}")
        if row.why and not row.met:
            print(f"    {row.why}")


def spread(values: Sequence[float], scale: float = 1e3) -> str:
    """Median and minimum for people, milliseconds out of seconds unless said otherwise."""
    return f"{statistics.median(values) * scale:.1f} (least {min(values) * scale:.1f})"


def extra(more: Sequence[float], less: Sequence[float]) -> float:
    """How much more one takes than the other, by what was measured in turns: the median of the differences."""
    return statistics.median(a - b for a, b in zip(more, less, strict=True))
