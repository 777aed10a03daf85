"""What the commands have in common."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cliff.columns import FormattableColumn
from cliff.command import Command
from cliff.lister import Lister

from protector import Settings

if TYPE_CHECKING:
    from protector.manage import ProtectorManage


class ManageCommand(Command):
    """A command over the settings of this machine."""

    app: ProtectorManage

    @property
    def settings(self) -> Settings:
        """What ``--config-file`` names, else ``PROTECTOR_CONFIG_FILE``, else what the usual places hold."""
        files = self.app.options.config_file
        return Settings.load(files) if files else Settings.discover()


class ManageLister(ManageCommand, Lister):
    """Prints columns of the objects of a JSON array."""

    columns: tuple[str, ...] = ()

    def rows(self, text: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Names of the columns, and the rows."""
        return self.columns, [tuple(cell(row[column]) for column in self.columns) for row in json.loads(text)]


class Items(FormattableColumn[list[Any]]):
    """Items of a cell: one per line in a table, a list in JSON."""

    def human_readable(self) -> str:
        return "\n".join(map(str, self._value))

    def machine_readable(self) -> list[Any]:
        return self._value


def cell(value: Any) -> Any:
    """A value as cliff takes it."""
    return Items(value) if isinstance(value, list) else value
