"""One cloud: its databases, its first users, its services, and whether they work."""

from __future__ import annotations

import calendar
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import configuration
import rest
import shared
from configuration import DATABASES, home
from places import ADMIN_PASSWORD, BIN, HERE, LAB, REGION, SERVICE_PASSWORD, keystone, port
from processes import RUN, LabError, answers, names, need_free, run, spawn, stop, wait

#: Dumps of databases that are the same on every site. Cinder's has rows with ids of their own, so it is made for each.
_SCHEMAS = LAB / "schema"
_DUMPED = [name for name in DATABASES if name not in ("cinder", "nova_cell0")]

#: By service: its WSGI module, and how it finds its configuration (environment, arguments).
_APIS: dict[str, tuple[str, Callable[[Path], tuple[dict[str, str], list[str]]]]] = {
    "keystone": (
        "keystone.wsgi.api",
        lambda at: ({"OS_KEYSTONE_CONFIG_DIR": str(at), "OS_KEYSTONE_CONFIG_FILES": str(at / "keystone.conf")}, []),
    ),
    "placement": ("placement.wsgi.api", lambda at: ({"OS_PLACEMENT_CONFIG_DIR": str(at)}, [])),
    "glance": ("glance.wsgi.api", lambda at: ({"OS_GLANCE_CONFIG_DIR": str(at)}, [])),
    "neutron": ("neutron.wsgi.api", lambda at: ({}, ["--config-file", str(at / "neutron.conf")])),
    "cinder": ("cinder.wsgi.api", lambda at: ({}, ["--config-file", str(at / "cinder.conf")])),
    "nova": ("nova.wsgi.osapi_compute", lambda at: ({"OS_NOVA_CONFIG_DIR": str(at)}, [])),
}
_WORKERS = {
    "nova-conductor": "nova.conf",
    "cinder-volume": "cinder.conf",
    "cinder-scheduler": "cinder.conf",
    "nova-scheduler": "nova.conf",
    "nova-compute": "nova.conf",
}


def catalogue(site: str) -> dict[str, tuple[str, str]]:
    """By service its type and address."""

    def at(service: str, path: str) -> str:
        return f"http://127.0.0.1:{port(service, site)}{path}"

    return {
        "cinder": ("volumev3", at("cinder", "/v3/%(project_id)s")),
        "placement": ("placement", at("placement", "")),
        "glance": ("image", at("glance", "")),
        "neutron": ("network", at("neutron", "")),
        "nova": ("compute", at("nova", "/v2.1")),
    }


def _in_parallel(*tasks: Callable[[], None]) -> None:
    with ThreadPoolExecutor(len(tasks)) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()


def _manage(site: str, tool: str, conf: str, *words: str) -> None:
    run(f"{site}-init-{tool}", BIN / tool, "--config-file", home(site) / conf, *words)


def _migrate(site: str) -> None:
    def keystone_and_small_ones() -> None:
        _manage(site, "keystone-manage", "keystone.conf", "db_sync")
        _manage(site, "placement-manage", "placement.conf", "db", "sync")
        _manage(site, "glance-manage", "glance-api.conf", "db_sync")

    def nova() -> None:
        _manage(site, "nova-manage", "nova.conf", "api_db", "sync")
        _manage(site, "nova-manage", "nova.conf", "db", "sync", "--local_cell")

    _in_parallel(
        nova, keystone_and_small_ones, lambda: _manage(site, "neutron-db-manage", "neutron.conf", "upgrade", "heads")
    )


def make_schemas() -> None:
    """Makes the tables of all services once, for every site that is ever begun with these versions."""
    versions = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    stamp = _SCHEMAS / "versions"
    if stamp.exists() and stamp.read_text(encoding="ascii") == versions:
        return
    print("making the tables of all services (once)", flush=True)
    shutil.rmtree(_SCHEMAS, ignore_errors=True)
    _SCHEMAS.mkdir(parents=True)
    template = "a"
    configuration.write(template)
    _make_databases(template, {})
    _migrate(template)
    for name in _DUMPED:
        (_SCHEMAS / f"{name}.sql").write_bytes(shared.dump(f"{template}_{name}"))
    stamp.write_text(versions, encoding="ascii")


def _make_databases(site: str, filled: dict[str, Path]) -> None:
    for name in DATABASES:
        shared.sql(f"drop database if exists {site}_{name}; create database {site}_{name} character set utf8mb3")
        if name in filled:
            shared.sql(filled[name].read_bytes(), f"{site}_{name}")


def _begin(site: str) -> None:
    """Databases, keys, the administrator, and the cell of Nova."""
    dumps = {name: _SCHEMAS / f"{name}.sql" for name in _DUMPED}
    shared.virtual_host(site)
    _make_databases(site, dumps | {"nova_cell0": dumps["nova"]})
    url = keystone(site) + "/"

    def keystone_keys_and_administrator() -> None:
        owner = ("--keystone-user", str(os.getuid()), "--keystone-group", str(os.getgid()))
        for keys in ("fernet_setup", "credential_setup"):
            _manage(site, "keystone-manage", "keystone.conf", keys, *owner)
        who = ("--bootstrap-password", ADMIN_PASSWORD, "--bootstrap-region-id", REGION)
        urls = [word for kind in ("admin", "internal", "public") for word in (f"--bootstrap-{kind}-url", url)]
        _manage(site, "keystone-manage", "keystone.conf", "bootstrap", *who, *urls)

    def cells() -> None:
        cell0 = configuration.database(site, "nova_cell0")
        _manage(site, "nova-manage", "nova.conf", "cell_v2", "map_cell0", "--database_connection", cell0)
        _manage(site, "nova-manage", "nova.conf", "cell_v2", "create_cell", "--name", "cell1")

    _in_parallel(
        keystone_keys_and_administrator, cells, lambda: _manage(site, "cinder-manage", "cinder.conf", "db", "sync")
    )


def up(site: str) -> None:
    """Starts what is not running, makes what is not there, and waits until it works."""
    for service in _APIS:
        need_free(f"{site}-{service}", port(service, site))
    configuration.write(site)
    complete = home(site) / "complete"
    if not complete.exists():
        print(f"site-{site}: made from nothing", flush=True)
        _begin(site)
    _start_api(site, "keystone")
    _wait_api(site, "keystone")
    if not complete.exists():
        rest.register(rest.Cloud(site), catalogue(site), SERVICE_PASSWORD)
        complete.touch()
    # nova-compute waits ten seconds if no conductor answers its first call, so one comes first and the other last
    for worker in ("nova-conductor", "cinder-volume", "cinder-scheduler", "nova-scheduler"):
        _start_worker(site, worker)
    others = [service for service in _APIS if service != "keystone"]
    for service in others:
        _start_api(site, service)
    for service in ("placement", "neutron"):
        _wait_api(site, service)
    _start_worker(site, "nova-compute")
    for service in others:
        _wait_api(site, service)
    _wait_until_it_works(site)
    print(f"site-{site}: ready", flush=True)


def _start_api(site: str, service: str) -> None:
    module, found = _APIS[service]
    environment, arguments = found(home(site))
    words = (BIN / "python", "-B", HERE / "serve.py", module, str(port(service, site)), *arguments)
    spawn(f"{site}-{service}", *words, **environment)


def _start_worker(site: str, name: str) -> None:
    program = [BIN / name] if name != "nova-compute" else [BIN / "python", "-B", HERE / "compute.py"]
    spawn(f"{site}-{name}", *program, "--config-file", home(site) / _WORKERS[name])


def _wait_api(site: str, service: str) -> None:
    path = "/v3" if service == "keystone" else "/"
    wait(
        f"{service} of site-{site}",
        lambda: answers(f"http://127.0.0.1:{port(service, site)}{path}"),
        f"{site}-{service}",
    )


def _wait_until_it_works(site: str) -> None:
    missing: list[str] = ["everything"]

    def works() -> bool:
        try:
            missing[:] = not_working(site)
        except LabError as e:
            missing[:] = [str(e)]
        return not missing

    try:
        wait(f"site-{site}", works, *names(f"{site}-"), seconds=300)
    except LabError as e:
        raise LabError(f"{e}; not working: {', '.join(missing)}") from None


def not_working(site: str) -> list[str]:
    """What of a site does not work. What services said of themselves before they were started does not count."""
    cloud = rest.Cloud(site)
    cinder = cloud.get("volume", "/os-services")["services"]
    nova = cloud.get("compute", "/os-services")["services"]
    said = {service["binary"]: service for service in cinder + nova}
    missing = [name for name in _WORKERS if name not in said or not _is_up(site, said[name])]
    # a volume service without its array has no pool, and the scheduler places nothing before Placement knows the node
    if not missing and not cloud.get("volume", "/scheduler-stats/get_pools")["pools"]:
        missing.append("no pool of Cinder")
    if not missing and not cloud.get("compute", "/os-hypervisors")["hypervisors"]:
        missing.append("no hypervisor")
    if not missing and not cloud.get("placement", "/resource_providers")["resource_providers"]:
        missing.append("no node in Placement")
    return missing


def _is_up(site: str, service: dict[str, str]) -> bool:
    kept = RUN / f"{site}-{service['binary']}.json"
    if service["state"] != "up" or not kept.exists():
        return False
    said = calendar.timegm(time.strptime((service["updated_at"] or "1970-01-01T00:00:00")[:19], "%Y-%m-%dT%H:%M:%S"))
    return said >= kept.stat().st_mtime


def down(site: str) -> None:
    """Ends its services. What they know stays."""
    stop(names(f"{site}-"))


if __name__ == "__main__":
    sys.exit("run lab.py")
