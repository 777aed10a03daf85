"""The simulated world."""

from __future__ import annotations

import argparse
import json
from typing import Any

from protector import _native
from protector.manage.base import ManageCommand, ManageLister


class MockSeed(ManageCommand):
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


class MockServers(ManageLister):
    """List the servers of the simulated clouds"""

    columns = ("site", "id", "name", "status", "flavor", "networks", "volumes")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--site", metavar="<site>", help="only those of this site")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.rows(_native.mock_servers(self.settings, parsed_args.site))


class MockSite(ManageCommand):
    """Make a simulated site fail as a whole, or come back"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("site", metavar="<site>", help="name of the site")
        parser.add_argument("state", choices=("up", "down"), help="what it shall be")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        _native.mock_set_site(self.settings, parsed_args.site, parsed_args.state == "up")
