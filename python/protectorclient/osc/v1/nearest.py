"""What somebody may have meant who named what is not there."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

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
