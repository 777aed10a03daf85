"""The genuine Pure Storage driver of Cinder 29 at work on two arrays, without a database or a message queue.

Run as a process of its own, because Cinder keeps its configuration in globals. The file named by its first argument
says what to do, ``{"mode", "flow", "directory", "arrays": [{"name", "address", "api_token"}, ..]}``; what it asked and
what came of it is written to the one named by the second, ``{"steps": [[title, [line, ..]], ..], "results": {..}}``.
"""

from __future__ import annotations

import json
import re
import sys
import time
import unittest.mock
import warnings
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

warnings.simplefilter("ignore")  # of Cinder and its libraries about each other

from cinder import context, coordination, objects  # noqa: E402

objects.register_all()

from cinder.common import config  # noqa: E402, F401
from cinder.volume import configuration, driver  # noqa: E402
from cinder.volume.drivers import pure  # noqa: E402
from identifiers import identifier  # noqa: E402
from oslo_config import cfg  # noqa: E402
from pypureclient import flasharray  # noqa: E402
from recorder import recording  # noqa: E402

CONFIGURATION = """
[DEFAULT]
enabled_backends = backend
state_path = {directory}
[coordination]
backend_url = file://{directory}/locks
[oslo_concurrency]
lock_path = {directory}/locks
[backend]
volume_backend_name = backend
volume_driver = cinder.volume.drivers.pure.PureISCSIDriver
san_ip = {here.address}
pure_api_token = {here.api_token}
pure_eradicate_on_delete = False
pure_replica_interval_default = 900
replication_device = backend_id:arrB,san_ip:{there.address},api_token:{there.api_token},type:{mode}
"""


class VolumeType(dict[str, Any]):
    """A volume type of replicated volumes."""

    def __init__(self, mode: str) -> None:
        super().__init__(id=identifier("type"), name="replicated")
        self.id = self["id"]
        self.extra_specs = {"replication_enabled": "<is> True", "replication_type": f"<in> {mode}"}
        self["extra_specs"] = self.extra_specs

    def is_replicated(self) -> bool:
        return True


class Row(SimpleNamespace):
    """An object of Cinder, whose attributes are read in all three ways."""

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        return getattr(self, name, default)


class Volume(Row):
    """What the driver reads of a volume."""

    def __init__(self, name: str, volume_type: VolumeType) -> None:
        made = identifier(name)
        super().__init__(
            id=made,
            name=f"volume-{made}",
            name_id=made,
            display_name=name,
            size=1,
            volume_type=volume_type,
            volume_type_id=None,  # else the driver looks the type up in the database
            provider_id=None,
            metadata={},
            project_id="proj",
            group=None,
            group_id=None,
            consistencygroup_id=None,
            volume_attachment=[],
            replication_driver_data=None,
            replication_status="enabled",
            status="available",
            previous_status=None,
            host="h@backend#backend",
            _context=context.get_admin_context(),
        )


class Session:
    """The driver, and what it asked by step."""

    def __init__(self, order: Any) -> None:
        self.mode = order["mode"]
        self.arrays = [SimpleNamespace(**array) for array in order["arrays"]]
        self.letters = {int(array.address.rsplit(":", 1)[1]): array.name[-1] for array in self.arrays}
        self.steps: list[tuple[str, list[str]]] = []
        self.results: dict[str, Any] = {}
        self.names: dict[str, str] = {}
        directory = Path(order["directory"])
        (directory / "locks").mkdir()
        file = directory / "cinder.conf"
        here, there = self.arrays
        file.write_text(CONFIGURATION.format(directory=directory, mode=self.mode, here=here, there=there))
        cfg.CONF([], project="cinder", default_config_files=[str(file)])
        coordination.COORDINATOR.start()
        options = configuration.Configuration(driver.volume_opts, config_group="backend")
        self.driver = pure.PureISCSIDriver(configuration=options, host="h@backend")

    def called(self, name: str) -> str:
        """The id of that name, which the trace shows instead of it."""
        made = identifier(name)
        self.names[made] = f"<{name}>"
        return made

    @contextmanager
    def step(self, title: str) -> Any:
        with recording() as exchanges:
            yield
        lines = [self.plain(f"{self.letters[exchange.port]} {exchange.line()}") for exchange in exchanges]
        self.steps.append((title, lines))

    def plain(self, line: str) -> str:
        for made, name in self.names.items():
            line = line.replace(made, name)
        return re.sub(r"(start_time|end_time)=\d+", r"\1=<ms>", line)

    def clients(self) -> list[Any]:
        """Sessions of an operator, which no step shows."""
        return [flasharray.Client(target=array.address, api_token=array.api_token) for array in self.arrays]

    def replicate_now(self, *groups: str) -> None:
        """What an operator does before a failover that loses nothing."""
        here, there = self.clients()
        for group in groups:
            body = flasharray.ProtectionGroupSnapshotPost(suffix="dr-1")
            reply = here.post_protection_group_snapshots(
                source_names=[group], replicate_now=True, protection_group_snapshot=body
            )
            assert reply.status_code == 200, reply
            name = f"arrA:{group}.dr-1"
            for _ in range(600):
                found = there.get_protection_group_snapshots_transfer(names=[name])
                if found.status_code == 200 and next(iter(found.items)).progress == 1.0:
                    break
            else:
                raise AssertionError(f"{name} does not arrive")

    def wait_for_pod(self) -> None:
        """What an operator does before a failover that loses nothing: a stretched pod takes time to be in step."""
        statuses: list[list[tuple[str, str]]] = []
        for _ in range(200):
            pods = [client.get_pods(names=["cinder-pod"]) for client in self.clients()]
            statuses = [[(each.name, each.status) for pod in reply.items for each in pod.arrays] for reply in pods]
            if all(status == "online" for seen in statuses for _, status in seen) and all(map(len, statuses)):
                return
            time.sleep(0.05)
        raise AssertionError(f"the pod is not in step: {statuses}")

    def replication(self) -> None:
        """Volumes, a consistency group, its snapshot, a failover of the group, one of the backend, and the way back."""
        volume_type = VolumeType(self.mode)
        group = Row(
            id=self.called("g"),
            volume_types=[volume_type],
            volume_type_ids=[volume_type.id],
            group_type_id=identifier("group-type"),
            is_replicated=True,
            replication_status="enabled",
        )
        for number in (1, 2, 3):
            self.called(f"v{number}")
        volumes = [Volume(f"v{number}", volume_type) for number in (1, 2, 3)]
        snapshot = Row(id=self.called("s"), group=group, group_id=group.id, consistencygroup_id=None)
        with self.step("do_setup"):
            self.driver.do_setup(None)
        with self.step("get_volume_stats"):
            self.driver._update_volume_stats()
        stats = self.driver._stats
        shown = ("replication_enabled", "replication_type", "replication_targets", "consistent_group_snapshot_enabled")
        self.results["stats"] = {name: stats.get(name) for name in shown}
        for volume in volumes:
            with self.step(f"create_volume {volume.display_name}"):
                update = self.driver.create_volume(volume)
            volume.provider_id = update["provider_id"]
            volume.metadata = update.get("metadata", {})
        with self.step("create_consistencygroup"):
            self.driver.create_consistencygroup(None, group, self.mode)
        with self.step("update_consistencygroup"):
            self.driver.update_consistencygroup(None, group, add_volumes=volumes, remove_volumes=[])
        for volume in volumes:
            volume.group, volume.group_id = group, group.id
        with self.step("create_cgsnapshot"):
            self.driver.create_cgsnapshot(None, snapshot, [])
        if self.mode == "async":
            self.replicate_now("cinder-group", f"consisgroup-{group.id}-cinder")
        else:
            self.wait_for_pod()
        with self.step("failover_replication"):
            self.results["group failover"] = self.driver.failover_replication(None, group, volumes, "arrB")
        with self.step("failover_host"):
            self.results["host failover"] = self.driver.failover_host(None, volumes, "arrB")
        with self.step("delete_volume v1"):
            self.driver.delete_volume(volumes[0])
        with self.step("failover_host default"):
            self.results["failback"] = self.driver.failover_host(None, volumes[1:], "default")

    def manage(self) -> None:
        """A volume that the array has already comes under Cinder, and leaves it."""
        volume = Volume("v1", VolumeType(self.mode))
        self.called("v1")
        reference, missing = {"source-name": "dr-v1"}, {"source-name": "nope"}
        made = self.clients()[0].post_volumes(names=["dr-v1"], volume=flasharray.VolumePost(provisioned=1 << 30))
        assert made.status_code == 200, made
        with self.step("do_setup"):
            self.driver.do_setup(None)
        with self.step("manage_existing_get_size"):
            self.results["size"] = self.driver.manage_existing_get_size(volume, reference)
        with self.step("manage_existing"):
            update = self.driver.manage_existing(volume, reference)
        volume.provider_id = update["provider_id"]
        with self.step("manage_existing_get_size nope"):
            try:
                self.driver.manage_existing_get_size(volume, missing)
            except pure.exception.ManageExistingInvalidReference:
                self.results["missing"] = "invalid reference"
        with self.step("get_manageable_volumes"):
            found = self.driver.get_manageable_volumes([], None, 10, 0, ["size"], ["asc"])
        self.results["manageable"] = sorted(each["reference"]["name"] for each in found)
        connector = {"initiator": "iqn.1993-08.org.debian:01:abc", "host": "compute", "multipath": False}
        with self.step("terminate_connection"):
            self.driver.terminate_connection(volume, connector)
        with self.step("unmanage"):
            self.driver.unmanage(volume)


def main() -> None:
    order, outcome = map(Path, sys.argv[1:3])
    asked = json.loads(order.read_text())
    session = Session(asked)
    # both are read from the database otherwise
    with (
        unittest.mock.patch("cinder.volume.volume_utils.is_group_a_cg_snapshot_type", return_value=True),
        unittest.mock.patch("cinder.volume.volume_types.get_volume_type_extra_specs", return_value={}),
    ):
        getattr(session, asked["flow"])()
    outcome.write_text(json.dumps({"steps": session.steps, "results": session.results}, default=str))


if __name__ == "__main__":
    main()
