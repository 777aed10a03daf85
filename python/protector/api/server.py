"""``protector-api``: the application on a server of its own, for sites that have no other."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from protector import Settings
from protector.service.options import ServiceOptions
from protector.service.start import FAILED, start

LOG = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the script."""
    return start("protector-api", "Serve one site's protection groups over HTTP", _serve, argv)


def _serve(settings: Settings, options: ServiceOptions) -> int:
    try:
        from waitress.server import create_server

        from protector.api.app import application
    except ModuleNotFoundError as missing:
        sys.stderr.write(f"{missing.name} is not installed: pip install 'openstack-protector[api]'\n")
        return FAILED
    try:
        server = create_server(
            application(settings), host=options.bind_host, port=options.bind_port, threads=options.threads, ident=None
        )
    except OSError as error:
        LOG.critical("cannot listen on %s:%d: %s", options.bind_host, options.bind_port, error.strerror)
        return FAILED
    signal.signal(signal.SIGTERM, _stop)
    LOG.info("listening on http://%s:%d, threads=%d", *_address(server, options), options.threads)
    try:
        server.run()
    except SystemExit:
        LOG.info("stopped")
    return 0


def _address(server: object, options: ServiceOptions) -> tuple[str, int]:
    """Where it listens: with port 0 only the server knows. A name may stand for several addresses."""
    several = getattr(server, "effective_listen", None)
    port = several[0][1] if several else getattr(server, "effective_port", options.bind_port)
    host = f"[{options.bind_host}]" if ":" in options.bind_host else options.bind_host
    return host, int(port)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Requests under way are answered; what they started goes on in the engine's worker."""
    raise SystemExit
