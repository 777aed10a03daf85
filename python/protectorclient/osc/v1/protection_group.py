"""Protection groups and whether both sites agree about them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from osc_lib import exceptions

from protectorclient.osc.v1.base import (
    Lister,
    ProtectorCommand,
    ShowOne,
    add_group,
    add_mappings,
    emit,
    mappings,
)

if TYPE_CHECKING:
    from protector.metadata import ReconcilePlan

_CREATED = ("id", "name", "status", "consistency_group_id", "primary_site", "secondary_site")
_REST = (
    "current_primary_site",
    "protection",
    "replication_type",
    "volume_type",
    "description",
    "project_id",
    "members",
    "priority",
    "mappings",
    "last_replication_at",
    "operation_id",
    "version",
    "epoch",
    "diverged",
    "fences_due",
    "ledger",
    "next",
)


def _add_priority(parser: argparse.ArgumentParser, default: int | None = None) -> None:
    parser.add_argument(
        "--priority",
        metavar="<number>",
        type=int,
        default=default,
        help="when a whole site moves, groups of a lower number move first",
    )


class CreateProtectionGroup(ShowOne):
    """Create a protection group, and its consistency group on both sites"""

    columns = _CREATED
    more = _REST

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--name", metavar="<name>", required=True, help="unique name")
        parser.add_argument("--description", metavar="<text>", help="free text")
        parser.add_argument(
            "--replication-type", choices=("async", "sync"), required=True, help="fixed once the group exists"
        )
        parser.add_argument("--primary-site", metavar="<site>", required=True, help="where the workload runs")
        parser.add_argument("--secondary-site", metavar="<site>", required=True, help="where it is taken over")
        parser.add_argument("--volume-type", metavar="<type>", required=True, help="replicated volume type, by name")
        _add_priority(parser, default=0)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        group = self.engine.protection_group_create(
            parsed_args.name,
            description=parsed_args.description,
            replication_type=parsed_args.replication_type,
            primary_site=parsed_args.primary_site,
            secondary_site=parsed_args.secondary_site,
            volume_type=parsed_args.volume_type,
            priority=parsed_args.priority,
        )
        return self.show(group, parsed_args)


class ListProtectionGroup(Lister):
    """List protection groups"""

    columns = ("id", "name", "status", "replication_type", "primary_site", "secondary_site", "current_primary_site")
    more = ("protection", "volume_type", "project_id", "last_replication_at", "operation_id", "version", "diverged")

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.protection_group_list(), parsed_args)


class ShowProtectionGroup(ShowOne):
    """Show a protection group, and which commands lead on from its state"""

    columns = _CREATED + _REST

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.show(self.engine.protection_group_show(parsed_args.group), parsed_args)


class UpdateProtectionGroup(ShowOne):
    """Change a protection group; what is not named stays"""

    columns = _CREATED
    more = _REST

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        parser.add_argument("--name", metavar="<name>", help="new name")
        parser.add_argument("--description", metavar="<text>", help="new free text")
        _add_priority(parser)
        add_mappings(parser, "of the primary site = of the secondary site, to be kept with the group")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        group = self.engine.protection_group_update(
            parsed_args.group,
            name=parsed_args.name,
            description=parsed_args.description,
            priority=parsed_args.priority,
            **mappings(parsed_args),
        )
        return self.show(group, parsed_args)


class DeleteProtectionGroup(ProtectorCommand):
    """Delete a protection group; its servers and their volumes stay"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.engine.protection_group_delete(parsed_args.group)


class _Sync(ShowOne):
    columns = (
        "protection_group_id",
        "sync_status",
        "local_site",
        "local_version",
        "remote_site",
        "remote_version",
        "base_version",
        "detail",
        "differences",
        "next",
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        return parser


class ShowSyncStatus(_Sync):
    """Show whether both sites hold the same metadata of a group, field by field what differs, and what leads on"""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.show(self.engine.sync_status(parsed_args.group), parsed_args)


class SyncProtectionGroup(_Sync):
    """Push the metadata of a group to the other site, as long as that site did nothing of its own meanwhile"""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.show(self.engine.sync_metadata(parsed_args.group), parsed_args)


class ReconcileProtectionGroup(_Sync):
    """Let one site win after both changed the metadata of a group; without --yes only show what it would come to

    Nothing that names volumes or servers of the other site is forgotten: they are listed as retained, in the divergence
    ledger, or wait to be stopped and fenced.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--winner", metavar="<site>", required=True, help="site whose decisions count")
        parser.add_argument("--yes", action="store_true", help="do it")
        parser.add_argument("--hash", metavar="<hash>", help="with --yes: only if it is what was shown with this hash")
        parser.add_argument("--dry-run", action="store_true", help="print what it would come to and change nothing")
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        if parsed_args.yes and not parsed_args.dry_run:
            return super().run(parsed_args)
        with self.readable_errors(parsed_args):
            plan = self._plan(parsed_args)
        if parsed_args.formatter == "json":
            emit(self, plan.json, None)
            return 0
        again = f"protection-group reconcile {parsed_args.group} --winner {plan.winner} --yes --hash {plan.hash}"
        emit(self, f"{plan.to_text()}Nothing was changed. To do it: openstack protector {again}", None)
        return 0

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        plan = self._plan(parsed_args)
        if parsed_args.hash not in (None, plan.hash):
            raise exceptions.CommandError(
                f"what the sites hold of '{parsed_args.group}' has changed since this was shown\n"
                "What to do: run it without --yes and look again"
            )
        return self.show(self.engine.reconcile(plan), parsed_args)

    def _plan(self, parsed_args: argparse.Namespace) -> ReconcilePlan:
        return self.engine.plan_reconcile(parsed_args.group, winner=parsed_args.winner)
