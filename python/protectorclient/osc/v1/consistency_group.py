"""Consistency groups."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from protectorclient.osc.v1.base import Lister, ShowOne, add_group
from protectorclient.osc.v1.operation import PlanAndRun

if TYPE_CHECKING:
    from protector import Plan


class ShowConsistencyGroup(ShowOne):
    """Show the consistency group of a protection group: the pair of Cinder groups behind it"""

    columns = (
        "id",
        "protection_group_id",
        "volume_type_name",
        "backend_name",
        "primary_cg_id",
        "secondary_cg_id",
        "status",
        "volume_count",
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.show(self.engine.consistency_group_show(parsed_args.group), parsed_args)


class ListConsistencyGroupVolumes(Lister):
    """List the volumes of a consistency group"""

    columns = ("volume_id", "volume_name", "size_gb", "status")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.consistency_group_volumes(parsed_args.group), parsed_args)


class SyncConsistencyGroup(PlanAndRun):
    """Replicate a group now, outside its schedule"""

    def plan(self, parsed_args: argparse.Namespace) -> Plan:
        return self.engine.plan_sync(parsed_args.group)
