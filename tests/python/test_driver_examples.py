"""The drivers of examples/drivers keep the promises of drivers, and a workload moves with them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from conftest import run_osc
from example_sites import GROUP, HOME, THERE, Sites, environment, install, openstack, openstack_here
from protector_example_drivers import DirectoryCloud, SparseFiles, replication
from protector_example_drivers import records as records_module
from protector_example_drivers.array import Array, Group, copy_files
from protector_example_drivers.records import Records
from protector_example_drivers.seed import SITES, array, cloud, empty

from protector.engine.cloud.values import CloudInfo
from protector.engine.driver import DriverOptions
from protector.engine.storage.arrays import ArrayInfo
from protector.exceptions import (
    AlreadyExists,
    InvalidConfiguration,
    LimitReached,
    PreconditionFailed,
    TransientError,
    Unreachable,
)
from protector.service.logs import REQUEST_ID
from protector.testing import (
    CloudBench,
    CloudSetting,
    CloudSubject,
    StorageBench,
    StorageSubject,
    cloud_conformance,
    driver_conformance,
)

#: Checks that do not concern the drivers, by the reason.
A_COPY_IS_MADE_BEFORE_THE_CALL_ENDS = {
    "a_transfer_is_visible_before_it_is_complete",
    "an_incomplete_recovery_point_is_not_cloned",
    "what_is_on_its_way_is_nothing_to_start_from",
}
NO_PODS = {
    "a_clone_lies_outside_of_pods",
    "a_clone_on_the_second_array_holds_the_data",
    "a_demoted_pod_takes_no_writes",
    "a_demotion_waits_for_the_last_write",
    "a_fence_around_a_stretched_pod_holds_on_its_own_array",
    "a_fenced_array_of_a_stretched_pod_refuses_writes",
    "a_group_in_a_pod_brings_its_pod",
    "a_group_outside_of_pods_is_neither_demoted_nor_promoted",
    "a_pod_group_takes_volumes_of_its_pod",
    "a_pod_is_not_stretched_to_a_stranger",
    "a_pod_is_stretched_once",
    "a_pod_of_one_array_is_demoted_and_promoted",
    "a_pod_that_is_online_is_what_many_groups_show",
    "a_recovery_point_in_a_pod_does_not_survive_its_group",
    "a_recovery_point_of_a_stretched_pod_is_cloned_on_either_array",
    "a_stretched_pod_is_neither_demoted_nor_promoted",
    "a_stretched_pod_is_no_target_of_snapshots",
    "a_stretched_pod_shows_the_same_group_on_both_arrays",
    "an_array_that_is_offline_in_a_pod_changes_nothing_there",
    "an_array_that_is_offline_in_a_pod_has_no_recovery_point",
    "an_array_that_was_offline_in_a_pod_catches_up",
    "each_array_of_a_stretched_pod_has_a_mark_of_its_own",
    "group_and_volumes_lie_in_the_same_pod",
    "nothing_is_scheduled_for_a_stretched_pod",
    "one_array_of_a_stretched_pod_goes_on_alone",
    "recovery_points_of_a_stretched_pod_are_complete_on_both_arrays",
    "volumes_of_a_stretched_pod_are_the_same_on_both_arrays",
}
#: directories are always there
NOTHING_TO_CUT = {"an_array_that_is_lost_stays_known"}
NO_SYNCHRONOUS_TYPE = {
    "a_volume_is_imported_into_the_pod",
    "a_volume_moves_into_the_pod_and_out_of_it",
    "a_volume_of_a_replicated_pod_is_not_imported",
}
BLOCK = 4096


class Arrays(StorageBench):
    """What Cinder, hosts and strangers do with arrays. A host counts its writes at the beginning of a volume."""

    has_data = True
    # an image shows what its newest recovery point holds
    images_show_members = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def create_volume(self, array: str, volume: str, provisioned: int) -> None:
        Array(self._root / array).create_volume(volume, provisioned)

    def create_unmarked_group(self, array: str, group: str, volumes: Sequence[str]) -> None:
        with Array(self._root / array).change() as state:
            members = [volume.id for volume in state.volumes.values() if volume.name in volumes]
            state.groups[group] = Group(f"id-of-{group}", group, None, volumes=members)

    def write(self, array: str, volume: str, count: int) -> None:
        where = Array(self._root / array)
        found = where.read().named(volume)
        assert found
        for written in range(self.content(array, found.id), self.content(array, found.id) + count):
            where.write(found.id, (written + 1) * BLOCK, f"write {written}".encode())
            where.write(found.id, 0, (written + 1).to_bytes(8, "big"))

    def content(self, array: str, volume: str) -> int:
        where = Array(self._root / array)
        count = int.from_bytes(where.content(volume, 0, 8), "big")
        for written in range(count):
            expected = f"write {written}".encode()
            assert where.content(volume, (written + 1) * BLOCK, len(expected)) == expected
        return count


class Cinder(CloudBench):
    """What is on the array of a site besides what Cinder manages."""

    def __init__(self, root: Path, site: str) -> None:
        self._array, self._cloud = array(root, site), cloud(root, site)

    def create_array_volume(self, name: str, size_gib: int) -> str:
        return self._array.create_volume(name, size_gib << 30)

    def array_volume_name(self, volume: str) -> str | None:
        found = self._array.read().volumes.get(volume)
        return found and found.name

    def doom_volumes(self, server: str) -> bool:
        with self._cloud._records.change() as content:
            for attached in content["servers"][server]["volumes"]:
                attached["delete_on_termination"] = True
        return True


def two_arrays(root: Path) -> tuple[Array, Array]:
    one, other = Array(root / "site-a"), Array(root / "site-b")
    one.create()
    other.create()
    return one, other


def storage_subjects(root: Path, driver: type[SparseFiles] = SparseFiles) -> contextlib.AbstractContextManager:
    @contextlib.contextmanager
    def make() -> Iterator[StorageSubject]:
        with tempfile.TemporaryDirectory(dir=root) as directory:
            one, other = two_arrays(Path(directory))
            yield StorageSubject(driver(one), driver(other), Arrays(Path(directory)))

    return make


def cloud_subjects(root: Path) -> contextlib.AbstractContextManager:
    @contextlib.contextmanager
    def make() -> Iterator[CloudSubject]:
        with tempfile.TemporaryDirectory(dir=root) as directory:
            site, (network, cidr) = "site-b", SITES["site-b"]
            content = empty(site, network, cidr)
            content["volume_types"]["elsewhere"] = {"id": "t-1", "extra_specs": {"volume_backend_name": "another"}}
            made = Path(directory)
            array(made, site).create()
            cloud(made, site)._records.create(content)
            setting = CloudSetting(
                volume_type="replicated",
                other_volume_type="plain",
                unoffered_volume_type="elsewhere",
                network=network,
                free_address="192.168.20.77",
                flavor="small",
            )
            yield CloudSubject(cloud(made, site), setting, Cinder(made, site))

    return make


def test_sparse_files_keep_the_promises_of_arrays(tmp_path: Path) -> None:
    report = driver_conformance(storage_subjects(tmp_path))
    assert set(report.named("skipped")) == A_COPY_IS_MADE_BEFORE_THE_CALL_ENDS | NO_PODS | NOTHING_TO_CUT


def test_directory_clouds_keep_the_promises_of_clouds(tmp_path: Path) -> None:
    report = cloud_conformance(cloud_subjects(tmp_path))
    assert set(report.named("skipped")) == NO_SYNCHRONOUS_TYPE


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("installed")
    install(directory)
    return directory


@pytest.fixture
def sites(tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> Sites:
    sites = Sites(tmp_path / "sites")
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    for name, value in environment(sites, installed).items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(installed))
    sites.make()
    return sites


def lose(sites: Sites, site: str) -> None:
    """Takes the array and the cloud of a site away. Permissions would not keep root out."""
    (sites.directory / "arrays" / site).rename(sites.directory / "lost-array")
    (sites.directory / "clouds" / f"{site}.json").rename(sites.directory / "lost-cloud.json")


def test_drivers_are_called_on_behalf_of_the_caller(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = sites.protect()
    seen: set[tuple[str, str | None]] = set()
    info, ping = SparseFiles.info, DirectoryCloud.ping

    def told(self: SparseFiles) -> ArrayInfo:
        seen.add(("plain", REQUEST_ID.get()))
        return info(self)

    async def awaited(self: DirectoryCloud) -> CloudInfo:
        seen.add(("coroutine", REQUEST_ID.get()))
        return await ping(self)

    monkeypatch.setattr(SparseFiles, "info", told)
    monkeypatch.setattr(DirectoryCloud, "ping", awaited)
    token = REQUEST_ID.set("req-drivers")
    try:
        assert engine.sync(GROUP).completed
        engine.site_validate("site-a")
    finally:
        REQUEST_ID.reset(token)
    assert seen == {("plain", "req-drivers"), ("coroutine", "req-drivers")}


def test_a_workload_moves_there_and_back_and_survives_its_site(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    for site in ("site-a", "site-b"):
        openstack_here("site", "create", "--name", site)
    checks = openstack_here("site", "validate", "site-a", "-f", "json").json
    assert {check["result"] for check in checks} == {"ok"}
    pair = ("--primary-site", "site-a", "--secondary-site", "site-b")
    kind = ("--replication-type", "async", "--volume-type", "replicated")
    openstack_here("protection-group", "create", "--name", GROUP, *kind, *pair)
    policy = ("--pure-pg-name", "pg-web", "--replication-interval", "300", "--rpo-minutes", "15")
    openstack_here("protection-group", "policy-create", GROUP, *policy)
    openstack_here("protection-group", "member-add", GROUP, "--instance-id", sites.server("site-a"))

    sites.write("site-a", "first")
    openstack("consistency-group", "sync", GROUP, "--wait")
    sites.write("site-a", "second")
    openstack("test-failover", GROUP, "--retain-primary", "--network-mapping", "net-a=net-test", "--wait")
    assert sites.read("site-b", "web-1-test") == {"vda": "first vda", "vdb": "first vdb"}
    openstack("test-cleanup", GROUP, "--wait")
    assert sites.servers() == [("site-a", "web-1", "ACTIVE")]

    openstack("failover", GROUP, "--network-mapping", "net-a=net-b", "--wait")
    assert sites.servers() == [("site-a", "web-1", "SHUTOFF"), ("site-b", "web-1", "ACTIVE")]
    assert sites.read("site-b") == {"vda": "second vda", "vdb": "second vdb"}
    with pytest.raises(PreconditionFailed, match="is fenced"):
        sites.write("site-a", "a host that was not told")
    sites.write("site-b", "third")

    openstack("failback", GROUP, "--network-mapping", "net-b=net-a", "--wait")
    assert sites.read("site-a") == {"vda": "third vda", "vdb": "third vdb"}
    sites.write("site-a", "lost")

    lose(sites, "site-a")
    monkeypatch.setenv("OS_CLOUD", "site-b")
    openstack("failover", GROUP, "--force", "--network-mapping", "net-a=net-b", "--wait")
    assert sites.read("site-b") == {"vda": "third vda", "vdb": "third vdb"}
    group = openstack_here("protection-group", "show", GROUP, "-f", "json").json
    assert (group["status"], group["current_primary_site"]) == ("failed_over", "site-b")
    with pytest.raises(Unreachable, match="site-a"):
        sites.array("site-a").read()


#: Kills the process when a function is called for the n-th time, then runs ``openstack``.
KILLED = """
import importlib, os, signal, sys
module, owner, name, calls = sys.argv[1:5]
place = importlib.import_module(module)
place = getattr(place, owner) if owner else place
original, left = getattr(place, name), [int(calls)]
def call(*arguments, **named):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **named)
setattr(place, name, call)
from openstackclient.shell import main
sys.exit(main(sys.argv[5:]))
"""
DRIVERS = "protector_example_drivers"


def end_state(sites: Sites) -> dict:
    """What must be the same however often the failover was interrupted."""
    group = sites.engine().protection_group_show(GROUP)
    arrays = {site: sites.array(site).read() for site in ("site-a", "site-b")}
    return {
        "group": (group.status, group.protection, group.current_primary_site, group.epoch, group.operation_id),
        "servers": sites.servers(),
        "content": sites.read("site-b"),
        "volumes": {site: len(each.volumes) for site, each in arrays.items()},
        "managed": {site: len(sites.records(site)["volumes"]) for site in arrays},
        "files": {site: len(os.listdir(sites.array(site).directory / "volumes")) for site in arrays},
        "points": {
            site: {name: len(group.snapshots) for name, group in each.groups.items()} for site, each in arrays.items()
        },
        "fenced": sorted(sites.array("site-a").is_fenced(volume) for volume in arrays["site-a"].volumes),
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> dict:
    """The end of a failover that nothing interrupted."""
    sites = Sites(tmp_path_factory.mktemp("undisturbed"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(installed))
        sites.make()
        engine = sites.protect()
        sites.write("site-a", "last")
        assert engine.failover(GROUP, networks=THERE).completed
        return end_state(sites)


@pytest.mark.parametrize(
    ("module", "owner", "name", "calls"),
    [
        pytest.param(f"{DRIVERS}.array", "", "_copy_sparse", 2, id="half of a snapshot is taken"),
        pytest.param(f"{DRIVERS}.array", "", "_copy_sparse", 4, id="half of a snapshot is shipped"),
        pytest.param(f"{DRIVERS}.array", "", "_copy_sparse", 6, id="half of the clones are made"),
        pytest.param(f"{DRIVERS}.array", "Array", "rename_volume", 1, id="a volume is half imported"),
    ],
)
def test_a_failover_that_is_killed_ends_as_one_that_is_not(
    sites: Sites, undisturbed: dict, module: str, owner: str, name: str, calls: int
) -> None:
    sites.protect()
    sites.write("site-a", "last")
    command = ["protector", "failover", GROUP, "--network-mapping", "net-a=net-b", "--wait"]
    place = (module, owner, name, str(calls))
    killed = subprocess.run([sys.executable, "-c", KILLED, *place, *command], capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    operation = sites.engine().operation_list()[0]
    assert operation.status in ("interrupted", "running")

    done = run_osc("protector", "operation", "resume", operation.id, "-f", "json")
    assert (done.json["status"], done.json["instances_failed"]) == ("completed", 0)

    assert end_state(sites) == undisturbed
    assert sites.engine().failback(GROUP, networks=HOME).completed


def test_what_is_due_is_done_by_whoever_calls_next(sites: Sites) -> None:
    sites.protect()
    source, target = (SparseFiles(sites.array(site)) for site in ("site-a", "site-b"))
    assert len(target.recovery_points("site-a:pg-web")) == 1
    with sites.array("site-a").change() as state:
        group = state.groups["pg-web"]
        assert group.due is not None
        early = datetime.fromisoformat(group.due) - replication.now() - timedelta(minutes=5)
        assert abs(early) < timedelta(minutes=1)
        group.due = replication.now().isoformat()
    sites.write("site-a", "scheduled")
    assert [point.name for point in source.recovery_points("pg-web")][1:] == ["pg-web.2"]
    newest = target.replication_status("site-a:pg-web").newest_complete
    assert newest is not None
    assert newest.name == "site-a:pg-web.2"
    assert len(target.recovery_points("site-a:pg-web")) == 2


def test_what_a_target_forbids_waits_until_it_allows_it(sites: Sites) -> None:
    sites.protect()
    source, target = sites.array("site-a"), sites.array("site-b")
    with target.change() as state:
        state.groups["site-a:pg-web"].allowed = False
    with source.change() as state:
        replication.take(source, state, state.groups["pg-web"], "dr-1", ["site-b"])
    names = [point.name for point in SparseFiles(target).recovery_points("site-a:pg-web")]
    assert len(names) == 1
    assert SparseFiles(source).replication_status("pg-web").in_transfer == 1
    with target.change() as state:
        state.groups["site-a:pg-web"].allowed = True
    arrived = [point.name for point in SparseFiles(target).recovery_points("site-a:pg-web")]
    assert arrived == [*names, "site-a:pg-web.dr-1"]
    assert SparseFiles(source).replication_status("pg-web").in_transfer == 0


def test_a_copy_keeps_data_and_holes(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    with open(source, "wb") as file:
        file.truncate(1 << 30)
        for offset in (5 << 20, 700 << 20):
            file.seek(offset)
            file.write(b"data" * (1 << 19))
    copy_files([(source, target)])
    assert target.stat().st_size == 1 << 30
    assert target.stat().st_blocks * 512 < 16 << 20
    with open(source, "rb") as one, open(target, "rb") as other:
        for offset in (0, 5 << 20, 6 << 20, 7 << 20, 300 << 20, 700 << 20, 702 << 20):
            one.seek(offset)
            other.seek(offset)
            assert one.read(1 << 20) == other.read(1 << 20)


def test_an_array_that_is_lost_is_still_known(sites: Sites) -> None:
    sites.protect()
    lose(sites, "site-a")
    left = SparseFiles(sites.array("site-b"))
    assert [(peer.name, peer.link) for peer in left.peers()] == [("site-a", "disconnected")]
    status = left.replication_status("site-a:pg-web")
    assert (status.link, status.enabled) == ("disconnected", False)
    assert status.newest_complete is not None
    lost = SparseFiles(sites.array("site-a"))
    for look in (lost.info, lost.peers, lambda: lost.group("pg-web")):
        with pytest.raises(Unreachable, match="array 'site-a' does not answer"):
            look()


def test_records_are_as_they_were_or_as_they_are_told_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records(tmp_path / "it.json", "the thing")
    records.create({"n": 1})
    with pytest.raises(AlreadyExists):
        records.create({"n": 2})
    with contextlib.suppress(TransientError), records.change() as content:
        content["n"] = 2
        raise TransientError("not now")
    assert records.read() == {"n": 1}
    monkeypatch.setattr(records_module, "PATIENCE", 0.05)
    with records.change() as content:
        content["n"] = 3
        with pytest.raises(TransientError, match="the thing is busy"), records.change():
            pass
        assert records.read() == {"n": 1}
    assert records.read() == {"n": 3}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LimitReached, match="no space is left"), records.change() as content:
        content["n"] = 4
    assert records.read() == {"n": 3}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, r"\[driver:sparse-files\] directory is not the path"),
        ({"directory": "arrays"}, "directory is not the path"),
        ({"directory": "/srv", "dictionary": "x"}, "dictionary: there is no such option"),
    ],
)
def test_options_are_checked_without_a_look_at_the_array(options: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidConfiguration, match=words) as refused:
        SparseFiles.open("site-a", DriverOptions(options))
    assert refused.value.remedy
    assert SparseFiles.open("site-a", DriverOptions({"directory": "/nowhere"})).endpoint == "/nowhere/site-a"
    made = DirectoryCloud.open("site-a", DriverOptions({"directory": "/nowhere", "arrays": "/nowhere"}))
    assert made.endpoint == "/nowhere/site-a.json"


def test_the_commands_of_the_example(tmp_path: Path, sites: Sites) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", DRIVERS, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    again = run("seed", str(sites.directory))
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    arrays = str(tmp_path / "arrays")
    assert run("array", arrays, "site-c").returncode == 0
    made = run("volume", arrays, "site-c", "v1", "1048576")
    assert made.stdout.strip() in Array(tmp_path / "arrays" / "site-c").read().volumes
