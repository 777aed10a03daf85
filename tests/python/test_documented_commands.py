"""Every command line of the documents runs, and its table has the columns printed there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest
from batch import batch
from conftest import BIN, DATA, Command, Result, columns, run_executable, run_osc

from protector.testing import MockDeployment

DOCUMENTS = json.loads((DATA / "documents.json").read_text(encoding="utf-8"))
EXAMPLES = json.loads((DATA / "documented_commands.json").read_text(encoding="utf-8"))["examples"]
COMMANDS = [command for example in EXAMPLES for command in example["commands"]]
LINES = [(document, line) for document, lines in DOCUMENTS["lines"].items() for line in lines]

Run = Callable[[list[str]], Result]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each["example"])
def test_example(deployment: MockDeployment, example: dict[str, Any]) -> None:
    """What the documents show is run by the executable, the rest of the command reference in this process."""
    if example["document"] not in DOCUMENTS["lines"]:
        run_all(example, deployment, run_osc)
        return
    with batch() as openstack:
        run_all(example, deployment, openstack.run)


def run_all(example: dict[str, Any], deployment: MockDeployment, openstack: Command) -> None:
    for command in example["commands"]:
        check(
            command,
            deployment,
            lambda words: openstack(*words[1:]) if words[0] == "openstack" else run_executable(words[0], *words[1:]),
        )


def check(command: dict[str, Any], deployment: MockDeployment, run: Run) -> None:
    """Runs a command and compares what it prints."""
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
        shown = show_again(done)
        assert {name: shown[name] for name in command["values"]} == command["values"], command["run"]
    if "rows" in command:
        rows = json.loads(run([*words, "-f", "json"]).out)
        assert [{name: row[name] for name in want} for row, want in zip(rows, command["rows"], strict=True)] == command[
            "rows"
        ]


def fill_in(line: str, deployment: MockDeployment) -> str:
    """The line with ids of this deployment in the place of those of the documents."""
    line = line.replace("<operation>", deployment.engine().operation_list()[0].id if "<operation>" in line else "")
    if "<server:" in line:
        name = line.partition("<server:")[2].partition(">")[0]
        line = line.replace(f"<server:{name}>", deployment.server_id(name))
    return line


def show_again(done: Result) -> dict[str, Any]:
    """The values of a table, without running a command twice that changes something."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.out.splitlines() if line[:1] == "|"]
    values = {row[0]: row[1] for row in rows[1:]}
    return {name: int(value) if value.isdigit() else value for name, value in values.items()}


def test_the_executables_are_those_of_this_environment() -> None:
    assert (BIN / "openstack").exists()
    assert (BIN / "protector-manage").exists()


def command_of(line: str, tree: str) -> str:
    """Which command of a tree a line is, without its arguments; empty if it is none."""
    words = [word for word in line.partition(f" {tree} ")[2].split() if not word.startswith("-")]
    known = {*DOCUMENTS["trees"]["dr"], *DOCUMENTS["trees"]["protector"]}
    return max((name for name in known if name.split() == words[: len(name.split())]), key=len, default="")


@pytest.mark.parametrize(("document", "line"), LINES, ids=lambda text: text[:60])
def test_every_line_of_a_document_is_run(document: str, line: str) -> None:
    """By an example, or it is for a program of others."""
    pattern = re.compile(re.escape(line).replace("<>", ".+"))
    by_examples = any(pattern.fullmatch(command["run"]) for command in COMMANDS)
    for_others = any(line.split()[: len(tool.split())] == tool.split() for tool in DOCUMENTS["tools_of_others"])
    assert by_examples != for_others


def test_every_line_of_an_example_is_documented_or_says_why_it_is_there() -> None:
    patterns = [re.compile(re.escape(line).replace("<>", ".+")) for _, line in LINES]
    strange = [
        command["run"]
        for example in EXAMPLES
        if example["document"] in DOCUMENTS["lines"]
        for command in example["commands"]
        if "undocumented" not in command and not any(pattern.fullmatch(command["run"]) for pattern in patterns)
    ]
    assert strange == []


@pytest.mark.parametrize(
    ("tree", "name"), [(tree, name) for tree, names in DOCUMENTS["trees"].items() for name in names]
)
def test_every_command_of_a_tree_is_run_with_each_of_its_options(tree: str, name: str) -> None:
    runs = [command["run"].split() for command in COMMANDS if command_of(command["run"], tree) == name]
    assert runs
    assert {*DOCUMENTS["trees"][tree][name]} <= {word for words in runs for word in words}


@pytest.mark.parametrize("option", DOCUMENTS["global_options"])
def test_every_global_option_is_used(option: str) -> None:
    assert any(option in command["run"].split() for command in COMMANDS)


@pytest.mark.parametrize("kind", ["columns", "first_columns"])
def test_every_table_of_a_document_is_compared(kind: str) -> None:
    """Wherever such a command is run, unless the line only prepares another one."""
    for name, expected in DOCUMENTS[kind].items():
        compared = [
            command
            for tree in DOCUMENTS["trees"]
            for command in COMMANDS
            if command_of(command["run"], tree) == name and {"columns", "first"} & command.keys()
        ]
        assert compared
        assert all(command[kind.removesuffix("_columns")] == expected for command in compared)
