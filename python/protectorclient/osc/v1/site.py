"""Sites."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import Any

from protectorclient.osc.progress import reporter
from protectorclient.osc.v1.base import Lister, ProtectorCommand, ShowOne, add_mappings, mappings


def _add_site(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("site", metavar="<site>", help="name of the site")
    return parser


class CreateSite(ShowOne):
    """Register a site"""

    columns = ("id", "name", "status", "cloud", "auth_url", "description")

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--name", metavar="<name>", required=True, help="unique name")
        parser.add_argument("--auth-url", metavar="<url>", help="Keystone URL, if clouds.yaml does not tell")
        parser.add_argument("--cloud", metavar="<cloud>", help="name in clouds.yaml [the name of the site]")
        parser.add_argument("--description", metavar="<text>", help="free text")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        site = self.engine.site_create(
            parsed_args.name,
            auth_url=parsed_args.auth_url,
            cloud=parsed_args.cloud,
            description=parsed_args.description,
        )
        return self.show(site, parsed_args)


class ListSite(Lister):
    """List registered sites"""

    columns = ("id", "name", "status", "cloud", "auth_url")
    more = ("description",)

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.site_list(), parsed_args)


class ShowSite(ShowOne):
    """Show a site"""

    columns = CreateSite.columns

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _add_site(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.show(self.engine.site_show(parsed_args.site), parsed_args)


class DeleteSite(ProtectorCommand):
    """Remove the registration of a site that no protection group uses"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _add_site(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.engine.site_delete(parsed_args.site)


class ValidateSite(Lister):
    """Check who reaches what of a site, as whom, in which version, with how much room; exit with 1 if a check failed

    Cloud and array with credentials and clocks, quota, volume types on both sites, the link of the arrays, metadata.
    What is unknown because the other site does not answer counts against that one.
    """

    columns = ("from_site", "to_site", "service", "check", "result", "detail", "remedy")
    _valid = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _add_site(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        validation = self.engine.site_validate(parsed_args.site)
        self._valid = validation.valid
        return self.list(validation.checks, parsed_args)

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or int(not self._valid)


class ListSiteVolumeTypes(Lister):
    """List the volume types of a site, and which of them a protection group can use"""

    columns = ("id", "name", "replication_type", "eligible", "reason")
    more = ("extra_specs",)

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _add_site(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.site_list_volume_types(parsed_args.site), parsed_args)


class FailOverSite(Lister):
    """Move everything that runs on a site, group by group in order of priority; exit with 1 if a group did not arrive

    Groups of the lowest priority number move first. After an interruption the same command goes on.
    """

    columns = ("protection_group", "priority", "outcome", "operation_id", "error")
    more = ("next",)
    _all_moved = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = _add_site(super().get_parser(prog_name))
        parser.add_argument("--type", choices=("planned", "unplanned"), help="[planned; with --force: unplanned]")
        parser.add_argument("--force", action="store_true", help="as for failover, for each group")
        parser.add_argument("--reason", metavar="<text>", help="why, for the record")
        parser.add_argument("--skip-blocked", action="store_true", help="move the groups that can be moved")
        parser.add_argument("--dry-run", action="store_true", help="print the plans and change nothing")
        parser.add_argument("--wait", action="store_true", help="show progress on stderr")
        add_mappings(parser, "of the site that is left = of the site that is reached")
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        if not parsed_args.dry_run:
            return super().run(parsed_args) or int(not self._all_moved)
        with self.readable_errors(parsed_args):
            plan = self._plan(parsed_args)
        sys.stdout.write(plan.json + "\n" if parsed_args.formatter == "json" else plan.to_text())
        return int(not plan.acceptable)

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        plan = self._plan(parsed_args)
        with reporter() if parsed_args.wait else contextlib.nullcontext() as progress:
            outcome = self.engine.site_failover(plan, skip_blocked=parsed_args.skip_blocked, progress=progress)
        self._all_moved = outcome.not_moved == 0
        return self.list(outcome.groups, parsed_args)

    def _plan(self, parsed_args: argparse.Namespace) -> Any:
        return self.engine.plan_site_failover(
            parsed_args.site,
            type=parsed_args.type or ("unplanned" if parsed_args.force else "planned"),
            force=parsed_args.force,
            reason=parsed_args.reason,
            **mappings(parsed_args),
        )
