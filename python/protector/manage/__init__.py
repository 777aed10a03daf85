"""``protector-manage``: what an administrator does on the machine itself.

Exit status: 0 done, 1 refused or failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from cliff.app import App
from cliff.commandmanager import CommandManager

from protector import __version__
from protector.manage.config import ConfigCheck
from protector.manage.db import DbCheck, DbSync, DbVersion
from protector.manage.doctor import Doctor
from protector.manage.fernet import FernetMigrate, FernetRotate, FernetSetup
from protector.manage.mock import MockSeed, MockServers, MockSite

COMMANDS: dict[str, Any] = {
    "db sync": DbSync,
    "db version": DbVersion,
    "db check": DbCheck,
    "fernet setup": FernetSetup,
    "fernet rotate": FernetRotate,
    "fernet migrate": FernetMigrate,
    "config check": ConfigCheck,
    "doctor": Doctor,
    "mock seed": MockSeed,
    "mock servers": MockServers,
    "mock site": MockSite,
}


class ProtectorManage(App):
    """The application. At its default verbosity it shows warnings and errors only."""

    DEFAULT_VERBOSE_LEVEL = 0

    def __init__(self) -> None:
        # named, because the cliff of Python 3.9 asks for a name; the empty one loads nothing
        commands = CommandManager("")
        for name, command in COMMANDS.items():
            commands.add_command(name, command)
        super().__init__("Manage a Protector deployment", __version__, commands, deferred_help=True)

    def build_option_parser(self, *args: Any, **kwargs: Any) -> argparse.ArgumentParser:
        parser = super().build_option_parser(*args, **kwargs)
        parser.add_argument(
            "--config-file",
            metavar="<file>",
            action="append",
            help="protector.conf to use, later ones win; default is the usual places (Env: PROTECTOR_CONFIG_FILE)",
        )
        return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the script."""
    return ProtectorManage().run(list(sys.argv[1:] if argv is None else argv))
