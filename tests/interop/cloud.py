"""Keystone and Cinder as they are published, each in one process, with Cinder's Pure driver on a simulated array."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests
from simulator import Array, Simulator, see_end_of, wait_for

HERE = Path(__file__).parent
START_SECONDS = 90
"""Within which a service answers; it takes a tenth of that on an idle machine."""
PASSWORD = "planted-password-of-admin"
MEMBER_PASSWORD = "planted-password-of-demo"
REGION = "RegionOne"
HOST, BACKEND = "site", "backend"
TOKEN_SECONDS = 1
"""How long Cinder goes on with a token before it asks Keystone again."""
POOL = "pure@backend"
"""The pool of a Pure backend is called as ``volume_backend_name`` says; another ``@`` in it is usual."""
ON_BACKEND = {"volume_backend_name": POOL}
ASYNCHRONOUS = {"replication_enabled": "<is> True", "replication_type": "<in> async", **ON_BACKEND}
SYNCHRONOUS = {**ASYNCHRONOUS, "replication_type": "<in> sync"}
VOLUME_TYPES = {
    "replicated": ASYNCHRONOUS,
    "replicated-too": ASYNCHRONOUS,
    "synchronous": SYNCHRONOUS,
    "plain": ON_BACKEND,
    "nowhere": {"volume_backend_name": "no-such-backend"},
}
CONSISTENT = {"consistent_group_snapshot_enabled": "<is> True", "consistent_group_replication_enabled": "<is> True"}

CINDER = """
[DEFAULT]
host = {host}
state_path = {directory}
log_file = {directory}/cinder.log
api_paste_config = {etc}/api-paste.ini
resource_query_filters_file = {etc}/resource_filters.json
rootwrap_config = {etc}/rootwrap.conf
auth_strategy = keystone
transport_url = fake://
osapi_volume_listen = 127.0.0.1
osapi_volume_listen_port = 0
osapi_volume_workers = 1
# lists of more have several pages
osapi_max_limit = 5
enabled_backends = {backend}
report_interval = 2
periodic_interval = 2
periodic_fuzzy_delay = 0
# on a machine that is busy with something else no service is taken for dead
service_down_time = 3600
[database]
connection = sqlite:///{directory}/cinder.sqlite
[oslo_concurrency]
lock_path = {directory}
[coordination]
backend_url = file://{directory}/coordination
[keystone_authtoken]
www_authenticate_uri = {keystone}
auth_url = {keystone}
auth_type = password
username = cinder
password = {password}
project_name = service
user_domain_id = default
project_domain_id = default
token_cache_time = {token_seconds}
[{backend}]
volume_driver = cinder.volume.drivers.pure.PureISCSIDriver
volume_backend_name = {pool}
san_ip = {here.address}
pure_api_token = {here.api_token}
pure_eradicate_on_delete = False
replication_device = backend_id:{there.name},san_ip:{there.address},api_token:{there.api_token},type:sync
"""


class Service:
    """A process that writes a file when it can be asked."""

    def __init__(self, script: str, argument: Path, ready: Path) -> None:
        self._script, self._argument, self._ready = script, argument, ready
        self._output = ready.parent / f"{script}.out"

    def __enter__(self) -> Service:
        command = [sys.executable, HERE / self._script, self._argument]
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        see_end_of(self._process)

    def told(self) -> str:
        """What it wrote; waits for it."""
        end = time.monotonic() + START_SECONDS
        while not self._ready.exists():
            ended = self._process.poll() is not None or time.monotonic() > end
            assert not ended, f"{self._script} did not start: {self._output.read_text()}"
            time.sleep(0.05)
        return self._ready.read_text()


class Cloud:
    """One cloud, from ``with`` on and to its end."""

    def __init__(self, directory: Path, simulator: Simulator) -> None:
        self.directory = directory
        self.simulator = simulator
        self.clouds_file = directory / "clouds.yaml"
        self._clouds: dict[str, Any] = {}
        self._running = ExitStack()
        self._token = ""
        self._given: list[str] = []

    def __enter__(self) -> Cloud:
        with ExitStack() as running:
            self._start(running)
            self._running = running.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def here(self) -> Array:
        """The array of Cinder's backend."""
        return self.simulator.arrays["arrA"]

    def _start(self, running: ExitStack) -> None:
        keystone, cinder = self.directory / "keystone", self.directory / "cinder"
        for directory in (keystone, cinder):
            directory.mkdir()
        (keystone / "password").write_text(PASSWORD)
        identity = running.enter_context(Service("keystone_process.py", keystone, keystone / "address"))
        self.keystone = identity.told()
        # Cinder asks Keystone when it is asked itself, so both can be begun with
        etc = Path(sys.prefix, "etc/cinder")
        arrays = self.simulator.arrays
        names = {"host": HOST, "backend": BACKEND, "pool": POOL, "here": arrays["arrA"], "there": arrays["arrB"]}
        access = {"keystone": self.keystone, "password": PASSWORD, "token_seconds": TOKEN_SECONDS}
        text = CINDER.format(directory=cinder, etc=etc, **names, **access)
        (cinder / "cinder.conf").write_text(text)
        storage = running.enter_context(Service("cinder_process.py", cinder / "cinder.conf", cinder / "port"))
        self._fill_keystone()
        self.cinder = f"http://127.0.0.1:{storage.told()}"
        self._list_cinder()
        self._fill_cinder()

    def secrets(self) -> list[str]:
        """What no log may show."""
        tokens = [array.api_token for array in self.simulator.arrays.values()]
        return [PASSWORD, MEMBER_PASSWORD, *tokens, *self._given]

    def keep_secret(self, secret: str) -> None:
        """Says that no log may show it."""
        self._given.append(secret)

    # Keystone

    def token(self) -> str:
        """A token of the administrator."""
        if not self._token:
            self._token = self.token_of("admin", PASSWORD, "admin")
        return self._token

    def token_of(self, user: str, password: str, project: str) -> str:
        """A new token."""
        domain = {"id": "default"}
        identity = {
            "methods": ["password"],
            "password": {"user": {"name": user, "domain": domain, "password": password}},
        }
        scope = {"project": {"name": project, "domain": domain}}
        reply = requests.post(
            f"{self.keystone}/auth/tokens", json={"auth": {"identity": identity, "scope": scope}}, timeout=30
        )
        assert reply.status_code == 201, reply.text
        token = reply.headers["X-Subject-Token"]
        self._given.append(token)
        return token

    def revoke(self, token: str) -> None:
        """Ends a token before its time."""
        headers = {"X-Auth-Token": self.token(), "X-Subject-Token": token}
        reply = requests.delete(f"{self.keystone}/auth/tokens", headers=headers, timeout=30)
        # with a token end those that were made with it
        assert reply.status_code in (204, 404), reply.text
        self.let_tokens_be_asked_for()

    @staticmethod
    def let_tokens_be_asked_for() -> None:
        """Waits until Cinder believes in no token that it has not asked Keystone about from now on."""
        time.sleep(TOKEN_SECONDS + 0.5)

    def identity(self, method: str, path: str, body: Any = None) -> Any:
        """A call of Keystone as administrator."""
        return self._call(method, f"{self.keystone}/{path}", body, {"X-Auth-Token": self.token()})

    def _fill_keystone(self) -> None:
        self.roles = {each["name"]: each["id"] for each in self.identity("GET", "roles")["roles"]}
        self.projects = {each["name"]: each["id"] for each in self.identity("GET", "projects")["projects"]}
        for name in ("service", "demo"):
            made = self.identity("POST", "projects", {"project": {"name": name, "domain_id": "default"}})
            self.projects[name] = made["project"]["id"]
        self.user("cinder", PASSWORD, "service", "admin", "service")
        self.user("demo", MEMBER_PASSWORD, "demo", "member")
        self.add_cloud("admin", self.password_auth("admin", PASSWORD, "admin"))
        self.add_cloud("demo", self.password_auth("demo", MEMBER_PASSWORD, "demo"))

    def user(self, name: str, password: str, project: str, *roles: str) -> str:
        """Makes a user with roles in a project."""
        body = {"user": {"name": name, "password": password, "domain_id": "default"}}
        made: str = self.identity("POST", "users", body)["user"]["id"]
        for role in roles:
            self.identity("PUT", f"projects/{self.projects[project]}/users/{made}/roles/{self.roles[role]}")
        return made

    def _list_cinder(self) -> None:
        service = self.identity("POST", "services", {"service": {"type": "volumev3", "name": "cinder"}})["service"]
        url = f"{self.cinder}/v3/%(project_id)s"
        for interface in ("public", "internal", "admin"):
            endpoint = {"service_id": service["id"], "interface": interface, "region_id": REGION, "url": url}
            self.identity("POST", "endpoints", {"endpoint": endpoint})

    # clouds.yaml and OpenStackClient

    def password_auth(self, user: str, password: str, project: str) -> dict[str, Any]:
        """An ``auth`` of clouds.yaml."""
        who = {"username": user, "password": password, "user_domain_name": "Default"}
        return {"auth": {"auth_url": self.keystone, **who, "project_name": project, "project_domain_name": "Default"}}

    def add_cloud(self, name: str, entry: dict[str, Any]) -> None:
        """Writes an entry of clouds.yaml, which is JSON here."""
        self._clouds[name] = {"region_name": REGION, **entry}
        self.clouds_file.write_text(json.dumps({"clouds": self._clouds}))

    def openstack(self, command: str) -> str:
        """Carries out what a person is told to type, in a shell."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "OS_CLIENT_CONFIG_FILE": str(self.clouds_file)}
        done = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    # Cinder

    def volume(self, method: str, path: str, body: Any = None) -> Any:
        """A call of Cinder as administrator, in the administrator's project."""
        headers = {"X-Auth-Token": self.token(), "OpenStack-API-Version": "volume 3.71"}
        return self._call(method, f"{self.cinder}/v3/{self.projects['admin']}/{path}", body, headers)

    def _fill_cinder(self) -> None:
        # the driver has asked its array, and the scheduler knows what it said
        wait_for(lambda: self.volume("GET", "scheduler-stats/get_pools")["pools"], START_SECONDS)
        for name, specs in VOLUME_TYPES.items():
            self.volume("POST", "types", {"volume_type": {"name": name, "extra_specs": specs}})
        self.add_group_type()

    def add_group_type(self) -> None:
        """The group type of replicated groups."""
        made = self.volume("POST", "group_types", {"group_type": {"name": "consistent"}})["group_type"]["id"]
        self.volume("POST", f"group_types/{made}/group_specs", {"group_specs": CONSISTENT})

    @staticmethod
    def _call(method: str, url: str, body: Any, headers: dict[str, str]) -> Any:
        reply = requests.request(method, url, json=body, headers=headers, timeout=60)
        assert reply.ok, f"{method} {url}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None
