"""Two complete OpenStack clouds on this machine, over simulated FlashArrays. See README.md beside this file."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import shared
import site_services
from places import ADMIN_PASSWORD, ARRAYS, BIN, CLOUDS, HERE, LAB, REGION, SITES, VENV, keystone
from processes import LabError, names, pid_of, stop, surroundings

#: Bytes of the name of the lab's place: a socket's has 107.
LONGEST = 80
_CLOUD = """\
  site-{site}:
    auth: {{auth_url: "{url}", username: admin, password: {password}, project_name: admin,
           user_domain_id: default, project_domain_id: default}}
    region_name: {region}
"""


def install_check() -> None:
    """Says which Debian packages are missing."""
    if missing := shared.missing_packages():
        raise LabError(f"missing: apt-get install {' '.join(missing)}")


def venv() -> None:
    """Makes the Python environment of the services, with the versions of requirements.txt."""
    wanted = hashlib.sha256()
    for path in [HERE / "requirements.txt", *sorted((HERE / "plugins").rglob("*.py"))]:
        wanted.update(path.read_bytes())
    stamp = VENV / "made-of"
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted.hexdigest():
        return
    if not (BIN / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [str(BIN / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "-r", str(HERE / "requirements.txt")], check=True, env=surroundings())
    # a copy, because building writes beside the sources
    copy = LAB / "plugins"
    shutil.copytree(HERE / "plugins", copy, dirs_exist_ok=True)
    subprocess.run([*pip, "--no-deps", "--force-reinstall", str(copy)], check=True, env=surroundings())
    shutil.rmtree(copy)
    stamp.write_text(wanted.hexdigest(), encoding="ascii")


def up(only: str | None) -> None:
    """Starts what is not running and waits until it works."""
    install_check()
    if not (VENV / "made-of").exists():
        raise LabError(f"there is no Python environment in {VENV}: lab.py venv")
    began = time.monotonic()
    shared.up(shared.simulator())
    site_services.make_schemas()
    entries = [_CLOUD.format(site=site, url=keystone(site), password=ADMIN_PASSWORD, region=REGION) for site in SITES]
    CLOUDS.write_text("clouds:\n" + "".join(entries), encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(site_services.up, site) for site in _chosen(only)]:
            done.result()
    print(f"up after {time.monotonic() - began:.0f} s: OS_CLIENT_CONFIG_FILE={CLOUDS}, arrays in {ARRAYS}")


def _chosen(only: str | None) -> tuple[str, ...]:
    return SITES if only is None else (only,)


def seed(only: str | None) -> None:
    """Puts the starting point onto both sites."""
    import seed as starting_point

    starting_point.seed()


def status(only: str | None) -> None:
    """Prints what runs, and what does not work."""
    for name in names():
        print(f"{name:24}", pid_of(name) or "has ended")
    for site in _chosen(only):
        if pid_of(f"{site}-keystone"):
            print(f"site-{site}: {', '.join(site_services.not_working(site)) or 'works'}")


def down(only: str | None) -> None:
    """Ends the services of a site, or everything. What they know stays."""
    for site in _chosen(only):
        site_services.down(site)
    if only is None:
        stop([name for name in names() if name != "epmd"])
        stop(["epmd"])


def reset(only: str | None) -> None:
    """Ends everything and forgets it; the Python environment and the tables stay."""
    down(None)
    for path in LAB.iterdir():
        if path.name not in ("venv", "schema", "lock"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def main() -> None:
    """Does what is asked, one command at a time."""
    verbs = {"up": up, "seed": seed, "status": status, "down": down, "reset": reset}
    alone = {"install-check": install_check, "venv": venv}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=[*alone, *verbs])
    parser.add_argument("site", nargs="?", choices=SITES, help="for up, status and down: this one alone")
    asked = parser.parse_args()
    if len(os.fsencode(LAB)) > LONGEST:
        sys.exit(f"lab: no socket fits into {LAB}: set PROTECTOR_LAB to a place of at most {LONGEST} bytes")
    LAB.mkdir(parents=True, exist_ok=True)
    with (LAB / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if asked.verb in alone:
                alone[asked.verb]()
            else:
                verbs[asked.verb](asked.site)
        except BlockingIOError:
            sys.exit(f"another lab.py is at work in {LAB}")
        except (LabError, subprocess.CalledProcessError) as e:
            sys.exit(f"lab: {e}")


if __name__ == "__main__":
    main()
