"""Sites."""

from __future__ import annotations

import argparse
from typing import Any

from protectorclient.osc.v1.base import Lister, ProtectorCommand, ShowOne


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
    """Check cloud, array, link, volume types and metadata of a site; exit with 1 if a check failed"""

    columns = ("check", "result", "detail", "remedy")
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
