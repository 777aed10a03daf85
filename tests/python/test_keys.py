"""The keys of array tokens: changed while groups have tokens, and read by MultiFernet of Python's ``cryptography``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import planted
import pytest
from conftest import Result, run_executable
from cryptography.fernet import Fernet, MultiFernet

from protector import Engine
from protector.testing import MockDeployment

TOKEN = planted.token("array")
SCHEME = "fernet:v1:"


def manage(*arguments: str) -> Result:
    return run_executable("protector-manage", *arguments)


@pytest.fixture
def keys(deployment: MockDeployment) -> Path:
    return next(deployment.directory.rglob("fernet-keys"))


@pytest.fixture
def with_tokens(protected: Engine) -> Engine:
    protected.policy_create(
        "prod-web",
        primary_fa_url="https://flasharray-a.example.com",
        primary_fa_api_token=TOKEN,
        secondary_fa_url="https://flasharray-b.example.com",
        secondary_fa_api_token=TOKEN,
    )
    return protected


def names(keys: Path) -> list[str]:
    return sorted((file.name for file in keys.iterdir() if file.name.isdigit()), key=int)


def ring(keys: Path) -> MultiFernet:
    """What an administrator has at hand without Protector; the primary key comes first."""
    return MultiFernet([Fernet((keys / name).read_bytes().strip()) for name in reversed(names(keys))])


def stored(deployment: MockDeployment) -> Iterator[str]:
    for site in ("site-a", "site-b"):
        database = sqlite3.connect(next(deployment.directory.rglob(f"{site}.db")))
        for row in database.execute("SELECT primary_token, secondary_token FROM protection_groups"):
            yield from row
        database.close()


def test_rotate_and_migrate(deployment: MockDeployment, with_tokens: Engine, keys: Path) -> None:
    first = manage("fernet", "rotate")
    assert first.out == f"{keys}/2 encrypts from now on\n"
    assert names(keys) == ["0", "1", "2"]
    before = list(stored(deployment))

    refused = manage("fernet", "rotate")
    assert (refused.code, refused.out) == (1, "")
    assert "'prod-web' on site-a" in refused.err
    assert "protector-manage fernet migrate" in refused.err
    assert names(keys) == ["0", "1", "2"]
    assert list(stored(deployment)) == before

    rows = manage("fernet", "migrate", "-f", "json").json
    assert [(row["site"], row["tokens"], row["migrated"]) for row in rows] == [
        ("site-a", 2, ["prod-web"]),
        ("site-b", 2, ["prod-web"]),
    ]
    again = manage("fernet", "migrate", "-f", "json").json
    assert all(row["migrated"] == [] for row in again)
    assert manage("fernet", "rotate").out == f"{keys}/3 encrypts from now on, removed {keys}/1\n"
    assert names(keys) == ["0", "2", "3"]

    ours = ring(keys)
    assert {ours.decrypt(text.removeprefix(SCHEME)).decode() for text in stored(deployment)} == {TOKEN}
    # an engine that has read the keys before goes on, and a new one reads what is there
    assert with_tokens.policy_show("prod-web").primary_fa_token_set
    assert deployment.engine().policy_show("prod-web") == with_tokens.policy_show("prod-web")


def test_tokens_of_another_implementation_are_migrated(
    deployment: MockDeployment, with_tokens: Engine, keys: Path
) -> None:
    theirs = SCHEME + ring(keys).encrypt(TOKEN.encode()).decode()
    manage("fernet", "rotate")
    database = sqlite3.connect(next(deployment.directory.rglob("site-a.db")))
    with database:
        database.execute("UPDATE protection_groups SET primary_token = ?", (theirs,))
    database.close()
    assert manage("fernet", "migrate").code == 0
    newest = Fernet((keys / names(keys)[-1]).read_bytes())
    assert [newest.decrypt(text.removeprefix(SCHEME)).decode() for text in stored(deployment)] == [TOKEN] * 4
    assert deployment.engine().policy_show("prod-web").primary_fa_token_set


def test_without_keys_nothing_is_rotated(deployment: MockDeployment, keys: Path) -> None:
    for file in keys.iterdir():
        file.unlink()
    for command in ("rotate", "migrate"):
        done = manage("fernet", command)
        assert done.code == 1
        assert "protector-manage fernet setup" in done.err
    (keys / "1").write_text("no key")
    (keys / "1").chmod(0o600)
    done = manage("fernet", "rotate")
    assert done.code == 1
    assert "not a Fernet key" in done.err
    assert names(keys) == ["1"]
