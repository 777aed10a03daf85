"""What a configuration comes to, and what it finds on this machine, as values for :mod:`protector.lint`."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from protector import Settings, _native
from protector.engine import drivers
from protector.exceptions import ProtectorException
from protector.lint import Configuration, Directory, KeyRepository

#: Sections whose options may be set in the environment, as ``OS_<SECTION>__<NAME>``.
_SECTIONS = ("DEFAULT", "ENGINE", "API", "DATABASE", "STORAGE")


def configuration(settings: Settings) -> Configuration:
    """What the settings come to."""
    report = json.loads(_native.config_check(settings))
    arrays = report["arrays"]
    return Configuration(
        name=", ".join(report["files"]) or "the defaults",
        storage_driver=report["storage_driver"],
        cloud_driver=report["cloud_driver"],
        mock_database=report["mock_database"],
        arrays=None if arrays is None else {each["site"]: (each["role"], each["host"]) for each in arrays},
        sites=frozenset(settings.sites),
        local_site=settings.local_site,
        default_interval=settings.default_replication_interval,
        default_rpo=settings.default_rpo_minutes,
        api_urls=settings.api_urls,
        bind_port=json.loads(settings.services)["bind_port"],
        warnings=tuple(report["warnings"]),
        databases=report["databases"],
        problem=report["problem"] or _unknown_driver(settings),
    )


def _unknown_driver(settings: Settings) -> str | None:
    """Why a driver that is named is not to be found; nothing is opened."""
    chosen = [(drivers.STORAGE, settings.storage_driver), (drivers.CLOUD, settings.cloud_driver)]
    for kind, name in chosen:
        try:
            drivers.installed(kind, name, settings)
        except ProtectorException as error:
            return str(error)
    return None


def mock_database(settings: Settings) -> str | None:
    """Where the simulated world is kept; ``None`` if there is none."""
    return settings.mock_db_path if "mock" in (settings.storage_driver, settings.cloud_driver) else None


def directories(settings: Settings, one: Configuration) -> tuple[Directory, ...]:
    """The directories that must be there and can be written, as far as files are named."""
    named = [("[DEFAULT] state_path", settings.state_path)]
    if settings.log_dir is not None:
        named.append(("[DEFAULT] log_dir", settings.log_dir))
    if one.mock_database not in (None, ":memory:"):
        named.append(("[engine] mock_db_path", os.path.dirname(settings.mock_db_path) or "."))
    return tuple(Directory(option, path, _state(path)) for option, path in named)


def _state(path: str) -> Literal["writable", "read_only", "missing", "no_directory"]:
    if not os.path.lexists(path):
        return "missing"
    if not Path(path).is_dir():
        return "no_directory"
    return "writable" if os.access(path, os.W_OK | os.X_OK) else "read_only"


def key_repository(settings: Settings) -> KeyRepository:
    """The key repository, by names and modes; no key is read."""
    path = settings.fernet_key_repository
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
        with os.scandir(path) as entries:
            keys = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in entries if entry.name.isdecimal()}
            unreadable = [name for name in keys if not os.access(Path(path, name), os.R_OK)]
    except FileNotFoundError:
        return KeyRepository(path, "missing", 0, {})
    except OSError:
        return KeyRepository(path, "unreadable", 0, {})
    return KeyRepository(path, "unreadable" if unreadable else "readable", mode, keys)


def overrides() -> list[str]:
    """Names of variables that stand for options. Tokens are often there, and told apart by nothing else."""
    prefixes = tuple(f"OS_{section}__" for section in _SECTIONS)
    return sorted(name for name in os.environ if name.upper().startswith(prefixes) and not name.endswith("_TOKEN"))


def other_site(files: Sequence[str]) -> Configuration | ProtectorException:
    """What the files of the other site come to here, or why they come to nothing."""
    try:
        return configuration(Settings.load(files))
    except ProtectorException as refused:
        return refused


def as_data(keys: KeyRepository) -> dict[str, Any]:
    """The key repository for people and machines."""
    modes = {name: f"{mode:04o}" for name, mode in sorted(keys.keys.items(), key=lambda item: int(item[0]))}
    return {
        "path": keys.path,
        "state": keys.state,
        "mode": f"{keys.mode:04o}" if keys.mode else None,
        "keys": len(modes),
        "key_modes": modes,
    }
