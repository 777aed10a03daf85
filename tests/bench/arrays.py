"""PureStorageDriver beside py-pure-client and Cinder's own driver on simulated arrays: ``make bench-arrays``."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

import fail_overs
import lists
import tables
from runs import Runner
from simulator import ROOT

OUTPUT = ROOT / "target/bench/arrays.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driver", type=Path, required=True, help="the program that drives PureStorageDriver")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000], help="volumes in a group")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured")
    parser.add_argument("--only", choices=("failover", "list"))
    given = parser.parse_args()
    measures: dict[str, object] = {"processors": os.cpu_count(), "load_before": os.getloadavg()}
    with tempfile.TemporaryDirectory(prefix="bench-arrays-") as name:
        runner = Runner(given.driver, Path(name))
        if given.only != "list":
            (work := Path(name) / "failover").mkdir()
            found = fail_overs.measure(runner, work, given.sizes, given.rounds)
            measures["failover"] = [result.plain() for result in found]
            measures["failover targets"] = tables.fail_overs(found)
        if given.only != "failover":
            (work := Path(name) / "list").mkdir()
            found = lists.measure(runner, work, given.rounds)
            measures["list"] = [result.plain() for result in found]
            measures["list targets"] = tables.lists(found)
    measures["load_after"] = os.getloadavg()
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(measures, indent=2) + "\n")
    tables.say(f"every number: {OUTPUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
