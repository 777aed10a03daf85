"""Bad input gives one clear error that names the value and the remedy, a non-zero exit, and changes nothing."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import BIN, protect, run_executable, run_osc, snapshot

from protector.testing import MockDeployment

CREATE = (
    "protection-group create --name {name} --replication-type {kind} --primary-site {primary} "
    "--secondary-site {secondary} --volume-type {type}"
)


def create(**changes: str) -> str:
    values = {"name": "new", "kind": "async", "primary": "site-a", "secondary": "site-b", "type": "replicated-ssd"}
    return CREATE.format(**(values | changes))


# what is typed; words that the message must hold; a word of the remedy
REFUSALS = {
    "unknown primary site": (create(primary="site-x"), ["site-x"], "site"),
    "unknown secondary site": (create(secondary="site-y"), ["site-y"], "site"),
    "one site twice": (create(secondary="site-a"), ["site-a"], "two"),
    "duplicate group name": (create(name="prod-web"), ["prod-web"], "protection-group"),
    "unknown volume type": (create(type="fast"), ["fast"], "volume"),
    "volume type without replication": (
        create(type="standard-ssd"),
        ["Volume type 'standard-ssd' does not support replication"],
        "replication_enabled='<is> True'",
    ),
    "volume type that replicates otherwise": (
        create(kind="sync"),
        ["Volume type 'replicated-ssd' does not support replication as 'sync'", "<in> async"],
        "replication_type='<in> sync'",
    ),
    "unknown group": ("protection-group show nothing", ["nothing"], "protection-group list"),
    "unknown group in a failover": ("failover nothing", ["nothing"], "protection-group list"),
    "unknown site to show": ("site show site-x", ["site-x"], "site list"),
    "unknown operation": ("operation show op-nothing", ["op-nothing"], "operation list"),
    "duplicate site": ("site create --name site-a", ["site-a"], "site"),
    "duplicate member": ("member add prod-web --instance-id {web-server-1}", ["'prod-web' already"], "member-list"),
    "unknown server": ("member add prod-web --instance-id 00000000-0000-0000-0000-000000000000", ["0000"], "server"),
    "not a member": ("member remove prod-web --instance-id {web-server-2}", ["prod-web"], "member-list"),
    "http array URL": (
        "protection-group policy-create prod-web --primary-fa-url http://flasharray-a.example.com",
        ["http://flasharray-a.example.com"],
        "https://",
    ),
    "interval longer than RPO": (
        "protection-group policy-create prod-web --replication-interval 1800 --rpo-minutes 15",
        ["1800", "15"],
        "interval",
    ),
    "interval of zero": ("protection-group policy-create prod-web --replication-interval 0", ["0"], "interval"),
    "array group of another group": (
        "protection-group policy-create second --pure-pg-name pg-prod-web --replication-interval 300 --rpo-minutes 15",
        ["pg-prod-web", "prod-web", "another pure_pg_name"],
        "protection-group list",
    ),
    "array group renamed": ("protection-group policy-create prod-web --pure-pg-name other", ["other"], "name"),
    "force with a planned failover": ("failover prod-web --type planned --force", ["planned"], "unplanned"),
    "mapping missing": ("failover prod-web", ["net-primary-web"], "--network-mapping"),
    "mapped network absent": (
        "failover prod-web --network-mapping net-primary-web=net-nowhere",
        ["net-nowhere"],
        "network",
    ),
    "failback of a group at home": ("failback prod-web", ["prod-web", "active"], "failover"),
    "cleanup without a test": ("test-cleanup prod-web", ["prod-web", "test"], "operation list"),
    "network mapped twice": (
        "failover prod-web --network-mapping a=b --network-mapping a=c",
        ["--network-mapping", "'a'"],
        "once",
    ),
    "token from nowhere": (
        "policy create prod-web --primary-fa-token env:NO_SUCH_TOKEN",
        ["--primary-fa-token", "NO_SUCH_TOKEN"],
        "env:",
    ),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> MockDeployment:
    """One world for all refusals: none of them may change it."""
    from protector.testing import mock_deployment

    with mock_deployment(tmp_path_factory.mktemp("world")) as deployment:
        engine = protect(deployment)
        engine.protection_group_create(
            "second",
            replication_type="async",
            primary_site="site-a",
            secondary_site="site-b",
            volume_type="replicated-ssd",
        )
        yield deployment


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("tree", ["protector", "dr"])
def test_refusal(world: MockDeployment, monkeypatch: pytest.MonkeyPatch, tree: str, refusal: str) -> None:
    line, words, remedy = REFUSALS[refusal]
    monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(world.config_file))
    for server in ("web-server-1", "web-server-2"):
        if f"{{{server}}}" in line:
            line = line.replace(f"{{{server}}}", world.server_id(server))
    before = snapshot(world)

    done = run_osc(tree, *line.split())

    assert done.code == 1, done
    assert done.out == ""
    message, _, advice = re.sub("\n *remedy: |; to mend: ", "\nWhat to do: ", done.err).partition("\nWhat to do: ")
    assert all(word in message for word in words), done.err
    assert remedy in advice, done.err
    assert "Traceback" not in done.err
    assert snapshot(world) == before


def test_ineligible_volumes_are_all_named(deployment: MockDeployment) -> None:
    protect(deployment)
    ineligible = next(server for server in deployment.servers("site-a") if server["name"] == "legacy-server-1")
    before = snapshot(deployment)
    done = run_osc("protector", "member", "add", "prod-web", "--instance-id", ineligible["id"])
    assert done.code == 1
    assert "Volume not replication-eligible" in done.err or "Volume type mismatch" in done.err
    assert snapshot(deployment) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[engine\nstorage_driver = mock\n", [":1"]),
        ("storage_driver = mock\n", [":1"]),
        ("[engine]\nstorage_driver = flash array\n", [":2", "flash array", "one word"]),
        ("[DEFAULT]\nuse_mock_storage = True\n[engine]\nstorage_driver = pure\n", [":2", ":4"]),
        ("[storage]\nprimary_array_url = http://fa\n", [":2", "http://fa", "https"]),
    ],
)
@pytest.mark.parametrize("command", [("openstack", "protector", "site", "list"), ("protector-manage", "db", "sync")])
def test_unusable_configuration(tmp_path: Path, text: str, words: list[str], command: tuple[str, ...]) -> None:
    file = tmp_path / "protector.conf"
    file.write_text(text)
    environment = os.environ | {"PROTECTOR_CONFIG_FILE": str(file)}
    done = subprocess.run([BIN / command[0], *command[1:]], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert all(word in done.stderr for word in [str(file), *words]), done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("option", ["storage_driver", "cloud_driver"])
def test_a_driver_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    file = tmp_path / "protector.conf"
    others = {"storage_driver": "mock", "cloud_driver": "mock"} | {option: "moc"}
    file.write_text(
        "".join(["[engine]\n", f"{option} = {others.pop(option)}\n", *(f"{n} = {v}\n" for n, v in others.items())])
    )
    monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(file))
    done = run_osc("protector", "site", "list")
    assert done.code == 1
    assert f"{file}:2: [engine] {option} = moc: no driver of that name is installed" in done.err
    assert f"What to do: write {option} = mock" in done.err
    checked = run_executable("protector-manage", "--config-file", str(file), "config", "check")
    assert checked.code == 1
    assert f"{option} = moc" in checked.out
    assert sorted(tmp_path.iterdir()) == [file]


def test_state_path_that_cannot_be_written(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    config = tmp_path / "protector.conf"
    config.write_text(
        f"[DEFAULT]\nstate_path = {blocker}/state\n[engine]\nstorage_driver = mock\ncloud_driver = mock\n"
        f"mock_db_path = {blocker}/state/mock.db\n"
    )
    for command in (["db", "sync"], ["mock", "seed"]):
        done = run_executable("protector-manage", "--config-file", str(config), *command)
        assert done.code == 1
        assert str(blocker) in done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize("arguments", [["failover"], ["failover", "g", "--network-mapping", "a"], ["site", "create"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert run_osc("protector", *arguments).code == 2


def test_two_processes_create_the_same_group_at_once(deployment: MockDeployment) -> None:
    command = [BIN / "openstack", "protector", *create(name="raced").split()]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    ended = [(*racer.communicate(timeout=60), racer.returncode) for racer in racers]
    assert sorted(code for _, _, code in ended) == [0, 1, 1], ended
    for _, error, code in ended:
        assert code == 0 or "raced" in error
    for site in ("site-a", "site-b"):
        assert [group.name for group in deployment.engine(site).protection_group_list()] == ["raced"]
