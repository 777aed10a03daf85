"""Where the services log, and how a line looks: as those of OpenStack do."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from contextvars import ContextVar
from pathlib import Path

from protector import Settings
from protector.exceptions import StorageError

#: The request that the current thread answers.
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)

_FORMAT = "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s [%(request)s] %(message)s"
#: Libraries whose debug lines show headers and bodies, and so tokens.
_TALKATIVE = ("keystoneauth", "keystonemiddleware", "urllib3", "stevedore", "oslo_policy")


class _Requests(logging.Filter):
    """Adds the request to each record, or ``-``."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request = REQUEST_ID.get() or "-"
        return True


def set_up(program: str, settings: Settings) -> None:
    """Logs to ``<log_dir>/<program>.log``, else to standard error, where systemd's journal takes it.

    The file may be moved away by a log rotation: it is opened anew then. Raises ``StorageError`` if it cannot be.
    """
    handler = _handler(program, settings.log_dir)
    handler.setFormatter(logging.Formatter(_FORMAT, "%Y-%m-%d %H:%M:%S"))
    handler.addFilter(_Requests())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if settings.debug else logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO)


def _handler(program: str, log_dir: str | None) -> logging.Handler:
    if log_dir is None:
        return logging.StreamHandler(sys.stderr)
    file = Path(log_dir, f"{program}.log")
    try:
        return logging.handlers.WatchedFileHandler(file, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written: {error.strerror}",
            f"make {log_dir} writable for this user, or remove [DEFAULT] log_dir to log to standard error",
        ) from error
