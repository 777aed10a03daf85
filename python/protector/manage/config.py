"""The configuration: what it comes to, and what is wrong with it."""

from __future__ import annotations

import argparse
import json
from typing import Any

from cliff.columns import FormattableColumn
from cliff.show import ShowOne

from protector import Settings, _native, lint, look
from protector.exceptions import ProtectorException
from protector.manage.base import Items, ManageCommand, cell


class ConfigCheck(ManageCommand, ShowOne):
    """Show what the configuration comes to, and what is wrong with it

    Exits with 1 if an engine would not start with it, or if it and that of the other site contradict each other.
    Nothing is sent.
    """

    _failed = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--other-site-config",
            metavar="<file>",
            action="append",
            help="protector.conf of the other site, to be compared with this one; later ones win",
        )
        parser.add_argument("--strict", action="store_true", help="exit with 1 also for warnings")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        settings = self.settings
        report = json.loads(_native.config_check(settings))
        found = _findings(settings, parsed_args.other_site_config)
        self._failed = any(parsed_args.strict or each.severity == "problem" for each in found)
        report["findings"] = [each.to_dict() for each in found]
        cells = report | {
            "arrays": _Arrays(report["arrays"]) if report["arrays"] else None,
            "clouds": _Clouds(report["clouds"]) if report["clouds"] else None,
            "databases": _BySite(report["databases"]),
            "peers": _BySite(report["peers"]),
            "findings": _Findings(report["findings"]),
        }
        return tuple(report), tuple(map(cell, cells.values()))

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or int(self._failed)


def _findings(settings: Settings, other: list[str] | None) -> list[lint.Finding]:
    here = look.configuration(settings)
    found = lint.of_one(here, look.directories(settings, here), look.key_repository(settings))
    if not other:
        return found
    there = look.other_site(other)
    if isinstance(there, ProtectorException):
        return [*found, lint.unreadable(", ".join(other), there.message, there.remedy)]
    return [*found, *lint.of_two(here, there), *lint.overridden(look.overrides())]


class _Arrays(Items):
    """Arrays by site."""

    def human_readable(self) -> str:
        words = "{site}: {role} array {host}, accepts {certificates}"
        return "\n".join(words.format_map(array) for array in self._value)


class _Clouds(Items):
    """Clouds of clouds.yaml by site."""

    def human_readable(self) -> str:
        return "\n".join(self._line(**cloud) for cloud in self._value)

    @staticmethod
    def _line(site: str, cloud: str, auth_url: str | None, file: str | None, problem: str | None) -> str:
        return f"{site}: cloud {cloud} of {file}, {f'Keystone at {auth_url}' if problem is None else problem}"


class _BySite(FormattableColumn[dict[str, str]]):
    """What there is for each site."""

    def human_readable(self) -> str:
        return "\n".join(f"{site}: {what}" for site, what in self._value.items())

    def machine_readable(self) -> dict[str, str]:
        return self._value


class _Findings(Items):
    """Findings, each with its remedy on a line of its own."""

    def human_readable(self) -> str:
        words = "{severity}: {place}: {message}\n  to mend: {remedy}"
        return "\n".join(words.format_map(finding) for finding in self._value)
