"""A rehearsal on the two real clouds with simulated arrays under them."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import seed
from clearing import clear
from console import BIN, ISOLATED, NETWORKS, disks, environment
from listing import Listing
from places import SITES, keystone
from rest import Cloud

SETTINGS = """
[DEFAULT]
state_path = {directory}
[engine]
storage_driver = mock
cloud_driver = openstack
mock_db_path = {directory}/arrays.db
local_site = site-a
failover_to_blank_disks = {allowed}
[storage]
fernet_key_repository = {directory}/keys
[site:site-a]
[site:site-b]
"""


@dataclass(frozen=True)
class Trial:
    """One machine for both sites, and somebody who types on it."""

    directory: Path

    @property
    def config(self) -> Path:
        return self.directory / "protector.conf"

    def allow(self, moves: bool) -> None:
        """Whether more than tests is allowed."""
        self.config.write_text(SETTINGS.format(directory=self.directory, allowed=moves), encoding="utf-8")

    def run(self, program: str, *words: str, fails: bool = False) -> str:
        """What a command prints, or how it fails."""
        typed = [str(BIN / program), *words]
        with_config = environment() | {"PROTECTOR_CONFIG_FILE": str(self.config)}
        done = subprocess.run(typed, env=with_config, capture_output=True, text=True, timeout=900, check=False)
        said = f"{' '.join(typed)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert (done.returncode != 0) == fails, said
        return done.stderr if fails else done.stdout

    def __call__(self, *words: str) -> Any:
        """The answer of ``openstack protector …``."""
        text = self.run("openstack", "protector", *words, "-f", "json")
        return json.loads(text) if text.strip() else None

    def operation(self, *words: str) -> str:
        """Waits for the end of an operation, which must be a good one, and gives its id."""
        done = self(*words, "--wait")
        assert (done["status"], done["instances_failed"]) == ("completed", 0), done
        return str(done["id"])


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    made = Trial(tmp_path_factory.mktemp("trial"))
    made.allow(False)
    for words in (["fernet", "setup"], ["db", "sync"]):
        made.run("protector-manage", *words)
    for site in SITES:
        made("site", "create", "--name", f"site-{site}", "--auth-url", keystone(site), "--cloud", f"site-{site}")
    return made


@dataclass(frozen=True)
class Own:
    """A server of somebody's project, and what of him there was at the beginning."""

    name: str
    server: dict[str, Any]

    @property
    def server_id(self) -> str:
        return str(self.server["id"])

    @property
    def volumes(self) -> set[str]:
        return {volume["id"] for volume in self.server["os-extended-volumes:volumes_attached"]}

    def at(self, site: str) -> dict[str, Any]:
        """The server of that name at a site."""
        servers = Cloud(site).get("compute", "/servers/detail")["servers"]
        (found,) = [server for server in servers if server["name"] == self.name]
        return dict(found)


@pytest.fixture
def own(trial: Trial) -> Iterator[Own]:
    """A protected server with two disks whose first recovery point has arrived."""
    before = {site: Listing.of(site) for site in SITES}
    name = f"trial-{uuid.uuid4().hex[:8]}"
    made = Own(name, seed.server(Cloud("a"), name, "net-primary-web"))
    trial.allow(False)
    sites = ("--primary-site", "site-a", "--secondary-site", "site-b")
    kind = ("--replication-type", "async", "--volume-type", seed.VOLUME_TYPE)
    trial("protection-group", "create", "--name", name, *kind, *sites)
    timing = ("--replication-interval", "300", "--rpo-minutes", "15")
    trial("policy", "create", name, "--pure-pg-name", f"pg-{name}", *timing)
    assert trial("member", "add", name, "--instance-id", made.server_id)["volumes"] == 2
    trial.operation("consistency-group", "sync", name)
    yield made
    trial.run("openstack", "protector", "member", "remove", name, "--instance-id", made.server_id)
    trial.run("openstack", "protector", "protection-group", "delete", name)
    for site in SITES:
        clear(Cloud(site), name, made.server_id)
        left = Listing.of(site).beyond(before[site])
        # what Cinder's own driver replicates of a group outlives it on the other array
        left.pop("array_groups", None)
        assert left == {}, site


def volumes(site: str) -> dict[str, dict[str, Any]]:
    return {volume["id"]: volume for volume in Cloud(site).get("volume", "/volumes/detail")["volumes"]}


def test_both_sites_are_fit(trial: Trial) -> None:
    assert "nothing is replicated or protected" in trial.run("protector-manage", "config", "check")
    for site in ("site-a", "site-b"):
        checks = trial("site", "validate", site)
        assert {check["result"] for check in checks} == {"ok"}, checks


def test_a_rehearsal_starts_from_blank_disks_and_leaves_nothing(trial: Trial, own: Own) -> None:
    before, known = {site: Listing.of(site) for site in SITES}, set(volumes("b"))
    drill = trial.operation("test-failover", own.name, "--retain-primary", "--network-mapping", ISOLATED)
    assert own.at("a")["status"] == "ACTIVE", "the primary runs on"
    made = [volume for id_, volume in volumes("b").items() if id_ not in known]
    marks = [(each["metadata"]["protector_blank"] == each["id"], each["status"]) for each in made]
    assert marks == [(True, "in-use")] * 2
    servers = Cloud("b").get("compute", "/servers/detail")["servers"]
    (rehearsed,) = [server for server in servers if own.name in server["name"]]
    assert (rehearsed["status"], list(rehearsed["addresses"])) == ("ACTIVE", ["net-isolated"])
    assert [size for _, size, *_ in disks("b", rehearsed)] == [size for _, size, *_ in disks("a", own.server)]
    trial.operation("test-cleanup", own.name)
    for site, earlier in before.items():
        assert Listing.of(site).beyond(earlier) == {}, site
    report = trial.run("openstack", "protector", "operation", "report", drill)
    assert "Drill passed: with blank disks, 1 of 1 servers ran" in report
    assert "2 disks arrive blank on site-b" in report


def test_more_than_that_is_refused_until_it_is_allowed(trial: Trial, own: Own) -> None:
    refused = trial.run(
        "openstack", "protector", "failover", own.name, "--network-mapping", NETWORKS, "--wait", fails=True
    )
    assert "failover_to_blank_disks = true" in refused
    assert own.at("a")["status"] == "ACTIVE"

    trial.allow(True)
    trial.operation("failover", own.name, "--network-mapping", NETWORKS)
    assert (own.at("b")["status"], own.at("a")["status"]) == ("ACTIVE", "SHUTOFF")
    trial.operation("failback", own.name)
    home = own.at("a")
    attached = {volume["id"] for volume in home["os-extended-volumes:volumes_attached"]}
    assert (home["status"], attached & own.volumes) == ("ACTIVE", set()), "on blank disks"
    left = {id_: volumes("a")[id_]["status"] for id_ in own.volumes}
    assert set(left.values()) == {"available"}, "what it had stays, detached"
