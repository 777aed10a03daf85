"""Members of a protection group."""

from __future__ import annotations

import argparse
from typing import Any

from protectorclient.osc.v1.base import Lister, ProtectorCommand, ShowOne, add_group


def _add_instance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--instance-id", metavar="<uuid>", required=True, help="Nova id of the server")


class AddMember(ShowOne):
    """Protect a server with all of its volumes"""

    columns = ("instance_id", "name", "status", "tier", "volumes", "servers")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        _add_instance(parser)
        parser.add_argument(
            "--tier", metavar="<n>", type=int, default=0, help="lower tiers start first and stop last [0]"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        member = self.engine.member_add(parsed_args.group, parsed_args.instance_id, tier=parsed_args.tier)
        return self.show(member, parsed_args)


class RemoveMember(ProtectorCommand):
    """Stop protecting a server"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        _add_instance(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.engine.member_remove(parsed_args.group, parsed_args.instance_id)


class ListMember(Lister):
    """List the members of a protection group"""

    columns = ("instance_id", "name", "status", "tier", "volumes")
    more = ("servers",)

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.member_list(parsed_args.group), parsed_args)
