"""The last lines of the services' logs."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from protector import Settings
from protector.doctor.ask import answer

#: How much of the end of a file is read.
_BYTES = 1 << 18


def last_lines(settings: Settings, count: int) -> dict[str, Any]:
    """The last ``count`` lines of each file of ``log_dir``, by file name."""
    if settings.log_dir is None:
        journal = "journalctl -u protector-api -u protector-engine"
        raise FileNotFoundError(f"[DEFAULT] log_dir is not set, so services log to the journal: {journal}")
    files = sorted(Path(settings.log_dir).iterdir())
    return {file.name: answer(functools.partial(_end, file, count)) for file in files if file.suffix == ".log"}


def _end(file: Path, count: int) -> list[str]:
    with file.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(0, size - _BYTES))
        lines = log.read().decode(errors="replace").splitlines()
    if size > _BYTES:
        del lines[0]  # it begins in the middle, perhaps of a secret
    return lines[-count:] if count else []
