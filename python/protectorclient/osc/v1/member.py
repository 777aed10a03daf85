"""Members of a protection group."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from osc_lib import exceptions

from protectorclient.osc.v1.base import Lister, ProtectorCommand, ShowOne, add_group

if TYPE_CHECKING:
    from protector.values import BootCheck

_START = ("tier", "depends_on", "required", "start_timeout_seconds", "boot_check")


def _add_instance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--instance-id", metavar="<uuid>", required=True, help="Nova id of the server")


def _add_member(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--instance-id", metavar="<uuid>", required=True, help="Nova id of the server on either site, or its name"
    )


def _add_start_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--depends-on",
        metavar="<member>",
        action="append",
        help="member of the same or a lower tier, by id or name, that is up and checked before this one starts "
        "(repeat for more)",
    )
    parser.add_argument(
        "--start-timeout", metavar="<seconds>", type=int, help="longest time until the server is active [600]"
    )
    check = parser.add_mutually_exclusive_group()
    check.add_argument(
        "--check-tcp", metavar="<port>", type=int, help="check that its first address accepts connections there"
    )
    check.add_argument(
        "--check-command",
        metavar="<command>",
        help="check that a program of this machine ends with status 0; absolute path and arguments, no shell",
    )
    parser.add_argument("--check-timeout", metavar="<seconds>", type=int, help="how long that check may take [120]")


def _boot_check(parsed_args: argparse.Namespace, *, in_tests: bool) -> BootCheck | None:
    """The check that the options describe; ``None`` if they describe none."""
    from protector.values import BootCheck

    seconds = 120 if parsed_args.check_timeout is None else parsed_args.check_timeout
    if parsed_args.check_tcp is not None:
        return BootCheck.tcp(parsed_args.check_tcp, timeout_seconds=seconds, in_tests=in_tests)
    if parsed_args.check_command is not None:
        words = _words(parsed_args.check_command)
        return BootCheck.command(*words, timeout_seconds=seconds, in_tests=in_tests)
    if parsed_args.check_timeout is not None:
        raise exceptions.CommandError(
            "--check-timeout belongs to a check\nWhat to do: give --check-tcp or --check-command with it"
        )
    return None


def _words(text: str) -> list[str]:
    """A command line as a shell would split it."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise exceptions.CommandError(f"--check-command '{text}' cannot be read: {error}") from error
    if not words:
        raise exceptions.CommandError("--check-command is empty\nWhat to do: name a program by its absolute path")
    return words


class AddMember(ShowOne):
    """Protect a server with all of its volumes"""

    columns = ("instance_id", "name", "status", *_START, "volumes", "servers")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        _add_instance(parser)
        parser.add_argument(
            "--tier", metavar="<n>", type=int, default=0, help="lower tiers start first and stop last [0]"
        )
        _add_start_options(parser)
        parser.add_argument("--required", action="store_true", help="nothing goes on without it")
        parser.add_argument("--check-in-tests", action="store_true", help="make the check in test failovers, too")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        member = self.engine.member_add(
            parsed_args.group,
            parsed_args.instance_id,
            tier=parsed_args.tier,
            depends_on=parsed_args.depends_on or (),
            required=parsed_args.required,
            start_timeout_seconds=parsed_args.start_timeout,
            boot_check=_boot_check(parsed_args, in_tests=parsed_args.check_in_tests),
        )
        return self.show(member, parsed_args)


class UpdateMember(ShowOne):
    """Change when a member starts, what it waits for and how it is checked"""

    columns = AddMember.columns

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        _add_member(parser)
        parser.add_argument("--tier", metavar="<n>", type=int, help="lower tiers start first and stop last")
        _add_start_options(parser)
        parser.add_argument("--no-depends-on", action="store_true", help="it waits for nobody")
        parser.add_argument("--no-start-timeout", action="store_true", help="back to ten minutes")
        parser.add_argument("--no-check", action="store_true", help="no check beyond being active")
        parser.add_argument(
            "--required", action=argparse.BooleanOptionalAction, help="whether nothing goes on without it"
        )
        parser.add_argument(
            "--check-in-tests",
            action=argparse.BooleanOptionalAction,
            help="whether test failovers make the check, too",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        member = self.engine.member_update(
            parsed_args.group,
            parsed_args.instance_id,
            tier=parsed_args.tier,
            depends_on=() if parsed_args.no_depends_on else parsed_args.depends_on,
            required=parsed_args.required,
            start_timeout_seconds=parsed_args.start_timeout,
            no_start_timeout=parsed_args.no_start_timeout,
            boot_check=_boot_check(parsed_args, in_tests=bool(parsed_args.check_in_tests)),
            no_boot_check=parsed_args.no_check,
            check_in_tests=parsed_args.check_in_tests,
        )
        return self.show(member, parsed_args)


class RemoveMember(ProtectorCommand):
    """Stop protecting a server"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        _add_member(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.engine.member_remove(parsed_args.group, parsed_args.instance_id)


class ListMember(Lister):
    """List the members of a protection group"""

    columns = ("instance_id", "name", "status", "tier", "volumes")
    more = (*_START[1:], "servers")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.member_list(parsed_args.group), parsed_args)
