"""What a support engineer asks for, gathered in one report without secrets.

Every part is read for itself and within a time: what is broken, or does not answer, is ``{"unknown": reason}`` in the
report and keeps no other part from being in it.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from protector import Settings
from protector.doctor import deployment, logs, machine
from protector.doctor.ask import ask
from protector.doctor.redact import Redaction, secrets_of
from protector.exceptions import ProtectorException

__all__ = ["examine", "not_read"]

#: Share of the time that the questions within a section get, so that those that are answered are not lost with it.
_INNER = 0.8
_NEED_SETTINGS = ("settings", "findings", "resources", "databases", "keys", "sites", "groups", "operations", "workers")


def examine(settings: Settings | ProtectorException, *, seconds: float = 30, log_lines: int = 50) -> dict[str, Any]:
    """The report, within about ``seconds``; of settings that were refused, why, and what can be told without them.

    It holds no token and no password that the settings or the environment have.

    >>> report = examine(deployment.settings)
    >>> report["databases"]["schema"][0]["version"] == report["databases"]["schema"][0]["needed"]
    True
    >>> report["sites"]["validation"]["site-b"]["valid"]
    True
    """
    files = settings.files if isinstance(settings, Settings) else ()
    sections = {**machine.sections(), **_of_settings(settings, time.monotonic() + seconds * _INNER, log_lines)}
    made_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    report: dict[str, Any] = {"made_at": made_at, **ask(sections, seconds)}
    report["not_read"] = not_read(report)
    redacted: dict[str, Any] = Redaction(secrets_of(files)).of(report)
    return redacted


def _of_settings(
    settings: Settings | ProtectorException, until: float, log_lines: int
) -> Mapping[str, Callable[[], Any]]:
    if isinstance(settings, Settings):
        return {
            **machine.sections_of(settings),
            **deployment.sections_of(settings, until),
            "logs": functools.partial(logs.last_lines, settings, log_lines),
        }
    return {name: functools.partial(_refuse, settings) for name in (*_NEED_SETTINGS, "logs")}


def _refuse(why: ProtectorException) -> None:
    raise why


def not_read(report: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is unknown anywhere in a report, and why."""
    found: list[dict[str, str]] = []

    def look(where: str, what: Any) -> None:
        if isinstance(what, Mapping):
            if what.keys() == {"unknown"}:
                found.append({"what": where, "reason": str(what["unknown"])})
                return
            for name, part in what.items():
                look(f"{where} {name}".strip(), part)
        elif isinstance(what, list):
            for number, part in enumerate(what, 1):
                look(f"{where} {number}", part)

    look("", report)
    return found
