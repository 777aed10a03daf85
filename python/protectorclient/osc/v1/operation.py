"""Operations, and what every command that runs one shares."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

from osc_lib import exceptions

from protectorclient.osc.progress import reporter
from protectorclient.osc.v1.base import (
    Lister,
    ProtectorCommand,
    ShowOne,
    add_graph,
    add_group,
    add_output,
    emit,
    print_plan,
)

if TYPE_CHECKING:
    from protector import Plan
    from protector.values import Event, Operation

_DOCUMENTED = ("operation_type", "status", "progress", "instances_failed")
_REST = (
    "id",
    "protection_group",
    "failover_type",
    "source_site",
    "target_site",
    "instances_succeeded",
    "steps_completed",
    "steps_failed",
    "steps_total",
    "started_at",
    "finished_at",
    "predicted_p50_seconds",
    "predicted_p95_seconds",
    "elapsed_seconds",
    "remaining_seconds",
    "error",
    "stop",
    "next",
)
_LONG = ("plan_hash", "taken_from", "instances", "steps")


def _add_operation(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("operation", metavar="<operation>", help="id of the operation")
    return parser


class _ShowOperation(ShowOne):
    """Shows an operation; the exit status is 1 if it ended in another way than completed."""

    columns: tuple[str, ...] = _DOCUMENTED + _REST
    more: tuple[str, ...] = _LONG
    _ended_badly = False

    def show_end(
        self, operation: Operation, parsed_args: argparse.Namespace, expected: tuple[str, ...] = ("completed",)
    ) -> Any:
        """The columns of an operation that is expected to stand in one of these ways."""
        self._ended_badly = operation.status not in expected
        return self.show(operation, parsed_args)

    def run(self, parsed_args: argparse.Namespace) -> int:
        """The exit status."""
        return super().run(parsed_args) or int(self._ended_badly)


class Run(_ShowOperation):
    """A command that runs an operation to its end.

    There is no daemon that would run it: without ``--wait`` the command does the same work, only silently.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--wait",
            action="store_true",
            help="show progress on stderr; without it the command also returns only when the operation has ended",
        )
        return parser

    def run_operation(self, operation: str, parsed_args: argparse.Namespace) -> Any:
        """Runs the accepted operation and shows how it ended."""
        try:
            with self._reporter(operation) if parsed_args.wait else contextlib.nullcontext() as progress:
                ended = self.execute(operation, progress)
        except KeyboardInterrupt:
            sys.stderr.write(
                f"\nInterrupted. The journal of {operation} is kept; go on with:\n"
                f"  openstack protector operation resume {operation} --wait\n"
            )
            raise
        return self.show_end(ended, parsed_args)

    def _reporter(self, operation: str) -> Any:
        return reporter(self.engine.operation_show(operation))

    def execute(self, operation: str, progress: Any) -> Operation:
        """Does the work."""
        return self.engine.run(operation, progress=progress)


class PlanAndRun(Run):
    """A command that plans on a protection group, and runs the plan unless ``--dry-run`` is given."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="print the plan and change nothing; the exit status is 1 if something forbids the plan",
        )
        return parser

    def plan(self, parsed_args: argparse.Namespace) -> Plan:
        """The plan of this command."""
        raise NotImplementedError

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Runs the plan, or prints it (as JSON with ``-f json``)."""
        if not parsed_args.dry_run:
            return super().run(parsed_args)
        with self.readable_errors(parsed_args):
            plan = self.plan(parsed_args)
        print_plan(self, plan, as_json=parsed_args.formatter == "json")
        return int(not plan.acceptable)

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.run_operation(self.engine.accept(self.plan(parsed_args)).id, parsed_args)


class ListOperation(Lister):
    """List the operations that were started on this site, newest first"""

    columns = ("id", "operation_type", "protection_group", "status", "progress", "instances_failed", "started_at")
    more = (
        "failover_type",
        "source_site",
        "target_site",
        "finished_at",
        "predicted_p50_seconds",
        "elapsed_seconds",
        "error",
    )

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.operation_list(), parsed_args)


class ShowOperation(_ShowOperation):
    """Show an operation, and which commands lead on from its state"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = _add_operation(super().get_parser(prog_name))
        add_graph(parser)
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Shows the operation as a table, or its steps as a drawing."""
        if parsed_args.graph is None:
            if parsed_args.output is not None:
                raise exceptions.CommandError("--output goes with --graph\nWhat to do: add --graph html")
            return super().run(parsed_args)
        with self.readable_errors(parsed_args):
            drawn = self.engine.operation_graph(parsed_args.operation, parsed_args.graph)
        emit(self, drawn, parsed_args.output)
        return 0

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.show(self.engine.operation_show(parsed_args.operation), parsed_args)


class ReportOperation(ProtectorCommand):
    """Report what an operation came to, for people who were not there

    What was asked, what was reached, how long it took, what was made and what is left of it, and what proves it.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = _add_operation(super().get_parser(prog_name))
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--html", action="store_true", help="as one HTML document for print and archive")
        form.add_argument("--json", action="store_true", help="as JSON, with every value")
        add_output(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        report = self.engine.operation_report(parsed_args.operation)
        text = report.to_html() if parsed_args.html else report.json if parsed_args.json else report.to_text()
        emit(self, text, parsed_args.output)


class WatchOperation(_ShowOperation):
    """Follow an operation that another process runs, until nobody works on it any more"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = _add_operation(super().get_parser(prog_name))
        parser.add_argument(
            "--timeout", metavar="<seconds>", type=float, help="give up watching after that time [never]"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        end = time.monotonic() + parsed_args.timeout if parsed_args.timeout is not None else None
        with reporter(self.engine.operation_show(parsed_args.operation)) as report:
            seen: dict[str, str] = {}
            while True:
                operation = self.engine.operation_show(parsed_args.operation)
                for event in _news(operation, seen):
                    report(event)
                if operation.status != "running":
                    return self.show_end(operation, parsed_args)
                if end is not None and time.monotonic() >= end:
                    raise exceptions.CommandError(
                        f"{operation.id} still runs after {parsed_args.timeout:g} s, at {operation.progress} %\n"
                        f"What to do: openstack protector operation watch {operation.id}"
                    )
                time.sleep(0.5)


def _news(operation: Operation, seen: dict[str, str]) -> list[Event]:
    """What changed since the last look, as the events that the process at work reports itself."""
    from protector.values import Event

    states = {"running": "started"}
    news = []
    for step in operation.steps:
        if step.state != seen.get(step.id, "pending"):
            seen[step.id] = step.state
            state, at = states.get(step.state, step.state), operation.started_at
            news.append(Event(operation.id, step.id, step.title, state, operation.progress, at))
    return news


class ResumeOperation(Run):
    """Go on with an operation that was interrupted or failed"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _add_operation(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.run_operation(parsed_args.operation, parsed_args)


class TakeoverOperation(ResumeOperation):
    """Go on here with an operation whose executor has not been heard of for a minute, or is certainly gone"""

    columns = (*_DOCUMENTED, "taken_from", *_REST)
    more = tuple(column for column in _LONG if column != "taken_from")

    def execute(self, operation: str, progress: Any) -> Operation:
        return self.engine.operation_takeover(operation, progress=progress)


class _StopOperation(_ShowOperation):
    """Asks whoever is at work to stop, and waits until they have.

    The exit status is 1 if the operation then stands in another way than asked for.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = _add_operation(super().get_parser(prog_name))
        parser.add_argument("--reason", metavar="<text>", help="why; kept in the journal")
        parser.add_argument(
            "--wait",
            action=argparse.BooleanOptionalAction,
            default=True,
            help="wait until nobody is at work on it any more; --no-wait only leaves the request",
        )
        parser.add_argument(
            "--timeout", metavar="<seconds>", type=float, default=600.0, help="give up waiting after that time [600]"
        )
        return parser


def _wait(parsed_args: argparse.Namespace) -> float | None:
    return parsed_args.timeout if parsed_args.wait else None


def _who() -> str | None:
    """Who asks, for the journal."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):
        return None


class CancelOperation(_StopOperation):
    """Stop an operation that some process runs at its next step boundary; resume continues it"""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        stopped = self.engine.operation_cancel(
            parsed_args.operation, reason=parsed_args.reason, by=_who(), wait=_wait(parsed_args)
        )
        expected = ("interrupted", "rolled_back", "cancelled") if parsed_args.wait else (stopped.status,)
        return self.show_end(stopped, parsed_args, expected)


class AbortOperation(_StopOperation):
    """Give an operation up and restore its start, as long as its pivot is not done; a test or a sync just ends"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--leave-peer",
            action="store_true",
            help="end it also if the other site is lost for good; the metadata diverge until they are synchronised",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        ended = self.engine.operation_abort(
            parsed_args.operation,
            reason=parsed_args.reason,
            by=_who(),
            leave_peer=parsed_args.leave_peer,
            wait=_wait(parsed_args),
        )
        expected = ("cancelled", "rolled_back") if parsed_args.wait else ("cancelled", "rolled_back", "running")
        return self.show_end(ended, parsed_args, expected)
