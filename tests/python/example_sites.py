"""Two sites on the drivers of examples/drivers, which nothing simulates, and the commands that work on them."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from conftest import Result, run_executable, run_osc

from protector import Engine, Settings, _native

SOURCE = Path(__file__).parents[2] / "examples" / "drivers"
sys.path.insert(0, str(SOURCE))

from protector_example_drivers.array import Array  # noqa: E402
from protector_example_drivers.seed import SERVER, array, cloud, seed  # noqa: E402

#: Networks of the way there, and of the way home.
THERE = {"net-a": "net-b"}
HOME = {"net-b": "net-a"}
GROUP = "web"


def install(directory: Path, project: Path = SOURCE) -> None:
    """What pip would write of a distribution: its name, and its entry points."""
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    tables = re.findall(r'^\[project\.entry-points\."(.+)"\]\n((?:\S.*\n)+)', text, re.MULTILINE)
    assert len(tables) == 2, text
    info = directory / "protector_example_drivers-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: protector-example-drivers\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("\n".join(f"[{group}]\n{lines}" for group, lines in tables).replace('"', ""))


@dataclass(frozen=True)
class Sites:
    """A seeded pair of sites in a directory."""

    directory: Path

    @property
    def config_file(self) -> Path:
        return self.directory / "protector.conf"

    def make(self) -> None:
        """The sites, their configuration, keys and databases."""
        self.directory.mkdir(exist_ok=True)
        self.config_file.write_text(seed(self.directory), encoding="utf-8")
        _native.fernet_setup(self.settings)
        _native.db_sync(self.settings)

    @property
    def settings(self) -> Settings:
        return Settings.load([self.config_file])

    def engine(self, site: str = "site-a") -> Engine:
        return Engine(self.settings, site)

    def array(self, site: str) -> Array:
        return array(self.directory, site)

    def records(self, site: str) -> dict:
        """What the file of a cloud says."""
        return cloud(self.directory, site)._records.read()

    def server(self, site: str, name: str = SERVER) -> str:
        [found] = [id_ for id_, each in self.records(site)["servers"].items() if each["name"] == name]
        return found

    def servers(self) -> list[tuple[str, str, str]]:
        return sorted(
            (site, each["name"], each["state"])
            for site in ("site-a", "site-b")
            for each in self.records(site)["servers"].values()
        )

    def protect(self) -> Engine:
        """Both sites, a group with the seeded server, and its first recovery point."""
        for site in ("site-a", "site-b"):
            self.engine().site_create(site)
        engine = self.engine()
        engine.protection_group_create(
            GROUP, replication_type="async", primary_site="site-a", secondary_site="site-b", volume_type="replicated"
        )
        engine.policy_create(GROUP, pure_pg_name="pg-web", replication_interval=300, rpo_minutes=15)
        engine.member_add(GROUP, self.server("site-a"))
        assert engine.sync(GROUP).completed
        return engine

    def disks(self, site: str, server: str = SERVER) -> dict[str, tuple[Array, str]]:
        """The array volumes of a server, by device."""
        records = self.records(site)
        attached = records["servers"][self.server(site, server)]["volumes"]
        return {
            each["device"]: (self.array(site), records["volumes"][each["volume"]]["array_volume_id"])
            for each in attached
        }

    def write(self, site: str, text: str) -> None:
        """Lets the server write to all of its disks."""
        for device, (behind, volume) in self.disks(site).items():
            behind.write(volume, 1 << 20, f"{text} {device}".ljust(64).encode())

    def read(self, site: str, server: str = SERVER) -> dict[str, str]:
        """What its disks hold there."""
        return {
            device: behind.content(volume, 1 << 20, 64).decode().strip().strip("\0")
            for device, (behind, volume) in self.disks(site, server).items()
        }


def openstack(*arguments: str) -> Result:
    """Runs ``openstack protector …``, as an operator does; it must succeed."""
    return succeeded(run_executable("openstack", "protector", *arguments))


def openstack_here(*arguments: str) -> Result:
    """The same in this process, which is quicker."""
    return succeeded(run_osc("protector", *arguments))


def succeeded(done: Result) -> Result:
    assert done.code == 0, done.err
    return done


def environment(sites: Sites, installed: Path) -> dict[str, str]:
    """What processes need to find the drivers and the sites."""
    places = (str(installed), str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")]))
    return {
        "PYTHONPATH": os.pathsep.join(places),
        "PROTECTOR_CONFIG_FILE": str(sites.config_file),
        "HOME": str(sites.directory),
    }
