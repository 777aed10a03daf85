"""Configuration files of a site's services, written anew each time it is started."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from places import ARRAYS, LAB, SERVICE_PASSWORD, VENV, keystone, port

Sections = Mapping[str, Mapping[str, object]]
SQL = f"mysql+pymysql://lab:lab@127.0.0.1:{port('mariadb')}"
#: Databases by the service that keeps its own; those of Nova are three.
DATABASES = {
    "keystone": 1,
    "placement": 1,
    "glance": 1,
    "neutron": 1,
    "cinder": 1,
    "nova": 1,
    "nova_cell0": 1,
    "nova_api": 1,
}


def home(site: str) -> Path:
    """Where a site keeps everything."""
    return LAB / site


def database(site: str, name: str) -> str:
    return f"{SQL}/{site}_{name}"


def _write(path: Path, sections: Sections) -> None:
    lines = []
    for section, options in sections.items():
        lines += [f"[{section}]", *(f"{key} = {value}" for key, value in options.items()), ""]
    path.touch(mode=0o600)
    path.write_text("\n".join(lines), encoding="utf-8")


def _user(site: str, name: str) -> dict[str, object]:
    """How a service logs in."""
    return {
        "auth_url": keystone(site),
        "auth_type": "password",
        "username": name,
        "password": SERVICE_PASSWORD,
        "project_name": "service",
        "user_domain_id": "default",
        "project_domain_id": "default",
    }


def _tokens(site: str, name: str) -> dict[str, object]:
    """How a service checks the tokens of others. Cinder lets Nova detach only with a token of Nova's own beside."""
    own = {
        "www_authenticate_uri": keystone(site),
        "service_token_roles": "service",
        "service_token_roles_required": True,
    }
    return _user(site, name) | own


def _broker(site: str) -> dict[str, object]:
    return {"transport_url": f"rabbit://guest:guest@127.0.0.1:{port('rabbitmq')}/{site}"}


def write(site: str) -> None:
    """Writes all of them."""
    for name in ("state", "lock", "images", "staging", "tasks", "fernet", "credential"):
        (home(site) / name).mkdir(parents=True, exist_ok=True)
    for part in (_keystone, _placement, _glance, _neutron, _cinder, _nova):
        part(site)


def _keystone(site: str) -> None:
    keys = {"key_repository": home(site) / "fernet"}
    _write(
        home(site) / "keystone.conf",
        {
            "DEFAULT": {"use_stderr": True},
            "database": {"connection": database(site, "keystone")},
            "fernet_tokens": keys,
            "fernet_receipts": keys,
            "credential": {"key_repository": home(site) / "credential"},
            # right in memory because Keystone is one process; without it each request reads the whole catalogue
            "cache": {"enabled": True, "backend": "dogpile.cache.memory"},
            "identity": {"password_hash_rounds": 4},
        },
    )


def _placement(site: str) -> None:
    _write(
        home(site) / "placement.conf",
        {
            "DEFAULT": {"use_stderr": True},
            "placement_database": {"connection": database(site, "placement")},
            "keystone_authtoken": _tokens(site, "placement"),
        },
    )


def _glance(site: str) -> None:
    def folder(name: str) -> dict[str, object]:
        return {"filesystem_store_datadir": home(site) / name}

    _write(
        home(site) / "glance-api.conf",
        {
            "DEFAULT": {"use_stderr": True, "enabled_backends": "files:file"},
            "database": {"connection": database(site, "glance")},
            "glance_store": {"default_backend": "files"},
            "files": folder("images"),
            "os_glance_staging_store": folder("staging"),
            "os_glance_tasks_store": folder("tasks"),
            "paste_deploy": {"flavor": "keystone", "config_file": VENV / "etc/glance/glance-api-paste.ini"},
            "keystone_authtoken": _tokens(site, "glance"),
        },
    )


def _neutron(site: str) -> None:
    _write(
        home(site) / "neutron.conf",
        {
            "DEFAULT": {
                "use_stderr": True,
                "state_path": home(site) / "state",
                "api_paste_config": VENV / "etc/neutron/api-paste.ini",
                "core_plugin": "ml2",
                "service_plugins": "",
                "dhcp_agent_notification": False,
                "notify_nova_on_port_status_changes": False,
                "notify_nova_on_port_data_changes": False,
            }
            | _broker(site),
            "ml2": {
                "type_drivers": "local",
                "tenant_network_types": "local",
                "mechanism_drivers": "lab_binds_all",
                "extension_drivers": "port_security",
            },
            "database": {"connection": database(site, "neutron")},
            "oslo_concurrency": {"lock_path": home(site) / "lock"},
            "keystone_authtoken": _tokens(site, "neutron"),
        },
    )


def pool(site: str) -> str:
    """What Cinder's backend calls itself; an ``@`` in it is usual."""
    return f"pure@backend-{site}"


def _backend(site: str) -> dict[str, object]:
    """Cinder's genuine driver on the array of the site, replicating to the other one, by pod or by snapshots."""
    arrays = {array["name"]: array for array in json.loads(ARRAYS.read_text(encoding="utf-8"))["arrays"]}
    own = arrays.pop(f"arr-{site}")
    (other,) = arrays.values()

    def address(array: Mapping[str, str]) -> str:
        return array["url"].removeprefix("https://")

    peer = f"backend_id:{other['name']},san_ip:{address(other)},api_token:{other['api_token']},type:sync"
    return {
        "volume_driver": "cinder.volume.drivers.pure.PureISCSIDriver",
        "volume_backend_name": pool(site),
        "san_ip": address(own),
        "pure_api_token": own["api_token"],
        "replication_device": peer,
        "pure_replica_interval_default": 300,
    }


def _cinder(site: str) -> None:
    etc = VENV / "etc/cinder"
    shutil.copy(etc / "api-paste.ini", home(site) / "cinder-paste.ini")
    _write(
        home(site) / "cinder.conf",
        {
            "DEFAULT": {
                "host": f"site{site}",
                "my_ip": "127.0.0.1",
                "use_stderr": True,
                "state_path": home(site) / "state",
                "api_paste_config": home(site) / "cinder-paste.ini",
                "resource_query_filters_file": etc / "resource_filters.json",
                "rootwrap_config": etc / "rootwrap.conf",
                "enabled_backends": f"backend-{site}",
                "glance_api_servers": f"http://127.0.0.1:{port('glance', site)}",
                "report_interval": 5,
                "periodic_interval": 10,
                "periodic_fuzzy_delay": 0,
            }
            | _broker(site),
            "database": {"connection": database(site, "cinder")},
            "oslo_concurrency": {"lock_path": home(site) / "lock"},
            "nova": _user(site, "nova"),
            "keystone_authtoken": _tokens(site, "cinder"),
            f"backend-{site}": _backend(site),
        },
    )


def _nova(site: str) -> None:
    # Nova's API takes the first file of its directory as paste file, which therefore is called so
    shutil.copy(VENV / "etc/nova/api-paste.ini", home(site) / "api-paste.ini")
    # the fake hypervisor does not write down which node it is, and without that nova-compute starts once only
    node = uuid.uuid5(uuid.NAMESPACE_DNS, f"compute-{site}")
    (home(site) / "state" / "compute_id").write_text(str(node), encoding="ascii")
    own = _user(site, "nova")
    _write(
        home(site) / "nova.conf",
        {
            "DEFAULT": {
                "host": f"compute-{site}",
                "my_ip": "127.0.0.1",
                "use_stderr": True,
                "state_path": home(site) / "state",
                "compute_driver": "fake.LastingDriver",
                "vif_plugging_is_fatal": False,
                "vif_plugging_timeout": 0,
                "graceful_shutdown_timeout": 2,
                "report_interval": 5,
                "periodic_fuzzy_delay": 0,
            }
            | _broker(site),
            "conductor": {"workers": 1},
            "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 5},
            "database": {"connection": database(site, "nova")},
            "api_database": {"connection": database(site, "nova_api")},
            "oslo_concurrency": {"lock_path": home(site) / "lock"},
            "glance": {"api_servers": f"http://127.0.0.1:{port('glance', site)}"},
            "cinder": own | {"catalog_info": "volumev3:cinder:publicURL"},
            "neutron": own,
            "placement": _user(site, "placement"),
            "service_user": own | {"send_service_user_token": True},
            "keystone_authtoken": _tokens(site, "nova"),
        },
    )
