"""Importing this fails in an interpreter that is not the main one of its process.

Threads of the engine come to Python in the main interpreter: a sub-interpreter would miss its log lines, and its
drivers and key managers would be called where they are not. Two interpreters would share the native module's types.
"""

from __future__ import annotations

import _thread


def _is_main() -> bool:
    asked = getattr(_thread, "_is_main_interpreter", None)
    if asked is not None:  # from 3.13 on
        return bool(asked())
    try:
        import _xxsubinterpreters as interpreters  # type: ignore[import-not-found]
    except ImportError:
        # nobody has made one by means of Python
        return True
    return bool(interpreters.get_current() == interpreters.get_main())


if not _is_main():
    raise ImportError(
        "protector works in the main interpreter of a process alone, and this is a sub-interpreter "
        "(with mod_wsgi set WSGIApplicationGroup %{GLOBAL}; else start a process)",
        name="protector",
    )
