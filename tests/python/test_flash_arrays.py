"""FlashArrays over REST: the drill, what the driver tells, and settings that are wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from datetime import timedelta
from pathlib import Path

import planted
import pytest
from conftest import HOME, NETWORKS, Result, protect, run_executable, run_osc, snapshot
from flash_arrays import NAMES, FlashArrayDeployment, flash_array_deployment, serve

from protector import ProtectorException
from protector.engine.storage.arrays import FlashArray
from protector.engine.storage.pure import PureStorageDriver
from protector.exceptions import InvalidConfiguration, InvalidRequest, NotFound, Unauthenticated, Unreachable

GROUP = "pg-prod-web"
IMAGE = f"{NAMES[0]}:{GROUP}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlashArrayDeployment]:
    """One pair of arrays with a protected group; no test changes it."""
    with flash_array_deployment(tmp_path_factory.mktemp("served")) as deployment:
        protect(deployment)
        yield deployment


@pytest.fixture
def driver(served: FlashArrayDeployment) -> Iterator[PureStorageDriver]:
    with served.driver() as driver:
        yield driver


def test_a_drill_over_rest_ends_where_it_began(tmp_path: Path) -> None:
    with flash_array_deployment(tmp_path) as deployment:
        engine = protect(deployment)
        assert engine.test_failover("prod-web", networks=NETWORKS).completed
        assert engine.test_cleanup("prod-web").completed
        assert engine.failover("prod-web", networks=NETWORKS).completed
        assert engine.protection_group_show("prod-web").current_primary_site == "site-b"
        assert [server["status"] for server in deployment.servers("site-b")] == ["ACTIVE"]
        assert engine.failback("prod-web", networks=HOME).completed
        group = engine.protection_group_show("prod-web")
        assert (group.current_primary_site, group.protection) == ("site-a", "protected")
        assert len(engine.operation_list()) == 5


@pytest.mark.parametrize("first", ["seed", "simulator"])
def test_the_world_may_be_filled_before_or_after_it_is_served(tmp_path: Path, first: str) -> None:
    config = tmp_path / "protector.conf"
    # the addresses are not needed to fill the world
    config.write_text(
        f"[DEFAULT]\nstate_path = {tmp_path}\n[engine]\nstorage_driver = pure\ncloud_driver = mock\n"
        f"mock_db_path = {tmp_path}/mock_array.db\n"
    )

    def seed() -> None:
        for words in (["db", "sync"], ["mock", "seed"]):
            done = run_executable("protector-manage", "--config-file", str(config), *words)
            assert done.code == 0, done.err

    if first == "seed":
        seed()
    with serve(tmp_path) as arrays:
        if first == "simulator":
            seed()
        array = FlashArray("primary", arrays[0].url, arrays[0].api_token, ca_file=arrays[0].ca_cert)
        assert [(peer.name, peer.link) for peer in array.peers()] == [(NAMES[1], "connected")]
        servers = run_executable("protector-manage", "--config-file", str(config), "mock", "servers", "-f", "json").json
        volume = next(server["volumes"] for server in servers if server["name"] == "web-server-1")
        assert volume == ["web-server-1-os (50 GiB)", "web-server-1-data (200 GiB)"]


def test_the_driver_tells_what_the_arrays_say(driver: PureStorageDriver, served: FlashArrayDeployment) -> None:
    info = driver.primary_array.info()
    assert info.name == NAMES[0]
    assert "REST 2." in info.version
    assert info.endpoint_time.tzinfo is not None
    (peer,) = driver.primary_array.peers()
    assert (peer.id, peer.name, peer.link) == (driver.secondary_array.info().id, NAMES[1], "connected")

    group = driver.primary_array.group(GROUP)
    assert group is not None
    assert (group.is_local, group.targets, group.replication_interval) == (True, {NAMES[1]: True}, 300)
    assert group.owner == served.engine().protection_group_show("prod-web").id
    assert len(group.volumes) == 2
    image = driver.secondary_array.group(IMAGE)
    assert image is not None
    assert not image.is_local
    assert driver.secondary_array.group("nothing") is None
    with pytest.raises(FrozenInstanceError):
        group.name = "other"  # type: ignore[misc]
    assert type(group).from_dict(json.loads(json.dumps(group.to_dict()))) == group


def test_recovery_points_have_an_age_and_a_state(driver: PureStorageDriver) -> None:
    points = driver.secondary_array.recovery_points(IMAGE)
    newest = driver.secondary_array.newest_complete(IMAGE)
    assert newest is not None
    assert newest.usable
    assert newest.transfer.state == "completed"
    assert newest.name in [point.name for point in points]
    assert newest.age >= timedelta(0)
    assert len(newest.volumes) == 2
    assert [point.transfer.state for point in driver.primary_array.recovery_points(GROUP)] == ["local"] * len(points)
    assert driver.secondary_array.newest_complete("nothing") is None
    status = driver.secondary_array.replication_status(IMAGE)
    assert (status.link, status.enabled) == ("connected", True)
    assert status.newest_complete is not None
    assert status.newest_complete.name == newest.name
    with pytest.raises(NotFound, match="nothing"):
        driver.secondary_array.replication_status("nothing")


def test_volumes_are_found_by_name_and_by_id(driver: PureStorageDriver) -> None:
    array = driver.primary_array
    group = array.group(GROUP)
    assert group is not None
    volumes = array.volumes(names=[*group.volumes, "nothing"])
    assert sorted(volume.name for volume in volumes) == sorted(group.volumes)
    assert sorted(volume.provisioned >> 30 for volume in volumes) == [50, 200]
    assert array.volumes(ids=(volume.id for volume in volumes[:1])) == volumes[:1]
    for wrong in ({}, {"names": [], "ids": []}):
        with pytest.raises(InvalidRequest, match="by names or by ids"):
            array.volumes(**wrong)
    with pytest.raises(TypeError, match="list of names"):
        array.volumes(names="web")


def test_one_session_serves_until_it_is_closed(driver: PureStorageDriver) -> None:
    array = driver.primary_array
    assert array.counters().round_trips == 0
    for _ in range(3):
        array.info()
    assert array.counters().logins == 1
    assert array.counters().bytes_in > 0
    array.close()
    array.close()
    array.info()
    assert array.counters().logins == 2


def test_certificates_are_trusted_as_told(served: FlashArrayDeployment) -> None:
    array = served.arrays[0]
    pin, other = array.fingerprint, served.arrays[1].fingerprint

    def ask(**trust: object) -> str:
        return FlashArray("primary", array.url, array.api_token, **trust).info().name  # type: ignore[arg-type]

    assert ask(ca_file=array.ca_cert) == NAMES[0]
    assert ask(fingerprint=pin) == NAMES[0]
    assert ask(danger_accept_any_certificate=True) == NAMES[0]
    with pytest.raises(Unreachable, match="self-signed, or issued by an authority that is not trusted"):
        ask()
    # the narrowest counts
    with pytest.raises(Unreachable, match=r"(?i)fingerprint"):
        ask(fingerprint=other, ca_file=array.ca_cert, danger_accept_any_certificate=True)
    for wrong, words in (({"ca_file": "/nonexistent.pem"}, "/nonexistent.pem"), ({"fingerprint": "00"}, "'00'")):
        with pytest.raises(InvalidConfiguration, match=words):
            ask(**wrong)


def test_a_refused_token_is_not_shown(served: FlashArrayDeployment) -> None:
    array = FlashArray("primary", served.arrays[0].url, planted.token("wrong"), ca_file=served.arrays[0].ca_cert)
    with pytest.raises(Unauthenticated) as refused:
        array.info()
    assert served.arrays[0].host in str(refused.value)
    assert planted.MARK not in str(refused.value) + repr(array) + repr(vars(array))


def test_config_check_and_site_validate_show_the_arrays(
    served: FlashArrayDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(served.config_file))
    check = ("protector-manage", "config", "check")
    report = run_executable(*check, "-f", "json").json
    assert (report["storage_driver"], report["problem"]) == ("pure", None)
    assert [(array["site"], array["role"], array["host"]) for array in report["arrays"]] == [
        ("site-a", "primary", served.arrays[0].host),
        ("site-b", "secondary", served.arrays[1].host),
    ]
    assert all(served.arrays[0].ca_cert in array["certificates"] for array in report["arrays"])
    shown = run_executable(*check)
    assert shown.code == 0
    assert served.arrays[1].host in shown.out
    for array in served.arrays:
        assert array.api_token not in json.dumps(report) + shown.out + shown.err
    for site, name in zip(("site-a", "site-b"), NAMES, strict=True):
        done = run_osc("protector", "site", "validate", site, "-f", "json")
        checks = {(check["service"], check["check"]): check for check in done.json}
        assert name in checks["array", "version"]["detail"]
        assert "PureStorageDriver" in checks["array", "version"]["detail"]
        assert {check["result"] for check in checks.values()} == {"ok"}


# changes to [storage] that are seen in the file; words of the message
UNUSABLE: dict[str, tuple[dict[str, str | None], list[str]]] = {
    "no URL": ({"primary_array_url": None}, ["[storage]", "primary_array_url", "'pure'"]),
    "no token": ({"secondary_array_api_token": None}, ["[storage]", "secondary_array_api_token", "'pure'"]),
    "http": ({"primary_array_url": "http://127.0.0.1:1"}, ["protector.conf:", "http://127.0.0.1:1", "https"]),
    "path": (
        {"secondary_array_url": "https://127.0.0.1:1/api"},
        ["[storage] secondary_array_url", "https://127.0.0.1:1/api"],
    ),
    "one array twice": ({"secondary_array_url": "{0}"}, ["primary_array_url", "secondary_array_url", "same array"]),
    "no CA file": ({"array_ca_file": "/nonexistent.pem"}, ["/nonexistent.pem", "array_ca_file"]),
    "bad fingerprint": ({"primary_array_fingerprint": "00:11"}, ["'00:11'", "SHA-256"]),
}

# changes to [storage] that only the array can find fault with; the check that fails, words of its detail and remedy
REFUSED: dict[str, tuple[dict[str, str | None], list[str], str]] = {
    "wrong token": ({"primary_array_api_token": planted.token("wrong")}, ["token"], "token"),
    "wrong host": ({"primary_array_url": "https://127.0.0.1:1"}, ["127.0.0.1:1"], ""),
    "no trust": ({"array_ca_file": None}, ["self-signed"], "array_ca_file"),
    "other certificate": ({"primary_array_fingerprint": "00" * 32}, ["fingerprint", "not the one pinned"], "pin"),
}


@pytest.fixture
def configured(served: FlashArrayDeployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes a configuration with other values, and runs commands with it."""

    def configure(changes: dict[str, str | None]) -> Path:
        file = tmp_path / "protector.conf"
        urls = [array.url for array in served.arrays]
        file.write_text(served.configuration(**{key: value and value.format(*urls) for key, value in changes.items()}))
        monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(file))
        return file

    return configure


def shows_no_token(served: FlashArrayDeployment, *results: Result) -> bool:
    shown = "".join(result.out + result.err for result in results)
    return planted.MARK not in shown


@pytest.mark.parametrize("case", UNUSABLE)
def test_settings_that_cannot_be_used_are_refused(served: FlashArrayDeployment, configured, case: str) -> None:
    changes, words = UNUSABLE[case]
    before = snapshot(served)
    configured(changes)
    for done in (
        run_osc("protector", "site", "list"),
        run_osc("protector", "consistency-group", "sync", "prod-web", "--wait"),
        run_executable("protector-manage", "config", "check"),
    ):
        assert done.code == 1, done
        shown = re.sub(r"\s*\|\s*\n\|\s*\|\s*", " ", done.out) + done.err
        assert all(word in shown for word in words), shown
        assert "Traceback" not in shown
        assert shows_no_token(served, done)
    assert snapshot(served) == before


@pytest.mark.parametrize("case", REFUSED)
def test_what_only_the_array_can_refuse_is_told_and_changes_nothing(
    served: FlashArrayDeployment, configured, case: str
) -> None:
    changes, words, remedy = REFUSED[case]
    before = snapshot(served)
    configured(changes)
    validated = run_osc("protector", "site", "validate", "site-a", "-f", "json")
    assert validated.code == 1
    failed = {check["service"]: check for check in json.loads(validated.out) if check["result"] == "failed"}
    assert "array" in failed
    assert failed["array"]["remedy"]
    assert all(word in failed["array"]["detail"] for word in words), failed
    assert remedy in (failed["array"]["remedy"] or "")
    synced = run_osc("protector", "consistency-group", "sync", "prod-web", "--wait")
    assert synced.code == 1
    assert "Traceback" not in validated.err + synced.err
    assert shows_no_token(served, validated, synced)
    assert snapshot(served) == before


def test_refusals_have_messages_of_their_own() -> None:
    assert len({tuple(words) for _, words in UNUSABLE.values()}) == len(UNUSABLE)
    assert len({tuple(words) for _, words, _ in REFUSED.values()}) == len(REFUSED)


def test_one_array_under_two_addresses_is_found_out(served: FlashArrayDeployment, configured) -> None:
    before = snapshot(served)
    again = served.arrays[0].url.replace("127.0.0.1", "localhost")
    token = served.arrays[0].api_token
    changes = {"secondary_array_url": again, "secondary_array_api_token": token, "array_ca_file": None}
    configured(changes | {"danger_accept_any_array_certificate": "True"})
    done = run_osc("protector", "site", "validate", "site-a", "-f", "json")
    assert done.code == 1
    (failed,) = (check for check in json.loads(done.out) if check["result"] == "failed")
    assert (failed["service"], failed["detail"]) == ("array link", f"'{NAMES[0]}' is the array of site-a and of site-b")
    report = run_executable("protector-manage", "config", "check", "-f", "json").json
    assert any("anybody may pass for an array" in warning for warning in report["warnings"])
    assert [array["certificates"] for array in report["arrays"]] == ["ANY certificate"] * 2
    configured({})
    assert snapshot(served) == before


def test_an_array_that_stops_answering_is_unreachable(tmp_path: Path) -> None:
    with serve(tmp_path) as (array, _):
        gone = FlashArray("primary", array.url, array.api_token, ca_file=array.ca_cert)
        gone.info()
    with pytest.raises(Unreachable) as error:
        gone.info()
    assert isinstance(error.value, ProtectorException)
    assert array.host in str(error.value)
