"""What all commands share: the engine, errors for people, cells of tables, common arguments.

The ``openstack`` command loads the modules of all plug-ins whatever is asked of it. So what the package has is imported
where a command of ours needs it, and not before.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cliff.columns import FormattableColumn
from osc_lib import exceptions
from osc_lib.cli.format_columns import DictColumn
from osc_lib.command import command

from protectorclient.osc.v1 import nearest

if TYPE_CHECKING:
    from protector import Engine, Plan
    from protector.values import Value


@contextlib.contextmanager
def readable_errors(meant: Callable[[str], Sequence[str]] = lambda _: ()) -> Iterator[None]:
    """An error of the engine becomes one message, with the remedy on a line of its own.

    ``meant`` finds names like the one that a message says is not there.
    """
    from protector.exceptions import NotFound, ProtectorException

    try:
        yield
    except ProtectorException as error:
        names = meant(error.message) if isinstance(error, NotFound) else ()
        hint = f"\nDid you mean: {', '.join(names)}?" if names else ""
        remedy = f"\nWhat to do: {error.remedy}" if error.remedy else ""
        raise exceptions.CommandError(f"{error.message}{hint}{remedy}") from error


#: What steps can be drawn as.
GRAPHS = ("mermaid", "dot", "svg", "html")


class ProtectorCommand(command.Command):
    """A command over the engine. It needs no login: the engine opens what it needs."""

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The parser, which says what may have been meant by an option or a value that it does not know."""
        return nearest.hinting(super().get_parser(prog_name))

    @property
    def engine(self) -> Engine:
        """The engine of the site that one works from; opened on first use."""
        return self.app.client_manager.protector  # type: ignore[attr-defined,no-any-return]

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Runs the command, with errors for people."""
        with self.readable_errors(parsed_args):
            return super().run(parsed_args)

    def readable_errors(self, parsed_args: argparse.Namespace) -> contextlib.AbstractContextManager[None]:
        """Errors of the engine for people, with names like the one that is not there."""
        return readable_errors(lambda message: nearest.meant(lambda: self.engine, parsed_args, message))


class ShowOne(ProtectorCommand, command.ShowOne):
    """Shows one thing. ``columns`` are shown always, ``more`` with ``--long``."""

    columns: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _add_long(super().get_parser(prog_name), self.more)

    def show(self, value: Value, parsed_args: argparse.Namespace) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        """The columns of ``value``."""
        columns = _columns(self, parsed_args)
        return columns, cells(value, columns)


class Lister(ProtectorCommand, command.Lister):
    """Lists things. ``columns`` are shown always, ``more`` with ``--long``."""

    columns: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _add_long(super().get_parser(prog_name), self.more)

    def list(self, values: Iterable[Value], parsed_args: argparse.Namespace) -> tuple[tuple[str, ...], list[Any]]:
        """The columns and rows of ``values``."""
        columns = _columns(self, parsed_args)
        return columns, [cells(value, columns) for value in values]


def _add_long(parser: argparse.ArgumentParser, more: tuple[str, ...]) -> argparse.ArgumentParser:
    if more:
        parser.add_argument("--long", action="store_true", help=f"show also {', '.join(more)}")
    return parser


def _columns(command: ShowOne | Lister, parsed_args: argparse.Namespace) -> tuple[str, ...]:
    return command.columns + command.more if command.more and parsed_args.long else command.columns


class Lines(FormattableColumn[Sequence[str]]):
    """Texts, one per line."""

    def human_readable(self) -> str:
        return "\n".join(self._value)

    def machine_readable(self) -> list[str]:
        return list(self._value)


class Records(FormattableColumn[Any]):
    """Values with a name and a word for how each stands, one per line."""

    def human_readable(self) -> str:
        return "\n".join(map(_line, self._value))

    def machine_readable(self) -> list[dict[str, Any]]:
        return [value.to_dict() for value in self._value]


def _line(value: Value) -> str:
    from protector.values import FenceDue, Instance, LedgerEntry, Member, Step

    if isinstance(value, Member):
        return f"{value.name}: {value.status}"
    if isinstance(value, Instance):
        return f"{value.name}: {value.outcome}"
    if isinstance(value, Step):
        return f"{value.title}: {value.state}"
    if isinstance(value, LedgerEntry):
        return f"{value.id}: {value.state} on {value.site}"
    if isinstance(value, FenceDue):
        return f"{value.site}: {len(value.servers)} server(s) to stop, '{value.array_group}' to fence"
    return str(value)


def cells(value: Value, columns: Iterable[str]) -> tuple[Any, ...]:
    """The fields of ``value`` as cells: lists, maps and nested values stay data in JSON and become text in tables."""
    return tuple(_cell(getattr(value, column)) for column in columns)


def _cell(value: Any) -> Any:
    from protector.values import Value

    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dict):
        return DictColumn(value)
    if isinstance(value, Value):
        return DictColumn(
            {name: part for name, part in value.to_dict().items() if part is not False and part not in (None, [], {})}
        )
    if isinstance(value, tuple):
        if value and isinstance(value[0], Value):
            return Records(value)
        return Lines(value)
    return value


def add_group(parser: argparse.ArgumentParser) -> None:
    """The group that a command is about."""
    parser.add_argument("group", metavar="<protection-group>", help="protection group, by name or id")


def add_mappings(parser: argparse.ArgumentParser, direction: str) -> None:
    """``--network-mapping`` and ``--flavor-mapping``, both repeatable."""
    for kind in ("network", "flavor"):
        _add_mapping(parser, kind, direction)


def add_security_group_mappings(parser: argparse.ArgumentParser, direction: str) -> None:
    """``--security-group-mapping``, repeatable."""
    _add_mapping(parser, "security-group", direction)


def _add_mapping(parser: argparse.ArgumentParser, kind: str, direction: str) -> None:
    parser.add_argument(
        f"--{kind}-mapping",
        metavar=f"<{kind}>=<{kind}>",
        dest=f"{kind.replace('-', '_')}s",
        type=_pair,
        action="append",
        help=f"{kind.replace('-', ' ')} {direction} (repeat for more)",
    )


def _pair(text: str) -> tuple[str, str]:
    left, separator, right = (part.strip() for part in text.partition("="))
    if not (left and separator and right):
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form <name>=<name>")
    return left, right


def mapping(option: str, pairs: Sequence[tuple[str, str]] | None) -> dict[str, str] | None:
    """The pairs of a repeated option as a map; ``None`` if it was not given."""
    if pairs is None:
        return None
    mapped: dict[str, str] = {}
    for left, right in pairs:
        if mapped.setdefault(left, right) != right:
            message = f"{option} maps '{left}' to '{mapped[left]}' and to '{right}'"
            raise exceptions.CommandError(f"{message}\nWhat to do: name each of them once")
    return mapped


def mappings(parsed_args: argparse.Namespace) -> dict[str, dict[str, str] | None]:
    """The keyword arguments ``networks`` and ``flavors`` of an engine call."""
    return {
        "networks": mapping("--network-mapping", parsed_args.networks),
        "flavors": mapping("--flavor-mapping", parsed_args.flavors),
    }


def print_plan(command: ProtectorCommand, plan: Plan, *, as_json: bool) -> None:
    """Prints a plan for people or as JSON."""
    emit(command, plan.json if as_json else plan.to_text(), None)


def add_output(parser: argparse.ArgumentParser) -> None:
    """``--output``."""
    parser.add_argument("--output", metavar="<file>", help="write to this file instead of standard output")


def add_graph(parser: argparse.ArgumentParser) -> None:
    """``--graph`` and ``--output``."""
    parser.add_argument(
        "--graph",
        choices=GRAPHS,
        help="draw the steps instead; svg and html are documents that need nothing else",
    )
    add_output(parser)


def emit(command: ProtectorCommand, text: str, file: str | None) -> None:
    """Writes text to a file or to standard output, with one newline at its end."""
    text = text.rstrip("\n") + "\n"
    if file is None:
        command.app.stdout.write(text)
        return
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"'{file}' cannot be written: {error.strerror or error}"
        raise exceptions.CommandError(
            f"{message}\nWhat to do: name a file in a directory that you may write"
        ) from error
