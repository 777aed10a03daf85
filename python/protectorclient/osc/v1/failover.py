"""Moving a workload, and rehearsing it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from osc_lib import exceptions

from protectorclient.osc.v1.base import add_mappings, mappings
from protectorclient.osc.v1.operation import PlanAndRun

if TYPE_CHECKING:
    from protector import Plan


class Failover(PlanAndRun):
    """Move a workload to its standby site

    A planned failover loses nothing and needs both sites. An unplanned one starts from the newest complete recovery
    point and needs only the site that is worked from; what was not replicated is lost, which needs --force.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--type",
            choices=("planned", "unplanned"),
            help="[planned; with --force: unplanned]",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="give an unplanned failover its consents: to lose what was not replicated, to an age beyond the "
            "RPO, to a source site that may still run, and to metadata that must be reconciled later",
        )
        parser.add_argument(
            "--retry-failed",
            action="store_true",
            help="bring up the members that did not arrive in the last move, from the clones that it made",
        )
        parser.add_argument("--reason", metavar="<text>", help="why, for the record")
        add_mappings(parser, "of the site that is left = of the site that is reached")
        return parser

    def plan(self, parsed_args: argparse.Namespace) -> Plan:
        if parsed_args.retry_failed:
            if parsed_args.type or parsed_args.force or parsed_args.reason:
                raise exceptions.CommandError(
                    "--retry-failed goes on with a move that was made; it has no --type, --force or --reason\n"
                    "What to do: leave them out"
                )
            return self.engine.plan_retry_failed(parsed_args.group, **mappings(parsed_args))
        return self.engine.plan_failover(
            parsed_args.group,
            type=parsed_args.type or ("unplanned" if parsed_args.force else "planned"),
            force=parsed_args.force,
            reason=parsed_args.reason,
            **mappings(parsed_args),
        )


class Failback(PlanAndRun):
    """Move a workload back to its primary site"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_mappings(parser, "of the secondary site = of the primary site [the stored ones, inverted]")
        return parser

    def plan(self, parsed_args: argparse.Namespace) -> Plan:
        return self.engine.plan_failback(parsed_args.group, **mappings(parsed_args))


class Reprotect(PlanAndRun):
    """Protect a workload where it runs, without moving it

    A site that was lost and is back is stopped and fenced first, and what it held is kept in a snapshot there.
    """

    def plan(self, parsed_args: argparse.Namespace) -> Plan:
        return self.engine.plan_reprotect(parsed_args.group)


class Commit(PlanAndRun):
    """Release what earlier moves left behind as recovery points, if another one survives

    Clones of earlier moves are destroyed on their array, never eradicated. Volumes that the tenant made stay in Cinder;
    --dry-run prints the commands that delete them.
    """

    def plan(self, parsed_args: argparse.Namespace) -> Plan:
        return self.engine.plan_commit(parsed_args.group)


class TestFailover(PlanAndRun):
    """Rehearse a failover: boot clones on the standby site beside production, which is never touched"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--retain-primary",
            action="store_true",
            help="keep the primary running; accepted for completeness: a test always does",
        )
        add_mappings(parser, "of the site where the workload runs = of the standby site")
        return parser

    def plan(self, parsed_args: argparse.Namespace) -> Plan:
        return self.engine.plan_test_failover(
            parsed_args.group, retain_primary=parsed_args.retain_primary, **mappings(parsed_args)
        )


class TestCleanup(PlanAndRun):
    """Remove exactly what a test failover made"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--test", metavar="<operation>", help="which test [the newest that is not cleaned up]")
        return parser

    def plan(self, parsed_args: argparse.Namespace) -> Plan:
        return self.engine.plan_test_cleanup(parsed_args.group, test=parsed_args.test)
