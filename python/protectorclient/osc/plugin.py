"""What the ``openstack`` shell asks of a plugin.

Nothing here authenticates: the engine opens its clouds and arrays itself, so that a failover does not depend on a login
to the site that was lost.
"""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING, Any

from osc_lib import utils

if TYPE_CHECKING:
    from protector import Engine

LOG = logging.getLogger(__name__)

API_NAME = "protector"
API_VERSION_OPTION = "os_protector_api_version"
API_VERSIONS = ("1",)
DEFAULT_API_VERSION = "1"

#: First words of the commands; both trees reach the same classes.
TREES = ("protector", "dr")

#: Options whose value is a secret.
TOKEN_OPTIONS = tuple(f"--{site}-fa-{word}" for site in ("primary", "secondary") for word in ("token", "api-token"))


def make_client(instance: Any) -> Engine:
    """Opens the engine on first use, for the site that one works from: ``--os-cloud``, else ``[engine] local_site``."""
    # not before a command needs it: this module is part of every `openstack` run
    from protector import Engine, Settings, lint, look

    options = instance.get_configuration()
    file = options.get("protector_config_file")
    settings = Settings.load([file]) if file else Settings.discover()
    for warning in settings.warnings:
        LOG.warning(warning)
    for finding in lint.in_memory(look.mock_database(settings)):
        LOG.warning("%s: %s\nWhat to do: %s", finding.place, finding.message, finding.remedy)
    return Engine(settings, options.get("protector_site") or None)


def build_option_parser(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds the global options."""
    parser.add_argument(
        "--os-protector-api-version",
        metavar="<protector-api-version>",
        default=utils.env("OS_PROTECTOR_API_VERSION", default=DEFAULT_API_VERSION),
        help=f"Protector API version, default={DEFAULT_API_VERSION} (Env: OS_PROTECTOR_API_VERSION)",
    )
    parser.add_argument(
        "--protector-config-file",
        metavar="<file>",
        default=None,
        help="protector.conf to use; default is the usual places (Env: PROTECTOR_CONFIG_FILE)",
    )
    parser.add_argument(
        "--secondary-cloud",
        metavar="<cloud-config-name>",
        default=utils.env("OS_SECONDARY_CLOUD"),
        help="Cloud of the other site; for completeness, a protection group knows both (Env: OS_SECONDARY_CLOUD)",
    )
    _intercept(parser)
    return parser


def _intercept(parser: argparse.ArgumentParser) -> None:
    """Looks at the parsed options on their way to the shell; the shell has no hook for either of these.

    * For our commands ``--os-cloud``/``OS_CLOUD`` names the site that one works from, whether or not clouds.yaml knows
      it. The shell insists on a known cloud before any command runs, also for commands that log in nowhere.
    * With ``--verbose`` or ``--debug`` the shell prints the command line, and a token may stand on it.
    """
    parse = parser.parse_known_args

    def parse_known_args(argv: list[str], namespace: Any = None) -> tuple[argparse.Namespace, list[str]]:
        options, command = parse(argv, namespace)
        options.protector_site = options.cloud
        tree = next((word for word in command if word != "help"), None)
        if tree in TREES:
            _hide_tokens(argv)
            if options.cloud and not _in_clouds_yaml(options.cloud):
                options.cloud = ""
        return options, command

    parser.parse_known_args = parse_known_args  # type: ignore[method-assign,assignment]


def _in_clouds_yaml(name: str) -> bool:
    from openstack.config import OpenStackConfig

    return name in OpenStackConfig(load_envvars=False).get_cloud_names()


def _hide_tokens(argv: list[str]) -> None:
    """Blanks tokens in the command line that the shell keeps for printing; the command gets its own copy."""
    for at, word in enumerate(argv):
        option, equals, _ = word.partition("=")
        if len(option) > 2 and any(token.startswith(option) for token in TOKEN_OPTIONS):
            if equals:
                argv[at] = f"{option}=***"
            elif at + 1 < len(argv):
                argv[at + 1] = "***"
