"""Where the lab lives, on which ports it listens, and who may log in."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
#: Everything that the lab writes.
LAB = Path(os.environ.get("PROTECTOR_LAB", ROOT / ".lab")).absolute()
VENV = LAB / "venv"
BIN = VENV / "bin"
LOGS = LAB / "log"
CLOUDS = LAB / "clouds.yaml"
#: Written once both clouds are up: what tests and ``protector.conf`` need.
ARRAYS = LAB / "arrays.json"

SITES = ("a", "b")
REGION = "RegionOne"
#: Into which Cinder puts volumes that are on both arrays at once: its ``pure_replication_pod_name``.
POD = "cinder-pod"
#: Loopback only, and nothing in it is worth anything; of the administrator, and of the services.
ADMIN_PASSWORD, SERVICE_PASSWORD = "admin", "service"

#: The first of three thousand ports.
BASE = int(os.environ.get("PROTECTOR_LAB_PORTS", "23000"))
_OFFSETS = {
    "glance": 292,
    "keystone": 500,
    "neutron": 696,
    "nova": 774,
    "cinder": 776,
    "placement": 778,
    "protector": 788,
}
_SHARED = {"mariadb": 2306, "epmd": 2369, "rabbitmq": 2672, "rabbitmq-peers": 2673, "control": 2442}


def port(what: str, site: str | None = None) -> int:
    """The port of a service of a site, or of what both share."""
    if site is None:
        return BASE + _SHARED[what]
    return BASE + 1000 * SITES.index(site) + _OFFSETS[what]


def array_port(site: str) -> int:
    """The port of a site's array."""
    return BASE + 2443 + SITES.index(site)


def keystone(site: str) -> str:
    """Where one logs in at a site."""
    return f"http://127.0.0.1:{port('keystone', site)}/v3"
