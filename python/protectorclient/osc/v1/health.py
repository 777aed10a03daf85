"""Health."""

from __future__ import annotations

import argparse
import os
from typing import Any

from osc_lib import exceptions

from protectorclient.osc.v1.base import Lister, ProtectorCommand, ShowOne, add_output, emit


class ShowHealth(Lister):
    """Show link, metadata, RPO, drills and failover readiness of each protection group

    failover_ready is about a planned failover, unplanned_ready about one while the site of the workload is gone.
    """

    columns = (
        "protection_group",
        "status",
        "link",
        "sync_status",
        "rpo",
        "failover_ready",
        "reasons",
        "unplanned_ready",
        "unplanned_reasons",
    )
    more = (
        "recovery_point_age_seconds",
        "last_recovery_point_at",
        "last_transfer_at",
        "replication_lag_seconds",
        "transfers_under_way",
        "rpo_minutes",
        "rpo_24h",
        "rpo_7d",
        "last_drill",
        "last_successful_drill",
        "ledger",
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("group", metavar="<group>", nargs="*", help="only these groups, by name or id [all]")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        groups = parsed_args.group
        reports = [self.engine.health_show(group) for group in groups] if groups else self.engine.health()
        return self.list(reports, parsed_args)


class ShowHealthMetrics(ProtectorCommand):
    """Print the health of each protection group as metrics for Prometheus

    With --output the file is replaced in one go, so that the textfile collector of the node exporter never reads half
    of it.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_output(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        text, file = self.engine.metrics(), parsed_args.output
        if file is None:
            emit(self, text, None)
            return
        part = f"{file}.{os.getpid()}.part"
        emit(self, text, part)
        try:
            os.replace(part, file)
        except OSError as error:
            os.unlink(part)
            message = f"'{file}' cannot be replaced: {error.strerror or error}"
            raise exceptions.CommandError(f"{message}\nWhat to do: name a file, not a directory") from error


class SweepHealth(ShowOne):
    """Look how each protection group stands against its RPO, and remember it; to be run every minute or so

    health show tells how much of the last 24 hours and 7 days the RPO was kept as far as sweeps have seen it.
    """

    columns = ("groups", "within", "breached", "never", "unknown")

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.show(self.engine.sweep_rpo(), parsed_args)
