"""What somebody may have meant who named what is not there."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from protector import Engine

#: Who knows the names of what an argument of a command may hold. Messages about sites name them all.
_NAMES: dict[str, Callable[[Engine], Iterable[str]]] = {
    "group": lambda engine: (group.name for group in engine.protection_group_list()),
    "operation": lambda engine: (operation.id for operation in engine.operation_list()),
}
#: More of them would be a list.
_MOST = 3


def meant(engine: Callable[[], Engine], parsed_args: argparse.Namespace, message: str) -> list[str]:
    """The nearest names to the one that a refusal says is not there, best first. Never raises: it is only a hint."""
    from protector import ProtectorException

    for argument, names in _NAMES.items():
        given = getattr(parsed_args, argument, None)
        if isinstance(given, str) and f"'{given}'" in message:
            try:
                return difflib.get_close_matches(given, sorted(set(names(engine()))), _MOST)
            except ProtectorException:
                return []
    return []


#: How argparse refuses the value of an option, and an option.
_INVALID_CHOICE = re.compile(r"invalid choice: '(?P<given>.*?)' \(choose from (?P<known>.*)\)")
_UNRECOGNIZED = re.compile(r"unrecognized arguments: (?:.*? )?(?P<given>--[\w-]+)")


def hinting(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Has a parser name what is like an option, or a value of one, that it refuses. It goes on refusing it."""
    refuse = parser.error

    def error(message: str) -> NoReturn:
        names = _meant_on_the_line(message, parser)
        refuse(f"{message}\nDid you mean: {', '.join(names)}?" if names else message)

    parser.error = error  # type: ignore[method-assign]
    return parser


def _meant_on_the_line(message: str, parser: argparse.ArgumentParser) -> list[str]:
    """The nearest names to one that argparse refuses."""
    if found := _INVALID_CHOICE.search(message):
        known = [name.strip("'") for name in found["known"].split(", ")]
    elif found := _UNRECOGNIZED.search(message):
        known = re.findall(r"--[\w-]+", parser.format_help())
    else:
        return []
    return difflib.get_close_matches(found["given"], sorted(set(known)), _MOST)
