"""What unplanned failovers left behind."""

from __future__ import annotations

import argparse
import getpass
from typing import Any

from protectorclient.osc.v1.base import Lister, ShowOne, add_group

_COLUMNS = ("id", "state", "site", "data_time", "snapshot", "evidence", "discarded")
_MORE = ("operation_id", "recovery_point", "since", "volumes")


class ListDivergence(Lister):
    """List what sites that were left by an unplanned failover may hold, and nobody else"""

    columns = _COLUMNS
    more = _MORE

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.divergence_list(parsed_args.group), parsed_args)


class DiscardDivergence(ShowOne):
    """Give up what a site held, so that a commit may release the volumes

    Nothing is removed by this command: the volumes stay until a commit, the snapshot until its array's administrator
    removes it.
    """

    columns = _COLUMNS
    more = _MORE

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        parser.add_argument("entry", metavar="<entry>", help="id of the entry, from divergence list")
        parser.add_argument("--reason", metavar="<text>", required=True, help="why, for the record")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        entry = self.engine.divergence_discard(
            parsed_args.group, parsed_args.entry, reason=parsed_args.reason, by=_user()
        )
        return self.show(entry, parsed_args)


def _user() -> str | None:
    """Who runs this command, if the system knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None
