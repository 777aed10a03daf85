"""Two clouds that run, and an operator at a shell who uses Protector on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import seed
from clearing import clear
from listing import Listing
from places import ARRAYS, CLOUDS, HERE, SITES, keystone, port
from processes import is_taken
from rest import Cloud

BIN = Path(sys.executable).parent
NETWORKS = "net-primary-web=net-secondary-web"
ISOLATED = "net-primary-web=net-isolated"
#: Which array plays which part, in the order of the sites.
ROLES = {"primary": "arr-a", "secondary": "arr-b"}


def pytest_sessionstart() -> None:
    if not (CLOUDS.exists() and ARRAYS.exists()):
        raise pytest.UsageError("the lab is not up: make lab, or lab.py up and lab.py seed")


def lab(*words: str) -> None:
    """A verb of the lab."""
    subprocess.run([sys.executable, "-B", str(HERE / "lab.py"), *words], check=True, timeout=600)


def arrays() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(ARRAYS.read_text(encoding="utf-8"))
    return read


def fault(line: str | None) -> None:
    """Makes something of the arrays fail; nothing ends all of that."""
    method, data = ("DELETE", None) if line is None else ("POST", line.encode())
    request = urllib.request.Request(f"{arrays()['control']}/faults", data, method=method)
    urllib.request.urlopen(request, timeout=10).close()


@dataclass(frozen=True)
class Machine:
    """The machine of one site: its own configuration, database and keys; the other site is asked over HTTP."""

    site: str
    directory: Path

    @property
    def config(self) -> Path:
        return self.directory / "protector.conf"

    def configure(self) -> None:
        served = {array["name"]: array for array in arrays()["arrays"]}
        storage = {"fernet_key_repository": self.directory / "keys", "array_ca_file": served["arr-a"]["ca_cert"]}
        for role, name in ROLES.items():
            storage[f"{role}_array_url"] = served[name]["url"]
            storage[f"{role}_array_api_token"] = served[name]["api_token"]
        sections: dict[str, dict[str, object]] = {
            "DEFAULT": {"state_path": self.directory},
            "engine": {"storage_driver": "pure", "cloud_driver": "openstack", "local_site": f"site-{self.site}"},
            "storage": storage,
            "api": {"auth_strategy": "noauth", "bind_host": "127.0.0.1", "bind_port": port("protector", self.site)},
        }
        for site, role in zip(SITES, ROLES, strict=True):
            entry: dict[str, object] = {"cloud": f"site-{site}", "array": role}
            if site != self.site:
                entry |= {"api_url": f"http://127.0.0.1:{port('protector', site)}", "api_timeout": 10}
            sections[f"site:site-{site}"] = entry
        lines = [
            f"[{name}]\n" + "\n".join(f"{k} = {v}" for k, v in values.items()) for name, values in sections.items()
        ]
        self.directory.mkdir()
        self.config.touch(mode=0o600)
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def serve(self) -> subprocess.Popen[bytes]:
        """Its ``protector-api``, once it answers."""
        words = [str(BIN / "protector-api"), "--config-file", str(self.config)]
        with (self.directory / "api.log").open("ab") as log:
            process = subprocess.Popen(words, env=environment(), stdout=log, stderr=log)
        end = time.monotonic() + 60
        while not is_taken(port("protector", self.site)):
            assert process.poll() is None, (self.directory / "api.log").read_text()
            assert time.monotonic() < end, "protector-api does not listen"
            time.sleep(0.2)
        return process


def environment() -> dict[str, str]:
    """Nothing of the caller's own clouds, and the clouds of the lab."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "PROTECTOR_"))}
    return kept | {"OS_CLIENT_CONFIG_FILE": str(CLOUDS)}


@dataclass
class Operator:
    """Types commands on the machine of one site or the other; each answer is JSON."""

    directory: Path
    #: On whose machine they are typed.
    site: str = "a"
    #: What was done, and how many seconds it took.
    took: list[tuple[str, float]] = field(default_factory=list)
    _services: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for site in SITES:
            self._machine(site).configure()
            for words in (["fernet", "setup"], ["db", "sync"]):
                self.site = site
                self.run("protector-manage", *words)
        for site in SITES:
            self.starts(site)
        self.site = "a"
        for site in SITES:
            self("site", "create", "--name", f"site-{site}", "--auth-url", keystone(site), "--cloud", f"site-{site}")

    def _machine(self, site: str) -> Machine:
        return Machine(site, self.directory / f"site-{site}")

    def starts(self, site: str) -> None:
        """Starts the service of a site, unless it runs."""
        if site not in self._services:
            self._services[site] = self._machine(site).serve()

    def loses(self, site: str) -> None:
        """Ends the service of a site as a power failure does."""
        if service := self._services.pop(site, None):
            service.kill()
            service.wait(timeout=30)

    def _environment(self) -> dict[str, str]:
        return environment() | {"PROTECTOR_CONFIG_FILE": str(self._machine(self.site).config)}

    def run(self, program: str, *words: str) -> str:
        """What a command prints; it must succeed."""
        typed = [str(BIN / program), *words]
        done = subprocess.run(typed, env=self._environment(), capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, f"{program} {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def __call__(self, *words: str) -> Any:
        """The answer of ``openstack protector …``."""
        text = self.run("openstack", "protector", *words, "-f", "json")
        return json.loads(text) if text.strip() else None

    def killed(self, after: str, *words: str) -> None:
        """Begins an operation whose process is killed as soon as it tells of a step that this is part of."""
        command = [str(BIN / "openstack"), "protector", *words, "--wait"]
        unbuffered = self._environment() | {"PYTHONUNBUFFERED": "1"}
        output = subprocess.PIPE
        with subprocess.Popen(command, env=unbuffered, stdout=output, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout is not None
            try:
                told = next((line for line in process.stdout if after in line), None)
            finally:
                process.kill()
        assert told is not None, f"{' '.join(words)} never told of '{after}'"

    def operation(self, *words: str) -> str:
        """Waits for the end of an operation, which must be a good one, and gives its id."""
        began = time.monotonic()
        done = self(*words, "--wait")
        self.took.append((words[0], time.monotonic() - began))
        assert (done["status"], done["instances_failed"]) == ("completed", 0), done
        return str(done["id"])


@dataclass(frozen=True)
class Workload:
    """A server with two disks in a protection group of its own."""

    name: str
    server: dict[str, Any]
    operator: Operator

    @property
    def server_id(self) -> str:
        return str(self.server["id"])

    def at(self, site: str) -> dict[str, Any]:
        """The server of that name at a site."""
        servers = Cloud(site).get("compute", "/servers/detail")["servers"]
        (found,) = [server for server in servers if server["name"] == self.name]
        return dict(found)


def addresses(server: dict[str, Any]) -> list[str]:
    """Its addresses, whatever the network."""
    return [address["addr"] for of_network in server["addresses"].values() for address in of_network]


def disks(site: str, server: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """By device: name, size, type and state of its volumes."""
    cloud = Cloud(site)
    listed = []
    for attached in server["os-extended-volumes:volumes_attached"]:
        volume = cloud.get("volume", f"/volumes/{attached['id']}")["volume"]
        assert not attached["delete_on_termination"], attached
        device = volume["attachments"][0]["device"]
        listed.append((device, (volume["name"], str(volume["size"]), volume["volume_type"], volume["status"])))
    return [disk for _, disk in sorted(listed)]


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    made = Operator(tmp_path_factory.mktemp("operator"))
    yield made
    for site in SITES:
        made.loses(site)
    for what, seconds in made.took:
        print(f"{what:32} {seconds:6.1f} s")


@pytest.fixture
def workload(operator: Operator) -> Iterator[Workload]:
    """A protected server at site-a whose first recovery point has arrived. Afterwards, at home again, it is no longer
    protected, and what the operator is left with is removed."""
    before = {site: Listing.of(site) for site in SITES}
    name = f"story-{uuid.uuid4().hex[:8]}"
    operator.site = "a"
    cloud = Cloud("a")
    made = Workload(name, seed.server(cloud, name, "net-primary-web"), operator)
    sites = ("--primary-site", "site-a", "--secondary-site", "site-b")
    kind = ("--replication-type", "async", "--volume-type", seed.VOLUME_TYPE)
    operator("protection-group", "create", "--name", name, *kind, *sites)
    timing = ("--replication-interval", "300", "--rpo-minutes", "15")
    operator("policy", "create", name, "--pure-pg-name", f"pg-{name}", *timing)
    member = operator("member", "add", name, "--instance-id", made.server_id)
    assert (member["status"], member["volumes"]) == ("protected", 2)
    operator.operation("consistency-group", "sync", name)
    yield made
    operator.run("openstack", "protector", "member", "remove", name, "--instance-id", made.server_id)
    operator.run("openstack", "protector", "protection-group", "delete", name)
    for site in SITES:
        clear(Cloud(site), made.name, made.server_id)
        left = Listing.of(site).beyond(before[site])
        # its recovery points, and the marks of whose they are, outlive a group
        left.pop("array_groups", None)
        left["array_volumes"] = [
            name for name in left.get("array_volumes", []) if not name.startswith("protector-mark-")
        ]
        assert left == {"array_volumes": []}, site
