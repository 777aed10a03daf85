"""The configuration: what it comes to."""

from __future__ import annotations

import argparse
import json
from typing import Any

from cliff.show import ShowOne

from protector import _native
from protector.manage.base import Items, ManageCommand, cell


class ConfigCheck(ManageCommand, ShowOne):
    """Show what the configuration comes to; exit with 1 if an engine would not start with it"""

    _problem = False

    def take_action(self, _parsed_args: argparse.Namespace) -> Any:
        report = json.loads(_native.config_check(self.settings))
        self._problem = report["problem"] is not None
        cells = report | {"arrays": _Arrays(report["arrays"]) if report["arrays"] else None}
        return tuple(report), tuple(map(cell, cells.values()))

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or int(self._problem)


class _Arrays(Items):
    """Arrays by site."""

    def human_readable(self) -> str:
        words = "{site}: {role} array {host}, accepts {certificates}"
        return "\n".join(words.format_map(array) for array in self._value)
