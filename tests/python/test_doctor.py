"""protector-manage doctor: one report of everything, whatever is broken, and no secret in it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import planted
import pytest
from conftest import Result, run_executable

from protector import Engine
from protector.doctor.redact import Redaction, secrets_of
from protector.testing import MockDeployment

SECTIONS = [
    "versions",
    "libraries",
    "clock",
    "settings",
    "findings",
    "resources",
    "databases",
    "keys",
    "sites",
    "groups",
    "operations",
    "workers",
    "logs",
]


def doctor(*arguments: str) -> Result:
    done = run_executable("protector-manage", "doctor", *arguments)
    assert "Traceback" not in done.err
    return done


def report() -> dict[str, Any]:
    found: dict[str, Any] = doctor("-f", "json").json
    assert [name for name in found if name in SECTIONS] == SECTIONS
    return found


def why(found: dict[str, Any], what: str) -> str:
    (reason,) = [row["reason"] for row in found["not_read"] if row["what"] == what]
    return str(reason)


def test_a_healthy_deployment(deployment: MockDeployment, protected: Engine) -> None:
    found = report()
    assert {row["what"] for row in found["not_read"]} <= {"logs", "clock synchronised"}
    assert found["versions"]["native"] == found["versions"]["protector"]
    assert found["versions"]["kernel"].startswith("Linux")
    assert found["libraries"]["cliff"]
    assert (found["settings"]["storage_driver"], found["settings"]["problem"]) == ("mock", None)
    assert [file["path"] for file in found["settings"]["files"]] == [str(deployment.config_file)]
    assert "PROTECTOR_CONFIG_FILE" in found["settings"]["environment"]
    assert found["findings"] == []
    assert all(row["version"] == row["needed"] for row in found["databases"]["schema"])
    assert {row["result"] for row in found["databases"]["check"]} == {"ok"}
    assert found["keys"] == {
        "path": f"{deployment.directory}/fernet-keys",
        "state": "readable",
        "mode": "0700",
        "keys": 2,
        "key_modes": {"0": "0600", "1": "0600"},
    }
    assert {name: each["valid"] for name, each in found["sites"]["validation"].items()} == {
        "site-a": True,
        "site-b": True,
    }
    ((group,), (health,)) = found["groups"]["groups"].values(), found["groups"]["health"]
    assert (group["name"], group["members"], group["sync_status"]["sync_status"]) == ("prod-web", 1, "IN SYNC")
    assert (health["protection_group"], health["rpo"]) == ("prod-web", "within")
    assert found["operations"] == []
    assert found["workers"]["state"] == "unknown"
    assert found["resources"]["state_path"]["free_mib"] > 0
    assert found["resources"]["descriptors"]["free"] > 0
    protected.record_worker(interval=60)
    assert report()["workers"]["workers"][0]["process"] == os.getpid()
    for file in (deployment.directory / "fernet-keys").iterdir():
        assert file.read_text().strip() not in json.dumps(found)


def test_open_operations_with_their_last_steps(deployment: MockDeployment, protected: Engine) -> None:
    there = {"net-primary-web": "net-secondary-web"}
    accepted = protected.accept(protected.plan_failover("prod-web", networks=there))
    (operation,) = report()["operations"]
    assert (operation["id"], operation["status"], operation["steps"]) == (accepted.id, "pending", [])

    def stop(event: Any) -> None:
        if event.progress > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        protected.run(accepted.id, progress=stop)
    (operation,) = report()["operations"]
    assert operation["status"] == "interrupted"
    assert "done" in {step["state"] for step in operation["steps"]}
    assert len(operation["steps"]) <= 5


def test_text_for_people_and_a_file_for_its_owner(deployment: MockDeployment, protected: Engine) -> None:
    shown = doctor()
    assert shown.code == 0
    for section in SECTIONS:
        assert f"\n{section.upper()}\n" in shown.out
    assert "sync_status: IN SYNC" in shown.out
    assert "\nNOT READ\n" in shown.out
    target = deployment.directory / "report.json"
    target.write_text("x" * 100_000)
    target.chmod(0o644)
    assert doctor("-f", "json", "--output", str(target)).out == f"wrote {target}\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert json.loads(target.read_text())["settings"]["problem"] is None
    link = deployment.directory / "link"
    link.symlink_to(target)
    refused = doctor("--output", str(link))
    assert (refused.code, "cannot be written" in refused.err) == (1, True)


def test_a_database_is_missing(deployment: MockDeployment, protected: Engine) -> None:
    (deployment.directory / "site-b.db").unlink()
    found = report()
    rows = {(row["site"], row["result"]) for row in found["databases"]["check"]}
    assert rows == {("site-a", "ok"), ("site-b", "failed")}
    assert {row["site"]: row["version"] for row in found["databases"]["schema"]}["site-b"] == 0
    for section in ("sites", "groups", "operations", "workers"):
        assert "protector-manage db sync" in why(found, section)
    assert found["keys"]["keys"] == 2
    assert found["resources"]["state_path"]["free_mib"] > 0


def test_a_row_is_damaged(deployment: MockDeployment, protected: Engine) -> None:
    with sqlite3.connect(deployment.directory / "site-a.db") as connection:
        connection.execute("UPDATE protection_groups SET doc = '{'")
    connection.close()
    found = report()
    damaged = [row for row in found["databases"]["check"] if row["result"] == "failed"]
    assert [(row["site"], row["check"]) for row in damaged] == [("site-a", "groups")]
    assert "damaged" in why(found, "groups")
    assert {name: each["valid"] for name, each in found["sites"]["validation"].items()} == {
        "site-a": True,
        "site-b": True,
    }
    assert found["workers"]["state"] == "unknown"


def test_the_keys_are_missing(deployment: MockDeployment, protected: Engine) -> None:
    shutil.rmtree(deployment.directory / "fernet-keys")
    found = report()
    assert (found["keys"]["state"], found["keys"]["keys"], found["keys"]["mode"]) == ("missing", 0, None)
    assert [each["remedy"] for each in found["findings"]] == ["protector-manage fernet setup"]
    assert "protector-manage fernet setup" in why(found, "groups")
    assert all(each["valid"] for each in found["sites"]["validation"].values())
    assert not (deployment.directory / "fernet-keys").exists()


def test_a_site_is_lost(deployment: MockDeployment, protected: Engine) -> None:
    deployment.set_site("site-b", available=False)
    found = report()
    assert not found["sites"]["validation"]["site-b"]["valid"]
    failed = [row["service"] for row in found["sites"]["validation"]["site-b"]["checks"] if row["result"] == "failed"]
    assert {"cloud", "array", "metadata"} <= set(failed)
    (group,) = found["groups"]["groups"].values()
    assert group["sync_status"]["sync_status"] != "IN SYNC"
    assert found["groups"]["health"][0]["failover_ready"] is False
    assert {row["result"] for row in found["databases"]["check"]} == {"ok"}


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def test_a_site_that_never_answers_costs_its_time_and_no_more(
    deployment: MockDeployment, protected: Engine, silent: int
) -> None:
    with deployment.config_file.open("a") as config:
        config.write("\n[site:site-a]\ncloud = site-a\n[site:site-b]\ncloud = site-b\napi_timeout = 60\n")
        config.write(f"api_url = http://127.0.0.1:{silent}\n")
    began = time.monotonic()
    found = doctor("-f", "json", "--timeout", "8").json
    assert time.monotonic() - began < 50
    reasons = [row for row in found["not_read"] if "no answer within" in row["reason"]]
    assert reasons, found["not_read"]
    assert found["sites"]["local_site"] == "site-a"
    (group,) = found["groups"]["groups"].values()
    assert group["name"] == "prod-web"
    assert {row["result"] for row in found["databases"]["check"]} == {"ok"}


def test_settings_that_are_refused(deployment: MockDeployment) -> None:
    deployment.config_file.write_text("[engine]\nstorage_driver = two words\n")
    found = report()
    assert "protector.conf:2" in why(found, "settings")
    assert found["versions"]["python"]
    assert found["libraries"]["cliff"]


def test_no_secret_is_in_it(deployment: MockDeployment, protected: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens in the settings, behind references, in the environment, and in lines of the logs."""
    logs = deployment.directory / "logs"
    logs.mkdir()
    (deployment.directory / "array-token").write_text(planted.token("referred"))
    monkeypatch.setenv("OS_PASSWORD", planted.token("environment"))
    text = deployment.config_file.read_text().replace("[DEFAULT]", f"[DEFAULT]\nlog_dir = {logs}")
    deployment.config_file.write_text(
        f"{text}primary_array_api_token = {planted.token('literal')}\n"
        f"secondary_array_api_token = file:{deployment.directory}/array-token\n"
    )
    names = ("literal", "referred", "environment")
    lines = [f"seen {planted.token(name)} once" for name in names]
    lines += [f"GET https://user:{planted.token('url')}@fa.example.com/?api_token={planted.token('query')}&x=1"]
    lines += [f"X-Auth-Token: {planted.token('header')}", f'"password": "{planted.token("json")}"']
    lines += [f"Authorization: Bearer {planted.token('bearer')}"]
    log = logs / "protector-engine.log"
    log.write_text("".join(f"{line}\n" for line in ["first", *lines, "last"]))
    try:
        found = report()
        shown = doctor()
        target = deployment.directory / "report"
        assert doctor("--output", str(target)).code == 0
    finally:
        log.unlink()
    assert planted.MARK not in json.dumps(found) + shown.out + target.read_text()
    told = found["logs"]["protector-engine.log"]
    assert (told[0], told[-1], len(told)) == ("first", "last", 9)
    assert told[1:4] == ["seen *** once"] * 3
    assert told[4] == "GET https://***@fa.example.com/?api_token=***&x=1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mysql+pymysql://u:p%40x@h/db failed", "mysql+pymysql://***@h/db failed"),
        ("api-token: 3bdf3b60-f0c0-fa8a-83c1-b794ba8f562c", "api-token: ***"),
        ("password=a1", "password=***"),
        ("{'client_secret': 'abcdef', 'a': 1}", "{'client_secret': '***', 'a': 1}"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"),
        ("token gAAAAABkZ2Fhbg_x-y1234567890== used", "token *** used"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- end", "*** end"),
        ("x" * 100 + "token=" + "a1" * 100, "x" * 100 + "token=***"),
        ("a line\n" + "Mi+/" * 16 + "\nanother", "a line\n***\nanother"),
        ("basic authentication is for a token\nfollowed by lines", None),
        ("[storage] primary_array_api_token: the variable 'N' is not set", None),
        ("volume 3bdf3b60-f0c0-fa8a-83c1-b794ba8f562c at https://fa.example.com:8443/api", None),
    ],
)
def test_what_looks_like_a_secret(text: str, shown: str | None) -> None:
    assert Redaction().text(text) == (text if shown is None else shown)


def test_a_secret_goes_over_lines_and_a_long_line_takes_no_time() -> None:
    lines = ["before", "-----BEGIN RSA PRIVATE KEY-----", "MIIE", "-----END RSA PRIVATE KEY-----", "after"]
    assert Redaction().of({"log": lines}) == {"log": ["before", "***", "after"]}
    assert Redaction(["one\ntwo"]).of(["say one", "two", "three"]) == ["say ***", "three"]
    began = time.monotonic()
    for piece in ("a", "a-", "token", "eyJ-", "https://", "-----BEGIN "):
        Redaction().text(piece * ((1 << 16) // len(piece)))
    assert time.monotonic() - began < 10


def test_secrets_that_this_process_can_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "array-token").write_text("from-file\n")
    monkeypatch.setenv("SOME_NAME", "from-env")
    file = tmp_path / "x.conf"
    file.write_text(
        "[storage]\nprimary_array_api_token = env:SOME_NAME\n"
        f"secondary_array_api_token: file:{tmp_path}/array-token\n"
        "[database]\nconnection = mysql://user:p%40ss@host/db\n"
        "[key_manager]\npassword = literal # old\nauth_type = keystone_password\n"
        "[site:b]\napplication_credential_secret = castellan:1234\n"
    )
    known = set(secrets_of([str(file), str(tmp_path / "missing")]))
    assert {"from-env", "from-file", "p%40ss", "p@ss", "literal", "literal # old"} <= known
    assert not {"keystone_password", "castellan:1234", "user"} & known


def test_wrong_usage(deployment: MockDeployment) -> None:
    for arguments in (["--timeout", "0"], ["--log-lines", "-1"], ["-f", "yaml"]):
        assert doctor(*arguments).code == 2
