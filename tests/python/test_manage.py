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
