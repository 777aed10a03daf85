"""``protector-manage``: what an administrator does on the machine itself.

Exit status: 0 done, 1 refused or failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from cliff.app import App
from cliff.columns import FormattableColumn
from cliff.command import Command
from cliff.commandmanager import CommandManager
from cliff.lister import Lister
from cliff.show import ShowOne

from protector import Settings, __version__, _native


class _Manage(Command):
    """A command over the settings of this machine."""

    app: ProtectorManage

    @property
    def settings(self) -> Settings:
        """What ``--config-file`` names, else ``PROTECTOR_CONFIG_FILE``, else what the usual places hold."""
        files = self.app.options.config_file
        return Settings.load(files) if files else Settings.discover()


class _List(_Manage, Lister):
    """Prints columns of the objects of a JSON array."""

    columns: tuple[str, ...] = ()

    def rows(self, text: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        return self.columns, [tuple(_cell(row[column]) for column in self.columns) for row in json.loads(text)]


class DbSync(_List):
    """Bring the database of each site to the newest schema; repeating it changes nothing"""

    columns = ("site", "path", "from", "to")

    def take_action(self, _parsed_args: argparse.Namespace) -> Any:
        return self.rows(_native.db_sync(self.settings))


class DbVersion(_Manage, Lister):
    """Show the schema version of each site's database, 0 for none, and the one that this release needs"""

    def take_action(self, _parsed_args: argparse.Namespace) -> Any:
        rows = json.loads(_native.db_version(self.settings))
        columns = ("site", "path", "version", "needed")
        return columns, [(row["site"], row["path"], row["from"], row["to"]) for row in rows]


class DbCheck(_List):
    """Read each site's database from end to end; exit with 1 if something is damaged"""

    columns = ("site", "check", "result", "detail", "remedy")
    _failed = False

    def take_action(self, _parsed_args: argparse.Namespace) -> Any:
        text = _native.db_check(self.settings)
        self._failed = any(row["result"] == "failed" for row in json.loads(text))
        return self.rows(text)

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or int(self._failed)


class FernetSetup(_Manage):
    """Make the keys that array tokens are encrypted with, unless there are some"""

    def take_action(self, _parsed_args: argparse.Namespace) -> None:
        report = json.loads(_native.fernet_setup(self.settings))
        done = f"made {len(report['created'])} keys in" if report["created"] else "there are keys in"
        self.app.stdout.write(f"{done} {report['directory']}\n")


class FernetRotate(_Manage):
    """Encrypt with the next key from now on; refused while a stored token needs a key that would be removed"""

    def take_action(self, _parsed_args: argparse.Namespace) -> None:
        report = json.loads(_native.fernet_rotate(self.settings))
        removed = f", removed {', '.join(report['removed'])}" if report["removed"] else ""
        self.app.stdout.write(f"{report['primary']} encrypts from now on{removed}\n")


class FernetMigrate(_List):
    """Encrypt the array tokens in the database of each site with the key that encrypts now"""

    columns = ("site", "path", "tokens", "migrated")

    def take_action(self, _parsed_args: argparse.Namespace) -> Any:
        return self.rows(_native.fernet_migrate(self.settings))


class ConfigCheck(_Manage, ShowOne):
    """Show what the configuration comes to; exit with 1 if an engine would not start with it"""

    _problem = False

    def take_action(self, _parsed_args: argparse.Namespace) -> Any:
        report = json.loads(_native.config_check(self.settings))
        self._problem = report["problem"] is not None
        cells = report | {"arrays": _Arrays(report["arrays"]) if report["arrays"] else None}
        return tuple(report), tuple(map(_cell, cells.values()))

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or int(self._problem)


class MockSeed(_Manage):
    """Fill the simulated world with the example of the documents, once"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--servers", type=int, default=0, metavar="<n>", help="further servers to make [0]")
        sync_help = "servers to make whose volumes are replicated synchronously [0]"
        parser.add_argument("--sync-servers", type=int, default=0, metavar="<n>", help=sync_help)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        report = json.loads(_native.mock_seed(self.settings, parsed_args.servers, parsed_args.sync_servers))
        sites = " and ".join(report["sites"])
        self.app.stdout.write(f"made {sites} with {report['servers']} servers and {report['volumes']} volumes\n")


class MockServers(_List):
    """List the servers of the simulated clouds"""

    columns = ("site", "id", "name", "status", "flavor", "networks", "volumes")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--site", metavar="<site>", help="only those of this site")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.rows(_native.mock_servers(self.settings, parsed_args.site))


class MockSite(_Manage):
    """Make a simulated site fail as a whole, or come back"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("site", metavar="<site>", help="name of the site")
        parser.add_argument("state", choices=("up", "down"), help="what it shall be")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        _native.mock_set_site(self.settings, parsed_args.site, parsed_args.state == "up")


class _Items(FormattableColumn[list[Any]]):
    """Items of a cell: one per line in a table, a list in JSON."""

    def human_readable(self) -> str:
        return "\n".join(map(str, self._value))

    def machine_readable(self) -> list[Any]:
        return self._value


class _Arrays(_Items):
    """Arrays by site."""

    def human_readable(self) -> str:
        words = "{site}: {role} array {host}, accepts {certificates}"
        return "\n".join(words.format_map(array) for array in self._value)


def _cell(value: Any) -> Any:
    return _Items(value) if isinstance(value, list) else value


COMMANDS: dict[str, Any] = {
    "db sync": DbSync,
    "db version": DbVersion,
    "db check": DbCheck,
    "fernet setup": FernetSetup,
    "fernet rotate": FernetRotate,
    "fernet migrate": FernetMigrate,
    "config check": ConfigCheck,
    "mock seed": MockSeed,
    "mock servers": MockServers,
    "mock site": MockSite,
}


class ProtectorManage(App):
    """The application. At its default verbosity it shows warnings and errors only."""

    DEFAULT_VERBOSE_LEVEL = 0

    def __init__(self) -> None:
        commands = CommandManager()
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
