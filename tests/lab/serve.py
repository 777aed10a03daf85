"""Serves the API of one service: serve.py MODULE PORT [argument of the service …].

One process with threads, which ends at SIGTERM. uWSGI would do the same with two, and with a compiler to build it.
"""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType

import waitress

#: Requests answered at once. More than one, since services ask each other, and one another back.
THREADS = 4


def main(module: str, port: str, *arguments: str) -> None:
    # some read their configuration file from the command line, as they do under other servers
    sys.argv = [module, *arguments]

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    application = importlib.import_module(module).application
    signal.signal(signal.SIGTERM, end)
    waitress.serve(application, host="127.0.0.1", port=int(port), threads=THREADS, ident=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
