"""Replication policies."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path
from typing import Any

from osc_lib import exceptions

from protectorclient.osc.v1.base import Lister, ShowOne, add_group

_HELP = "token of that array: env:<variable>, file:<path>, - to be asked, or the token itself"


class _Policy(ShowOne):
    columns = ("protection_group_id", "pure_pg_name", "replication_interval", "rpo_minutes", "status")
    more = ("primary_fa_url", "secondary_fa_url", "primary_fa_token_set", "secondary_fa_token_set")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_group(parser)
        return parser


class CreatePolicy(_Policy):
    """Create the replication policy of a group, or change what is given of the one it has"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        for site in ("primary", "secondary"):
            parser.add_argument(f"--{site}-fa-url", metavar="<url>", help=f"HTTPS URL of the array of the {site} site")
            parser.add_argument(
                f"--{site}-fa-token",
                f"--{site}-fa-api-token",
                metavar="<token>",
                dest=f"{site}_fa_token",
                type=_Hidden,
                help=_HELP,
            )
        parser.add_argument(
            "--pure-pg-name", metavar="<name>", help="name of the array protection group or pod; fixed once set"
        )
        parser.add_argument(
            "--replication-interval", metavar="<seconds>", type=int, help="time between replicated snapshots (async)"
        )
        parser.add_argument("--rpo-minutes", metavar="<minutes>", type=int, help="recovery point objective")
        parser.add_argument(
            "--adopt", action="store_true", help="take over an array group of that name that Protector did not make"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        policy = self.engine.policy_create(
            parsed_args.group,
            primary_fa_url=parsed_args.primary_fa_url,
            primary_fa_api_token=token("--primary-fa-token", parsed_args.primary_fa_token),
            secondary_fa_url=parsed_args.secondary_fa_url,
            secondary_fa_api_token=token("--secondary-fa-token", parsed_args.secondary_fa_token),
            pure_pg_name=parsed_args.pure_pg_name,
            replication_interval=parsed_args.replication_interval,
            rpo_minutes=parsed_args.rpo_minutes,
            adopt=parsed_args.adopt,
        )
        return self.show(policy, parsed_args)


class ShowPolicy(_Policy):
    """Show the replication policy of a group; tokens are never shown"""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.show(self.engine.policy_show(parsed_args.group), parsed_args)


class ListPolicyDrift(Lister):
    """List where policies and the defaults of [storage] are not the same

    Defaults apply when a policy is created; changing them does not change policies that exist.
    """

    columns = ("protection_group", "field", "policy_value", "default_value")
    more = ("remedy",)

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.policy_drift(), parsed_args)


class _Hidden(str):
    """Text that the debug log of the shell, which prints all arguments, does not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def token(option: str, given: str | None) -> str | None:
    """The token behind ``given``: ``env:NAME``, ``file:PATH``, ``-`` (asked for), else the text itself."""
    if given is None:
        return None
    kind, colon, name = given.partition(":")
    if given == "-":
        found = _asked(option)
    elif colon and kind == "env":
        if name not in os.environ:
            raise _unusable(option, given, "the variable is not set")
        found = os.environ[name]
    elif colon and kind == "file":
        try:
            found = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise _unusable(option, given, getattr(error, "strerror", None) or "it is not text") from error
    else:
        sys.stderr.write(f"{option}: a token on the command line lands in the shell history; env:, file: or - do not\n")
        found = given
    if not found.strip():
        raise _unusable(option, given, "it is empty")
    return found.strip()


def _asked(option: str) -> str:
    try:
        return getpass.getpass(f"{option}: ")
    except EOFError as error:
        raise _unusable(option, "-", "nobody is there to be asked") from error


def _unusable(option: str, given: str, reason: str) -> exceptions.CommandError:
    return exceptions.CommandError(f"{option} {given}: {reason}\nWhat to do: give env:<variable>, file:<path> or -")
