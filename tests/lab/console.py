"""An operator at a shell who uses Protector on two clouds, and the servers that are protected."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from places import ARRAYS, CLOUDS, HERE, SITES, keystone, port
from processes import is_taken
from rest import Cloud

BIN = Path(sys.executable).parent
NETWORKS = "net-primary-web=net-secondary-web"
ISOLATED = "net-primary-web=net-isolated"
#: The title of a step of a move.
IMPORTED = "import '"
#: Which array plays which part, in the order of the sites.
ROLES = {"primary": "arr-a", "secondary": "arr-b"}


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


def environment(clouds: Path = CLOUDS) -> dict[str, str]:
    """Nothing of the caller's own clouds, and the clouds of the lab."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "PROTECTOR_"))}
    return kept | {"OS_CLIENT_CONFIG_FILE": str(clouds)}


@dataclass
class Operator:
    """Types commands on the machine of one site or the other; each answer is JSON."""

    directory: Path
    #: On whose machine they are typed.
    site: str = "a"
    #: How the clouds are reached.
    clouds: Path = CLOUDS
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
        return environment(self.clouds) | {"PROTECTOR_CONFIG_FILE": str(self._machine(self.site).config)}

    def _run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        typed = [str(BIN / program), *words]
        return subprocess.run(typed, env=self._environment(), capture_output=True, text=True, timeout=900)

    def run(self, program: str, *words: str) -> str:
        """What a command prints; it must succeed."""
        done = self._run(program, *words)
        assert done.returncode == 0, f"{program} {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def __call__(self, *words: str) -> Any:
        """The answer of ``openstack protector …``."""
        text = self.run("openstack", "protector", *words, "-f", "json")
        return json.loads(text) if text.strip() else None

    @contextmanager
    def begun(self, after: str, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A command as it runs, once it has told of a step that this is part of; in the end it is killed."""
        command = [str(BIN / "openstack"), "protector", *words, "--wait", "-f", "json"]
        unbuffered = self._environment() | {"PYTHONUNBUFFERED": "1"}
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=unbuffered, stdout=pipe, stderr=pipe, text=True) as process:
            assert process.stderr is not None
            try:
                told = []
                for line in process.stderr:
                    told.append(line)
                    if after in line:
                        break
                else:
                    raise AssertionError(f"{' '.join(words)} never told of '{after}':\n{''.join(told)}")
                yield process
            finally:
                process.kill()

    def types(self, command: str) -> str:
        """Types a command as it was printed."""
        program, *words = shlex.split(command)
        return self.run(program, *words)

    def attempt(self, *words: str) -> Any:
        """The operation that a command has ended with, good or not."""
        done = self._run("openstack", "protector", *words, "--wait", "-f", "json")
        assert done.stdout.strip(), done.stderr
        return json.loads(done.stdout)

    def ended(self, process: subprocess.Popen[str]) -> Any:
        """The same of a command that was begun."""
        text, errors = process.communicate(timeout=900)
        assert text.strip(), errors
        return json.loads(text)

    def operation(self, *words: str) -> str:
        """Waits for the end of an operation, which must be a good one, and gives its id."""
        began = time.monotonic()
        done = self(*words, "--wait")
        self.took.append((" ".join(words[:2]), time.monotonic() - began))
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
