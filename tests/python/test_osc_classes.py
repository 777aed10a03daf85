"""Each command class by itself, on the test base of osc_lib: every option is parsed, and reaches the engine."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any
from unittest import mock

import pytest
from cliff import command, lister, show
from conftest import run_osc  # noqa: F401 - osc_lib is imported there, where its warnings are no errors
from fixtures import TempDir
from osc_cases import CASES, COMMAND, SAME, TCP, Case
from osc_lib.test import base

from protector import Engine

CLASSES = {
    entry.name.removeprefix("protector_").replace("_", " "): entry.load()
    for entry in entry_points(group="openstack.protector.v1")
    if entry.name.startswith("protector_")
}
#: What cliff itself gives commands of a kind.
PLAIN = {"help"} | {
    action.dest
    for kind in (command.Command, lister.Lister, show.ShowOne)
    for action in type("Plain", (kind,), {"take_action": None})(mock.Mock(), None).get_parser("plain")._actions
}


METHODS = [name for name in dir(Engine) if not name.startswith("_") and callable(getattr(Engine, name))]


@functools.cache
def engine_of_nothing() -> mock.Mock:
    """An engine that takes what the real one takes; made once, because that takes longer than all tests."""
    engine: mock.Mock = mock.create_autospec(Engine, instance=True)
    return engine


class TestCommands(base.TestCommand):
    """The cases of the table, each as a test of its own."""

    def command(self, name: str, answers: dict[str, Any]) -> tuple[Any, mock.Mock]:
        """The command, and the engine that it finds."""
        answer = mock.MagicMock(name="answer", id="op-1", steps=(), **({"status": "completed"} | answers))
        answer.json = answer.to_text.return_value = answer.to_html.return_value = answer.to_svg.return_value = "text"
        engine = engine_of_nothing()
        engine.reset_mock()
        for method in METHODS:
            getattr(engine, method).return_value = "text" if "text" in answers else answer
        self.app.client_manager.protector = engine
        self.app.stdout = io.StringIO()
        return CLASSES[name](self.app, None), engine

    def check(self, name: str, case: Case) -> None:
        """Parses, runs, and compares what the engine was asked for."""
        tried, engine = self.command(name, case.answers)
        directory = self.useFixture(TempDir()).path
        parsed = self.check_parser(tried, [word.replace("{tmp}", directory) for word in case.argv], [])
        assert tried.run(parsed) == case.code
        assert engine.mock_calls == list(case.calls)


def _test(name: str, case: Case) -> Callable[[TestCommands], None]:
    return lambda self: self.check(name, case)


for _name, _cases in CASES.items():
    for _number, _case in enumerate(_cases):
        setattr(TestCommands, f"test_{_name}_{_number}".replace(" ", "_").replace("-", "_"), _test(_name, _case))


def test_every_command_has_a_case() -> None:
    assert {*CASES, *SAME} == {*CLASSES}
    for other, name in SAME.items():
        assert CLASSES[other] is CLASSES[name]


def test_every_option_of_every_command_is_given_in_a_case() -> None:
    missing = []
    for name, cases in CASES.items():
        parser = CLASSES[name](mock.Mock(), None).get_parser(name)
        parsed = [vars(parser.parse_args(list(case.argv))) for case in cases]
        for action in parser._actions:
            if action.dest not in PLAIN and all(each[action.dest] == action.default for each in parsed):
                missing.append((name, action.dest))
    assert missing == []


def test_what_is_required_and_what_excludes_each_other_is_refused() -> None:
    case = TestCommands("command")
    case.setUp()
    for name, argv in {
        "failover": [],
        "site create": ["--cloud", "c"],
        "member add": ["web"],
        "member update": ["web", "--instance-id", "uuid", *TCP, *COMMAND],
        "protection-group create": ["--name", "web"],
        "protection-group divergence discard": ["web", "diverged-1"],
        "protection-group reconcile": ["web"],
        "operation report": ["op-1", "--html", "--json"],
        "plan show": ["op-1", "--format", "json", "--graph", "dot"],
        "policy create": ["web", "--rpo-minutes", "soon"],
    }.items():
        tried, _ = case.command(name, {})
        with pytest.raises(base.ParserException):
            case.check_parser(tried, argv, [])
