"""The machine and the process: versions, libraries, clock, space, settings."""

from __future__ import annotations

import functools
import json
import os
import platform
import pwd
import re
import resource
import shlex
import shutil
import stat
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

from protector import Settings, __version__, _native, lint, look
from protector.doctor.ask import answer

#: Distributions that are no dependencies of the package and belong to a deployment.
_BESIDE = ("python-protectorclient", "python-openstackclient", "openstacksdk")
_ENVIRONMENT = re.compile(r"^(OS|PROTECTOR)_")


def sections() -> dict[str, Callable[[], Any]]:
    """The questions about this machine that need no settings, by section."""
    return {"versions": versions, "libraries": libraries, "clock": clock}


def sections_of(settings: Settings) -> dict[str, Callable[[], Any]]:
    """The questions about the settings on this machine, by section."""
    return {
        "settings": functools.partial(resolved, settings),
        "findings": functools.partial(findings, settings),
        "resources": functools.partial(resources, settings),
    }


def versions() -> dict[str, Any]:
    """What runs here, and as whom."""
    return {
        "protector": __version__,
        "native": _native.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "executable": sys.executable,
        "package": str(Path(__file__).parents[1]),
        "os": answer(_system),
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "host": platform.node(),
        "user": answer(_user),
        "process": os.getpid(),
    }


def _system() -> str:
    # platform.freedesktop_os_release is there since Python 3.10
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    name = next(line for line in lines if line.startswith("PRETTY_NAME="))
    return shlex.split(name)[0].partition("=")[2]


def _user() -> str:
    return f"{pwd.getpwuid(os.geteuid()).pw_name} ({os.geteuid()})"


def libraries() -> dict[str, Any]:
    """Versions of what the package needs, may use, and lives with; ``None``: not installed."""
    needed = answer(lambda: metadata.requires("openstack-protector") or [])
    names = {match[0] for each in needed if (match := re.match(r"[\w.-]+", each))} if isinstance(needed, list) else ()
    found: dict[str, Any] = {}
    for name in sorted({*names, *_BESIDE}, key=str.lower):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found if isinstance(needed, list) else {**found, "openstack-protector": needed}


def clock() -> dict[str, Any]:
    """This machine's clock; those of clouds and arrays are in the validation of sites."""
    here = datetime.now(timezone.utc).astimezone()
    return {
        "utc": here.astimezone(timezone.utc).isoformat(timespec="seconds"),
        "zone": here.tzname(),
        "offset": here.strftime("%z"),
        "synchronised": answer(_synchronised),
        "up_seconds": int(time.clock_gettime(time.CLOCK_BOOTTIME)),
    }


def _synchronised() -> bool:
    """systemd-timesyncd's sign; other services leave none that everybody may read."""
    if Path("/run/systemd/timesync").is_dir():
        return Path("/run/systemd/timesync/synchronized").exists()
    raise FileNotFoundError("systemd-timesyncd is not in use here; ask the service that is: chronyc tracking")


def resolved(settings: Settings) -> dict[str, Any]:
    """What the settings come to, where from, and which variables of the environment count."""
    report = json.loads(_native.config_check(settings))
    del report["warnings"]
    return {
        **report,
        "files": [answer(functools.partial(_file, file)) for file in settings.files],
        "debug": settings.debug,
        "log_dir": settings.log_dir,
        "sites": settings.sites,
        "services": json.loads(settings.services),
        "environment": sorted(name for name in os.environ if _ENVIRONMENT.match(name)),
    }


def _file(path: str) -> dict[str, Any]:
    seen = os.stat(path)
    changed = datetime.fromtimestamp(seen.st_mtime, timezone.utc).isoformat(timespec="seconds")
    mode = f"{stat.S_IMODE(seen.st_mode):04o}"
    return {"path": path, "mode": mode, "user": seen.st_uid, "group": seen.st_gid, "changed_at": changed}


def findings(settings: Settings) -> list[Mapping[str, Any]]:
    """As ``config check`` says."""
    one = look.configuration(settings)
    found = lint.of_one(one, look.directories(settings, one), look.key_repository(settings))
    return [each.to_dict() for each in found]


def resources(settings: Settings) -> dict[str, Any]:
    """Space where the state is, and file descriptors of this process."""
    return {
        "state_path": answer(lambda: _space(settings.state_path)),
        "descriptors": answer(_descriptors),
        "load": answer(lambda: list(os.getloadavg())),
    }


def _space(path: str) -> dict[str, Any]:
    space, nodes = shutil.disk_usage(path), os.statvfs(path)
    mib = 1 << 20
    return {
        "path": path,
        "total_mib": space.total // mib,
        "free_mib": space.free // mib,
        "free_percent": round(100 * space.free / space.total, 1) if space.total else 0.0,
        "free_inodes": nodes.f_favail,
    }


def _descriptors() -> dict[str, Any]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd"))
    limits = {"limit": soft, "hard_limit": hard}
    # RLIM_INFINITY is -1
    return {"open": used, "free": None if soft < 0 else soft - used, **limits}
