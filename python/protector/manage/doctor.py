"""Everything that a support engineer asks for."""

from __future__ import annotations

import argparse
import json
import os

from protector import Settings
from protector.doctor import examine
from protector.doctor.text import rendered
from protector.exceptions import ProtectorException, StorageError
from protector.manage.base import ManageCommand


class Doctor(ManageCommand):
    """Gather what support asks for in one report without secrets; what cannot be read is named and stops nothing"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "-f", "--format", choices=("text", "json"), default="text", help="form of the report [text]"
        )
        output_help = "file to write, for its owner alone, instead of standard output"
        parser.add_argument("--output", metavar="<file>", help=output_help)
        wait_help = "longest time to wait for answers, in seconds [30]"
        parser.add_argument("--timeout", type=_seconds, default=30.0, metavar="<seconds>", help=wait_help)
        lines_help = "lines of the end of each log to show [50]"
        parser.add_argument("--log-lines", type=_count, default=50, metavar="<n>", help=lines_help)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        report = examine(self._settings(), seconds=parsed_args.timeout, log_lines=parsed_args.log_lines)
        text = json.dumps(report, indent=2) + "\n" if parsed_args.format == "json" else rendered(report)
        if parsed_args.output is None:
            self.app.stdout.write(text)
        else:
            _write(parsed_args.output, text)
            self.app.stdout.write(f"wrote {parsed_args.output}\n")

    def _settings(self) -> Settings | ProtectorException:
        try:
            return self.settings
        except ProtectorException as refused:
            return refused


def _write(path: str, text: str) -> None:
    """Never follows a link that somebody put there, and narrows the mode of a file that was there before."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(file, "w", encoding="utf-8") as output:
            os.fchmod(output.fileno(), 0o600)
            output.write(text)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}", "name another --output") from error


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not a time up to 3600 s")
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 100_000:
        raise argparse.ArgumentTypeError(f"{text} is not a number of lines up to 100000")
    return value
