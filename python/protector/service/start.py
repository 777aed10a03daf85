"""How a service starts, and with which exit status it ends."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence

from protector import Settings, __version__, lint, look
from protector.exceptions import InvalidConfiguration, NotSupported, ProtectorException
from protector.service import logs
from protector.service.options import ServiceOptions

LOG = logging.getLogger(__name__)

#: The configuration is wrong, so starting again does not help; systemd is told not to (``EX_CONFIG``).
WRONG_CONFIGURATION = 78
#: It could not start or go on, and may do so later.
FAILED = 1


def start(
    program: str,
    description: str,
    serve: Callable[[Settings, ServiceOptions], int],
    argv: Sequence[str] | None = None,
) -> int:
    """Reads the command line and the settings, sets up the logs, and serves.

    Exit status: what ``serve`` returns; 78 if the configuration is wrong, 1 if something else kept it from starting.
    The reason is in the log and, for whoever started it by hand, on standard error.
    """
    files = _arguments(program, description, argv).config_file
    try:
        settings = Settings.load(files) if files else Settings.discover(program)
        logs.set_up(program, settings)
        for warning in settings.warnings:
            LOG.warning("%s", warning)
        for finding in lint.in_memory(look.mock_database(settings)):
            LOG.warning("%s: %s (%s)", finding.place, finding.message, finding.remedy)
        return serve(settings, ServiceOptions.of(settings))
    except ProtectorException as error:
        LOG.critical("%s does not start: %s", program, error)
        if _is_logged_elsewhere():
            sys.stderr.write(f"{program}: {error}\n")
        return exit_status(error)


def exit_status(error: ProtectorException) -> int:
    """What a service that cannot start ends with."""
    return WRONG_CONFIGURATION if isinstance(error, (InvalidConfiguration, NotSupported)) else FAILED


def _is_logged_elsewhere() -> bool:
    """Whether nobody at the terminal has seen what was logged. Without any handler Python itself shows it there."""
    handlers = logging.getLogger().handlers
    return bool(handlers) and not any(getattr(handler, "stream", None) is sys.stderr for handler in handlers)


def _arguments(program: str, description: str, argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--version", action="version", version=f"{program} {__version__}")
    parser.add_argument(
        "--config-file",
        metavar="<file>",
        action="append",
        help="protector.conf to use, later ones win; default is the usual places (Env: PROTECTOR_CONFIG_FILE)",
    )
    return parser.parse_args(argv)
