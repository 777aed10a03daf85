"""``protector.api.wsgi:application`` for uwsgi, mod_wsgi and every other WSGI server.

The settings are those that ``PROTECTOR_CONFIG_FILE`` names, else those of the usual places. Such servers fork after
they have imported this module, and an engine does not cross a fork; so nothing is opened before the first request.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from protector import Settings
from protector.service import logs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Application:
    """Opens the engine of this process with the first request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: int | None = None
        self._opened: WSGIApplication | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers a request."""
        return self._of_this_process()(environ, start_response)

    def _of_this_process(self) -> WSGIApplication:
        with self._lock:
            if self._opened is None or self._process != os.getpid():
                # imported late: nothing of the libraries is needed to import this module
                from protector.api.app import application as make

                settings = Settings.discover("protector-api")
                logs.set_up("protector-api", settings)
                self._opened, self._process = make(settings), os.getpid()
            return self._opened


#: The callable.
application = Application()
