"""What the doors cost: Python and C beside Rust, Python beside bare Python, commands beside ``openstack`` without them.

``make bench`` runs it by ``cargo bench -p protector-tests --bench doors``; behind ``--`` it takes the options below.
All that is compared is measured in turns, so that what else the machine does falls on both. Of a target that is missed
the table says what it must be seen with.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import calls
import planning
import starts
from measured import Row, show
from sides import Side, c, python, rust

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "target/bench/doors.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rust", type=Path, required=True, help="the program that answers for Rust")
    parser.add_argument("--libraries", type=Path, required=True, help="where the C library of a release build is")
    parser.add_argument("--only", nargs="+", choices=("import", "read", "plan", "threads", "command"))
    given = parser.parse_args()
    rows: list[Row] = []
    before = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="bench-doors-") as name:
        directory = Path(name)
        with (
            rust(given.rust, directory) as native,
            python(directory) as ours,
            c(given.libraries, directory) as foreign,
        ):
            sides: tuple[Side, Side, Side] = (native, ours, foreign)
            measures: dict[str, Callable[[], list[Row]]] = {
                "import": lambda: starts.imports(directory),
                "read": lambda: calls.reads(*sides, directory),
                "plan": lambda: planning.large(*sides, directory),
                "threads": lambda: planning.threads(native, ours, lambda: rust(given.rust, directory), directory),
                "command": lambda: starts.commands(directory),
            }
            for part, measure in measures.items():
                if not given.only or part in given.only:
                    rows += measure()
    print(f"\nload of the machine: {before[0]:.1f} before, {os.getloadavg()[0]:.1f} after; {os.cpu_count()} processors")
    show(rows)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
