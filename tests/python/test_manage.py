"""protector-manage: preparing a deployment from nothing."""

from __future__ import annotations

import json
import sqlite3
import stat
from pathlib import Path

import planted
import pytest
from conftest import Result, columns, run_executable

from protector import Engine, Settings


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a configuration and nothing else."""
    (tmp_path / "protector.conf").write_text(
        f"[DEFAULT]\nstate_path = {tmp_path}\n"
        f"[engine]\nstorage_driver = mock # or: pure\nmock_db_path = {tmp_path}/mock_array.db\ncloud_driver = mock\n"
        f"[storage]\nfernet_key_repository = {tmp_path}/fernet-keys\n"
    )
    monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(tmp_path / "protector.conf"))
    return tmp_path


def manage(*arguments: str) -> Result:
    return run_executable("protector-manage", *arguments)


def test_from_nothing_to_a_working_deployment(configured: Path) -> None:
    assert manage("fernet", "setup").out.endswith(f"{configured}/fernet-keys\n")
    assert [row["version"] for row in manage("db", "version", "-f", "json").json] == [0, 0]
    assert not (configured / "site-a.db").exists()
    synced = manage("db", "sync", "-f", "json").json
    assert [(row["site"], row["from"]) for row in synced] == [("site-a", 0), ("site-b", 0)]
    again = manage("db", "sync", "-f", "json").json
    assert all(row["from"] == row["to"] > 0 for row in again)
    assert all(row["version"] == row["needed"] > 0 for row in manage("db", "version", "-f", "json").json)
    assert "site-a and site-b" in manage("mock", "seed", "--servers", "3", "--sync-servers", "2").out
    servers = manage("mock", "servers", "--site", "site-a", "-f", "json").json
    assert {"web-server-1", "web-server-2"} < {server["name"] for server in servers}
    assert "sync-server-2-data (40 GiB)" in next(s["volumes"] for s in servers if s["name"] == "sync-server-2")
    assert "web-server-1-data (200 GiB)" in next(s["volumes"] for s in servers if s["name"] == "web-server-1")
    assert manage("mock", "servers", "--site", "site-b", "-f", "json").json == []
    assert columns(manage("mock", "servers").out)[:4] == ["site", "id", "name", "status"]
    assert [site.name for site in Engine(Settings.discover()).site_list()] == ["site-a", "site-b"]
    for name in ("site-a.db", "site-b.db"):
        assert stat.S_IMODE((configured / name).stat().st_mode) == 0o600


def test_a_check_names_what_is_damaged_and_what_is_missing(configured: Path) -> None:
    assert manage("fernet", "setup").code == 0
    absent = manage("db", "check", "-f", "json")
    assert absent.code == 1
    assert {row["remedy"] for row in json.loads(absent.out)} == {"run: protector-manage db sync"}
    for command in (["db", "sync"], ["mock", "seed"]):
        assert manage(*command).code == 0
    whole = manage("db", "check", "-f", "json").json
    assert {row["result"] for row in whole} == {"ok"}
    assert ("sites", "2 read") in [(row["check"], row["detail"]) for row in whole]
    with sqlite3.connect(configured / "site-b.db") as connection:
        connection.execute("UPDATE sites SET doc = '{' WHERE name = 'site-a'")
    connection.close()
    damaged = manage("db", "check", "-f", "json")
    assert damaged.code == 1
    (row,) = [row for row in json.loads(damaged.out) if row["result"] != "ok"]
    assert (row["site"], row["check"]) == ("site-b", "sites")
    assert "site 'site-a' is damaged" in row["detail"]


def test_repeating_is_harmless(configured: Path) -> None:
    for command in (["fernet", "setup"], ["db", "sync"], ["mock", "seed"]):
        assert manage(*command).code == 0
    keys = {file: file.read_bytes() for file in (configured / "fernet-keys").iterdir()}
    servers = manage("mock", "servers", "-f", "json").json
    assert manage("fernet", "setup").code == 0
    refused = manage("mock", "seed")
    assert (refused.code, refused.out) == (1, "")
    assert {file: file.read_bytes() for file in (configured / "fernet-keys").iterdir()} == keys
    assert manage("mock", "servers", "-f", "json").json == servers


def test_a_site_goes_down_and_comes_back(configured: Path) -> None:
    for command in (["fernet", "setup"], ["db", "sync"], ["mock", "seed"]):
        assert manage(*command).code == 0
    engine = Engine(Settings.discover())
    assert manage("mock", "site", "site-b", "down").code == 0
    assert engine.site_show("site-b").status == "unreachable"
    assert manage("mock", "site", "site-b", "up").code == 0
    assert engine.site_show("site-b").status == "active"
    unknown = manage("mock", "site", "site-x", "down")
    assert unknown.code == 1
    assert "site-x" in unknown.err


def test_config_check(configured: Path) -> None:
    checked = manage("config", "check", "-f", "json").json
    assert (checked["storage_driver"], checked["problem"]) == ("mock", None)
    assert any("protector.conf:4" in warning for warning in checked["warnings"])
    pure = configured / "pure.conf"
    pure.write_text(f"[engine]\nstorage_driver = pure\n[storage]\nprimary_array_api_token = {planted.MARK}\n")
    done = manage("--config-file", str(pure), "config", "check", "-f", "json")
    assert done.code == 1
    assert "secondary_array_url" in json.loads(done.out)["problem"]
    assert planted.MARK not in done.out + done.err


def test_simulated_arrays_under_real_clouds_are_pointed_out(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = "{auth_url: 'https://k.example.com', username: u, password: p, project_name: p}"
    clouds = configured / "clouds.yaml"
    clouds.write_text(f"clouds:\n  boston: {{auth: {auth}}}\n  seattle: {{auth: {auth}}}\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
    mixed = configured / "mixed.conf"
    engine = f"storage_driver = mock\ncloud_driver = openstack\nmock_db_path = {configured}/arrays.db\n"
    mixed.write_text(f"[DEFAULT]\nstate_path = {configured}\n[engine]\n{engine}[site:boston]\n[site:seattle]\n")
    checked = manage("--config-file", str(mixed), "config", "check", "-f", "json").json
    assert checked["problem"] is None
    (warning,) = [text for text in checked["warnings"] if "nothing is replicated or protected" in text]
    assert warning.startswith(f"{mixed}:4: [engine] storage_driver: arrays are simulated under real clouds")
    assert "every other operation on servers is refused" in warning
    mixed.write_text(mixed.read_text() + "[engine]\nfailover_to_blank_disks = True\n")
    checked = manage("--config-file", str(mixed), "config", "check", "-f", "json").json
    assert any("stops real servers and starts others with blank disks" in text for text in checked["warnings"])
    refused = manage("--config-file", str(mixed), "mock", "seed")
    assert (refused.code, "the clouds are real" in refused.err) == (1, True)


def test_later_configuration_files_win(configured: Path) -> None:
    other = configured / "other.conf"
    other.write_text("[engine]\nlocal_site = site-b\n")
    files = ["--config-file", str(configured / "protector.conf"), "--config-file", str(other)]
    assert manage(*files, "config", "check", "-f", "json").json["local_site"] == "site-b"


@pytest.mark.parametrize(
    "arguments",
    [
        ["mock", "site", "site-a", "sideways"],
        ["db", "drop"],
        ["mock", "seed", "--servers", "x"],
        ["mock", "seed", "--sync-servers", "x"],
    ],
)
def test_wrong_usage_exits_with_2(configured: Path, arguments: list[str]) -> None:
    assert manage(*arguments).code == 2


PURE = """\
[DEFAULT]
state_path = {directory}
[engine]
storage_driver = pure
cloud_driver = mock
mock_db_path = {directory}/mock_array.db
local_site = {site}
[storage]
fernet_key_repository = {directory}/fernet-keys
primary_array_url = https://{primary}.example.com
primary_array_api_token = {token}
secondary_array_url = https://{secondary}.example.com
secondary_array_api_token = {token}
default_replication_interval = 300
default_rpo_minutes = {rpo}
[site:site-a]
array = primary
[site:site-b]
array = secondary
"""


def pure(directory: Path, name: str, **changes: str) -> str:
    """A file of settings for FlashArrays."""
    values = {"site": "site-a", "primary": "fa-a", "secondary": "fa-b", "rpo": "15", "token": planted.token("x")}
    file = directory / f"{name}.conf"
    file.write_text(PURE.format(directory=directory, **values | changes))
    return str(file)


def check(here: str, *arguments: str) -> tuple[int, list[dict[str, str]]]:
    done = manage("--config-file", here, "config", "check", "-f", "json", *arguments)
    assert planted.MARK not in done.out + done.err
    return done.code, json.loads(done.out)["findings"]


def test_config_check_of_both_sites(configured: Path) -> None:
    assert manage("fernet", "setup").code == 0
    here = pure(configured, "a")
    assert check(here, "--strict", "--other-site-config", pure(configured, "b", site="site-b")) == (0, [])

    code, found = check(here, "--other-site-config", pure(configured, "b", primary="fa-b", secondary="fa-a"))
    assert code == 1
    words = [(each["severity"], each["message"].split(":")[0]) for each in found]
    assert words == [("problem", "both work from 'site-a'"), ("problem", "the arrays are swapped")]

    other = pure(configured, "b", site="site-b", rpo="30")
    code, (only,) = check(here, "--other-site-config", other)
    assert (code, only["severity"]) == (0, "warning")
    assert "15 min in" in only["message"]
    assert check(here, "--strict", "--other-site-config", other)[0] == 1

    plain = Path(pure(configured, "b", site="site-b"))
    plain.write_text(plain.read_text().replace("https://fa-b", "http://fa-b"))
    code, (refused,) = check(here, "--other-site-config", str(plain))
    assert (code, refused["severity"]) == (1, "problem")
    assert refused["place"].startswith(f"{plain}:")
    assert "HTTPS only" in refused["message"]
    assert refused["remedy"] == "write secondary_array_url = https://fa-b.example.com"


def test_config_check_of_what_this_machine_lacks(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Path(pure(configured, "a", token="env:NOT_SET", site="site-x"))
    here.write_text(here.read_text().replace("[engine]", f"log_dir = {configured}/logs\n[engine]\nfoo = 1", 1))
    code, found = check(str(here))
    assert code == 1
    told = {(each["severity"], each["place"].removeprefix(str(here)).lstrip(": ")): each for each in found}
    token = told["problem", "[storage] primary_array_api_token"]
    assert "'NOT_SET' is not set" in token["message"]
    assert token["remedy"].startswith("set NOT_SET for the process")
    assert "none of the sites" in told["problem", "[engine] local_site"]["message"]
    assert told["warning", "[DEFAULT] log_dir"]["remedy"] == f"mkdir -p {configured}/logs"
    assert told["warning", f"{configured}/fernet-keys"]["remedy"] == "protector-manage fernet setup"
    assert "no such option" in told["warning", "5: [engine] foo"]["message"]
    assert len(found) == 5

    table = manage("--config-file", str(here), "config", "check", "-c", "findings")
    assert "to mend: " in table.out
    monkeypatch.setenv("OS_ENGINE__LOCAL_SITE", "site-a")
    _, found = check(pure(configured, "a"), "--other-site-config", pure(configured, "b", site="site-b"))
    assert ["env -u OS_ENGINE__LOCAL_SITE" in each["remedy"] for each in found[-1:]] == [True]


def test_config_check_sees_who_may_read_the_keys(configured: Path) -> None:
    assert manage("fernet", "setup").code == 0
    (configured / "fernet-keys" / "1").chmod(0o644)
    code, (found,) = check(str(configured / "protector.conf"))[0], check(str(configured / "protector.conf"))[1][:1]
    assert (code, found["severity"]) == (1, "problem")
    assert found["remedy"] == f"chmod 0600 {configured}/fernet-keys/*"
    engine = manage("db", "sync")
    assert engine.code == 0
    refused = manage("db", "check")
    assert refused.code == 1
    assert "0600" in refused.err
