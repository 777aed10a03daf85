"""Every command line of the two documents runs, and its table has the columns printed there."""

from __future__ import annotations

import json
import shlex

import pytest
from conftest import BIN, DATA, Result, columns, run_executable, run_osc

from protector.testing import MockDeployment

EXAMPLES = json.loads((DATA / "documented_commands.json").read_text(encoding="utf-8"))["examples"]


def run(words: list[str]) -> Result:
    if words[0] == "openstack":
        return run_osc(*words[1:])
    return run_executable(words[0], *words[1:])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each["example"])
def test_example(deployment: MockDeployment, example: dict) -> None:
    for command in example["commands"]:
        words = shlex.split(fill_in(command["run"], deployment))
        done = run(words)
        assert done.code == 0, (command["run"], done.err)
        if "prints" in command:
            assert done.out.strip() == command["prints"]
        if "columns" in command:
            assert columns(done.out) == command["columns"], command["run"]
        if "first" in command:
            assert columns(done.out)[: len(command["first"])] == command["first"], command["run"]
        if "values" in command:
            shown = show_again(words, done)
            assert {name: shown[name] for name in command["values"]} == command["values"], command["run"]
        if "rows" in command:
            rows = run([*words, "-f", "json"]).json
            assert [
                {name: row[name] for name in want} for row, want in zip(rows, command["rows"], strict=True)
            ] == command["rows"]


def fill_in(line: str, deployment: MockDeployment) -> str:
    """The line with ids of this deployment in the place of those of the documents."""
    line = line.replace("<operation>", deployment.engine().operation_list()[0].id if "<operation>" in line else "")
    if "<server:" in line:
        name = line.partition("<server:")[2].partition(">")[0]
        line = line.replace(f"<server:{name}>", deployment.server_id(name))
    return line


def show_again(words: list[str], done: Result) -> dict:
    """The values of a table, without running a command twice that changes something."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.out.splitlines() if line[:1] == "|"]
    values = {row[0]: row[1] for row in rows[1:]}
    return {name: int(value) if value.isdigit() else value for name, value in values.items()}


def test_the_executables_are_those_of_this_environment() -> None:
    assert (BIN / "openstack").exists()
    assert (BIN / "protector-manage").exists()
