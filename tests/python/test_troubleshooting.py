"""The troubleshooting entries of the two documents: each is provoked and has its symptom; what the error says to do is
then done, and mends it.

Commands that are printed for Cinder are carried out on the simulated cloud, and those for root by whoever runs this.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import planted
import pytest
from api_client import GROUP, Stage
from conftest import BIN, DATA, Result, protect, run_osc
from flash_arrays import FlashArrayDeployment, flash_array_deployment
from place import Place, remedies
from services import running

import protector
from protector.testing import mock_deployment

ENTRIES = json.loads((DATA / "documents.json").read_text(encoding="utf-8"))["troubleshooting"]
MAPPED = " --network-mapping net-primary-web=net-secondary-web"
CREATE = (
    "openstack protector protection-group create --name new --replication-type async --primary-site site-a "
    "--secondary-site site-b --volume-type {}"
)


def seeded(place: Place) -> None:
    """Two simulated sites."""
    with mock_deployment(place.directory) as made:  # a directory that is given stays
        place.monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(made.config_file))


def with_a_group(place: Place) -> None:
    """Two simulated sites with a protected group."""
    seeded(place)
    protect(place.deployment)


def mend_as_printed(place: Place, seen: Result) -> None:
    commands = remedies(seen)
    assert commands
    for command in commands:
        place.must(command)


@dataclass(frozen=True)
class Entry:
    """One entry: how it comes about, what is seen, and what mends it."""

    prepare: Callable[[Place], None]
    provoke: Callable[[Place], Result]
    #: Patterns of what is printed.
    says: tuple[str, ...]
    mend: Callable[[Place, Result], None] = mend_as_printed
    code: int = 1
    #: What works afterwards, if it is another thing than what failed.
    works: Callable[[Place], Result] | None = None


def line(text: str) -> Callable[[Place], Result]:
    return lambda place: place.run(text)


# --- the package is not whole


def without_compiled_part(place: Place) -> None:
    """A copy of the package, as an installation that was cut short leaves it."""
    source = Path(protector.__file__).parent
    copy = place.directory / "site-packages" / "protector"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("_native*.so", "_native*.pyd", "__pycache__"))
    place.monkeypatch.setenv("PYTHONPATH", str(copy.parent))


def import_driver(_: Place) -> Result:
    code = "from protector.engine.storage.pure import PureStorageDriver"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def reinstall(place: Place, seen: Result) -> None:
    """What pip does with the wheel that is at hand here: it puts the compiled part where it belongs."""
    assert remedies(seen) == ["pip install --force-reinstall openstack-protector"]
    [compiled] = Path(protector.__file__).parent.glob("_native*.so")
    (place.directory / "site-packages" / "protector" / compiled.name).symlink_to(compiled)


# --- the volume type cannot be protected


def create_by_api(place: Place) -> Result:
    """The documents have the status of the answer."""
    stage = Stage(place.deployment)
    answer = stage.owner.call("POST", "{p}", {"protection_group": GROUP | {"volume_type": "standard-ssd"}})
    error = answer.json.get("error", {})
    told = f"HTTP {answer.status_code}: {error.get('message')}\n{error.get('remedy')}\n"
    return Result(int(answer.status_code >= 400), answer.text, told if error else "")


def mend_site_by_site(place: Place, seen: Result) -> None:
    """The first site is named first, and the other one when that is mended."""
    assert "--os-cloud site-a volume type set" in remedies(seen)[0]
    mend_as_printed(place, seen)
    seen = place.run(CREATE.format("replicated-ssd").replace("async", "sync"))
    assert "--os-cloud site-b volume type set" in remedies(seen)[0]
    mend_as_printed(place, seen)


# --- a server cannot join


def add_legacy_server(place: Place) -> Result:
    server = place.deployment.server_id("legacy-server-1")
    return place.run(f"openstack protector protection-group member-add prod-web --instance-id {server}")


# --- the newest recovery point is too old


def without_snapshots_for_47_minutes(place: Place) -> None:
    with_a_group(place)
    place.world("UPDATE protection_groups SET next_due_ms = NULL")
    place.world("UPDATE bookkeeping SET now_ms = now_ms + 47 * 60000")


def force(place: Place, _: Result) -> None:
    """The emergency: what is lost is said before."""
    plan = place.must("openstack dr failover prod-web --force --dry-run" + MAPPED)
    assert re.search(r"expected loss: all writes after .* \(28\d\d s before this plan\)", plan.out), plan.out
    place.must("openstack dr failover prod-web --force" + MAPPED)


# --- the simulated world is gone


def in_memory(place: Place) -> None:
    place.configure("[DEFAULT]\nstate_path = {directory}\n[engine]\nstorage_driver = mock\ncloud_driver = mock\n")
    place.must("protector-manage db sync")
    for command in (
        CREATE.format("replicated-ssd"),
        "openstack protector policy create new --pure-pg-name pg-new --replication-interval 300 --rpo-minutes 15",
    ):
        place.must(command)


def keep_the_world_in_a_file(place: Place, seen: Result) -> None:
    assert "set mock_db_path in [engine] to a file" in remedies(seen)
    for site in ("site-a", "site-b"):
        (place.directory / f"{site}.db").unlink()
    text = place.config_file.read_text(encoding="utf-8")
    place.configure(text + f"mock_db_path = {place.directory}/mock_array.db\nmock_clock = virtual\n")
    place.must("protector-manage db sync")
    place.must("protector-manage mock seed")
    assert (place.directory / "mock_array.db").stat().st_size
    protect(place.deployment, "new")


# --- the other site does not answer


def without_peer(place: Place) -> None:
    with_a_group(place)
    place.must("protector-manage mock site site-b down")


def add_second_server(place: Place) -> Result:
    server = place.deployment.server_id("web-server-2")
    return place.run(f"openstack protector protection-group member-add prod-web --instance-id {server}")


def restore_the_peer(place: Place, seen: Result) -> None:
    assert remedies(seen) == ["restore the connection to the other site, then try again"]
    place.must("protector-manage mock site site-b up")
    place.must("openstack protector site validate site-b")


# --- [storage] is not there


def without_storage_section(place: Place) -> None:
    seeded(place)
    text = "[DEFAULT]\nstate_path = {directory}\n[engine]\ncloud_driver = mock\nlocal_site = site-a\n"
    place.configure(text + "mock_db_path = {directory}/mock_array.db\n")


def start_engine(place: Place) -> Result:
    """Status 0 if it runs."""
    with running("protector-engine", place.config_file) as service:
        with contextlib.suppress(AssertionError):
            service.logs(r"Storage driver: \w+", seconds=30)
        code = service.process.poll()
        return Result(code or 0, "", service.log)


def use_the_mock(place: Place, seen: Result) -> None:
    found = re.search(r"for a trial: \[engine\] (storage_driver = mock)", seen.err)
    assert found, seen.err
    text = place.config_file.read_text(encoding="utf-8")
    place.configure(text.replace("[engine]\n", f"[engine]\n{found[1]}\n"))


# --- the mock's directory cannot be written


def with_a_directory_of_root(place: Place) -> None:
    """As the documents make it: it is there, and another user has it."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory to somebody else, and take it back")
    place.configure("[DEFAULT]\nstate_path = {directory}\nuse_mock_storage = True\n[engine]\ncloud_driver = mock\n")
    place.must("protector-manage db sync")
    (place.directory / "mock_storage").mkdir()
    shutil.chown(place.directory / "mock_storage", 65534)


def seed_without_privileges(place: Place) -> Result:
    """Root without what makes it root: modes count for it, too."""
    return place.run(f"setpriv --inh-caps=-all --bounding-set=-all {BIN}/protector-manage mock seed")


def give_the_directory(place: Place, seen: Result) -> None:
    """The service user of this test is whoever runs it."""
    found = re.search(r"mkdir -p \S*/mock_storage; chown protector:protector \S*/mock_storage", seen.err)
    assert found, seen.err
    for command in found[0].replace("protector:protector", f"{os.getuid()}:{os.getgid()}").split("; "):
        place.must(command)


# --- policies that are older than the defaults


DEFAULTS = "default_replication_interval = {}\ndefault_rpo_minutes = {}\n"


def with_new_defaults(place: Place) -> None:
    seeded(place)
    text = place.config_file.read_text(encoding="utf-8")
    place.config_file.write_text(text + DEFAULTS.format(600, 30), encoding="utf-8")
    place.must(CREATE.format("replicated-ssd"))
    place.must("openstack protector policy create new --pure-pg-name pg-new")
    place.config_file.write_text(text + DEFAULTS.format(120, 5), encoding="utf-8")


def drift(place: Place) -> Result:
    """The policy goes on as it was; the status is 1 if one differs from the defaults, with what to do."""
    rows = place.must("openstack protector policy drift --long -f json").json
    policy = place.must("openstack protector policy show new -f json").json
    shown = f"replication_interval {policy['replication_interval']}, rpo_minutes {policy['rpo_minutes']}\n"
    return Result(int(bool(rows)), "", shown + "".join(f"What to do: {row['remedy']}\n" for row in rows))


TABLE: dict[str, Entry] = {
    "ImportError: cannot import name 'PureStorageDriver'": Entry(
        without_compiled_part, import_driver, (r"ImportError: ", r"protector\._native"), reinstall
    ),
    "Volume type does not support replication": Entry(
        seeded,
        create_by_api,
        (r"HTTP 400: Volume type does not support replication", r"'standard-ssd'", r"on site 'site-a'"),
    ),
    "Volume type mismatch or Volume not replication-eligible": Entry(
        with_a_group, add_legacy_server, (r"Volume not replication-eligible", r"volume 'legacy-server-1-os'")
    ),
    "Latest snapshot age exceeds RPO threshold": Entry(
        without_snapshots_for_47_minutes,
        line("openstack protector failover prod-web" + MAPPED),
        (r"Latest snapshot age \(4[78] min\) exceeds RPO threshold \(15 min\)", r"is blocked"),
    ),
    "Latest snapshot age exceeds RPO threshold, in an emergency": Entry(
        without_snapshots_for_47_minutes,
        line("openstack protector failover prod-web" + MAPPED),
        (r"Latest snapshot age \(4[78] min\) exceeds RPO threshold \(15 min\)",),
        force,
        works=line("openstack --os-cloud site-b protector protection-group show prod-web"),
    ),
    "MockStorageDriver simulated state is lost": Entry(
        in_memory,
        line("openstack protector consistency-group sync new"),
        (r"array group 'pg-new' does not exist", r"\[engine\] mock_db_path: the simulated world is in memory"),
        keep_the_world_in_a_file,
    ),
    "Peer site unreachable": Entry(
        without_peer, add_second_server, (r"Peer site unreachable: site-b", r"was blocked"), restore_the_peer
    ),
    "[storage] options missing": Entry(
        without_storage_section,
        start_engine,
        (
            r"protector-engine does not start: ",
            r"\[storage\] lacks primary_array_url, primary_array_api_token, secondary_array_url, secondary_array_api_",
        ),
        use_the_mock,
        code=78,
    ),
    "Mock storage directory not writable": Entry(
        with_a_directory_of_root,
        seed_without_privileges,
        (r"'\S*/mock_storage/mock_array\.db' cannot be opened", r"[Pp]ermission denied|unable to open"),
        give_the_directory,
    ),
    "volume type not replication-enabled": Entry(
        seeded,
        line(CREATE.format("standard-ssd")),
        (r"Volume type 'standard-ssd' does not support replication", r"replication_enabled"),
    ),
    "replication_type does not match": Entry(
        seeded,
        line(CREATE.format("replicated-ssd").replace("async", "sync")),
        (
            r"Volume type 'replicated-ssd' does not support replication as 'sync'",
            r"'<in> async', it must be '<in> sync'",
        ),
        mend_site_by_site,
    ),
    "interval changes have no effect on existing policies": Entry(
        with_new_defaults, drift, (r"replication_interval 600, rpo_minutes 30",)
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_entry(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = TABLE[name]
    monkeypatch.setenv("HOME", str(tmp_path))
    place = Place(tmp_path, monkeypatch)
    entry.prepare(place)
    seen = entry.provoke(place)
    assert seen.code == entry.code, seen
    for pattern in entry.says:
        assert re.search(pattern, seen.err), (pattern, seen.err)
    # again: nothing mends itself
    assert entry.provoke(place).code == entry.code
    entry.mend(place, seen)
    mended = (entry.works or entry.provoke)(place)
    assert mended.code == 0, mended


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlashArrayDeployment]:
    """Arrays behind HTTPS, which the entries about connectivity need."""
    with flash_array_deployment(tmp_path_factory.mktemp("served")) as deployment:
        yield deployment


# what is wrong in [storage]; what is seen; what the remedy names
CONNECTIVITY: dict[str, tuple[dict[str, str | None], str, str]] = {
    "Site validation fails, HTTP": ({"primary_array_url": "http://127.0.0.1:1"}, r"http://127\.0\.0\.1:1", "https"),
    "Site validation fails, wrong URL or firewall": (
        {"primary_array_url": "https://127.0.0.1:1"},
        r"127\.0\.0\.1:1",
        "check the array URL, the network",
    ),
    "Site validation fails, token": ({"primary_array_api_token": planted.token("revoked")}, r"token", "token"),
    "[storage] options missing, mended by arrays": (
        {f"{role}_array_{what}": None for role in ("primary", "secondary") for what in ("url", "api_token")},
        r"\[storage\] lacks primary_array_url",
        "set them",
    ),
}


@pytest.mark.parametrize("name", CONNECTIVITY)
def test_connectivity(name: str, served: FlashArrayDeployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes, symptom, remedy = CONNECTIVITY[name]
    file = tmp_path / "protector.conf"
    file.write_text(served.configuration(**changes))
    monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(file))
    failed = run_osc("protector", "site", "validate", "site-a", "-f", "json")
    assert failed.code == 1
    checks = [check for check in json.loads(failed.out or "[]") if check["result"] == "failed"]
    seen = failed.err + "".join(f"{check['service']} {check['detail']}\n" for check in checks)
    told = failed.err.partition("What to do: ")[2] + "".join(check["remedy"] or "" for check in checks)
    assert re.search(symptom, seen), seen
    assert remedy in told, told
    # the values are corrected as the remedy says, and the same command looks again
    file.write_text(served.configuration())
    assert run_osc("protector", "site", "validate", "site-a").code == 0


def test_every_entry_of_the_documents_is_there() -> None:
    covered = {*TABLE, *CONNECTIVITY}
    for entries in ENTRIES.values():
        for entry in entries:
            assert any(name.startswith(entry) for name in covered), entry
