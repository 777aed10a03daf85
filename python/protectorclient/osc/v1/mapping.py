"""What stands for the networks, flavors and security groups of a group on the other site."""

from __future__ import annotations

import argparse
from typing import Any

from protectorclient.osc.v1.base import Lister, add_group, add_mappings, add_security_group_mappings, mapping, mappings


class ShowMapping(Lister):
    """Show the stored mappings of a group, what is wrong with them, and what its members use that is not mapped"""

    columns: tuple[str, ...] = ("kind", "source", "target", "problem")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.mapping_show(parsed_args.group).mappings, parsed_args)


class SuggestMapping(ShowMapping):
    """Suggest what could stand on the secondary site for what is not mapped; changes nothing

    The thing of the same name, else the only network with an address range in common, or the only flavor of that size.
    If several might be meant, none is suggested and all are candidates.
    """

    columns = ("kind", "source", "target", "suggested", "because", "candidates", "problem")

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.mapping_suggest(parsed_args.group).mappings, parsed_args)


class SetMapping(ShowMapping):
    """Store mappings of a group; those that are not named stay

    Both clouds are asked whether they are there, and what cannot be turned round for a failback is refused.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        direction = "of the primary site = of the secondary site"
        add_mappings(parser, direction)
        add_security_group_mappings(parser, direction)
        parser.add_argument("--suggested", action="store_true", help="take every suggestion for what is not mapped")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        stored = self.engine.mapping_set(
            parsed_args.group,
            **mappings(parsed_args),
            security_groups=mapping("--security-group-mapping", parsed_args.security_groups),
            suggested=parsed_args.suggested,
        )
        return self.list(stored.mappings, parsed_args)
