"""The databases of the sites."""

from __future__ import annotations

import argparse
import json
from typing import Any

from cliff.lister import Lister

from protector import _native
from protector.manage.base import ManageCommand, ManageLister


class DbSync(ManageLister):
    """Bring the database of each site to the newest schema; repeating it changes nothing"""

    columns = ("site", "path", "from", "to")

    def take_action(self, _parsed_args: argparse.Namespace) -> Any:
        return self.rows(_native.db_sync(self.settings))


class DbVersion(ManageCommand, Lister):
    """Show the schema version of each site's database, 0 for none, and the one that this release needs"""

    def take_action(self, _parsed_args: argparse.Namespace) -> Any:
        rows = json.loads(_native.db_version(self.settings))
        columns = ("site", "path", "version", "needed")
        return columns, [(row["site"], row["path"], row["from"], row["to"]) for row in rows]


class DbCheck(ManageLister):
    """Read each site's database from end to end; exit with 1 if something is damaged"""

    columns = ("site", "check", "result", "detail", "remedy")
    _failed = False

    def take_action(self, _parsed_args: argparse.Namespace) -> Any:
        text = _native.db_check(self.settings)
        self._failed = any(row["result"] == "failed" for row in json.loads(text))
        return self.rows(text)

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or int(self._failed)
