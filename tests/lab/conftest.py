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
from places import ARRAYS, CLOUDS, HERE, SITES, keystone
from rest import Cloud

BIN = Path(sys.executable).parent
NETWORKS = "net-primary-web=net-secondary-web"
ISOLATED = "net-primary-web=net-isolated"


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


@dataclass
class Operator:
    """Types commands; each answer is JSON."""

    directory: Path
    #: The site that commands work from.
    site: str = "site-a"
    #: What was done, and how many seconds it took.
    took: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        served = {array["name"]: array for array in arrays()["arrays"]}
        storage = [f"array_ca_file = {served['arr-a']['ca_cert']}"]
        for role, name in (("primary", "arr-a"), ("secondary", "arr-b")):
            storage.append(f"{role}_array_url = {served[name]['url']}")
            storage.append(f"{role}_array_api_token = {served[name]['api_token']}")
        sites = [
            f"[site:site-{site}]\ncloud = site-{site}\narray = {role}"
            for site, role in zip(SITES, ("primary", "secondary"), strict=True)
        ]
        text = (
            f"[DEFAULT]\nstate_path = {self.directory}\n"
            "[engine]\nstorage_driver = pure\ncloud_driver = openstack\nlocal_site = site-a\n"
            f"[storage]\nfernet_key_repository = {self.directory}/keys\n" + "\n".join(storage) + "\n" + "\n".join(sites)
        )
        config = self.directory / "protector.conf"
        config.touch(mode=0o600)
        config.write_text(text + "\n", encoding="utf-8")
        for words in (["fernet", "setup"], ["db", "sync"]):
            self.run("protector-manage", *words)
        for site in SITES:
            self("site", "create", "--name", f"site-{site}", "--auth-url", keystone(site), "--cloud", f"site-{site}")

    def _environment(self, program: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        kept |= {"OS_CLIENT_CONFIG_FILE": str(CLOUDS), "PROTECTOR_CONFIG_FILE": str(self.directory / "protector.conf")}
        return kept | ({"OS_CLOUD": self.site} if program == "openstack" else {})

    def run(self, program: str, *words: str) -> str:
        """What a command prints; it must succeed."""
        environment = self._environment(program)
        done = subprocess.run(
            [str(BIN / program), *words], env=environment, capture_output=True, text=True, timeout=900
        )
        assert done.returncode == 0, f"{program} {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def __call__(self, *words: str) -> Any:
        """The answer of ``openstack protector …``."""
        text = self.run("openstack", "protector", *words, "-f", "json")
        return json.loads(text) if text.strip() else None

    def killed(self, after: str, *words: str) -> None:
        """Begins an operation whose process is killed as soon as it tells of a step that this is part of."""
        command = [str(BIN / "openstack"), "protector", *words, "--wait"]
        environment = self._environment("openstack") | {"PYTHONUNBUFFERED": "1"}
        output = subprocess.PIPE
        with subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True) as process:
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
    for what, seconds in made.took:
        print(f"{what:32} {seconds:6.1f} s")


@pytest.fixture
def workload(operator: Operator) -> Workload:
    """A protected server at site-a whose first recovery point has arrived."""
    name = f"story-{uuid.uuid4().hex[:8]}"
    operator.site = "site-a"
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
    return made
