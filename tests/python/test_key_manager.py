"""Tokens that a key manager of OpenStack keeps, through the real Castellan with a backend of the tests."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from planted_key_manager import SECRET

from protector import Settings, _native, key_manager
from protector.exceptions import InvalidConfiguration, NotFound, Unreachable

MANAGER = "[key_manager]\nbackend = planted_key_manager.KeyManager\n"


def configured(directory: Path, second: str = "castellan:7b1c", more: str = MANAGER) -> Settings:
    file = directory / "protector.conf"
    file.write_text(
        "[engine]\nstorage_driver = pure\ncloud_driver = mock\n"
        f"mock_db_path = {directory}/mock_array.db\n"
        "[storage]\nprimary_array_url = https://array-a.example.com\nprimary_array_api_token = castellan:7b1c\n"
        f"secondary_array_url = https://array-b.example.com\nsecondary_array_api_token = {second}\n{more}",
        encoding="utf-8",
    )
    return Settings.load([file])


def check(settings: Settings) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(_native.config_check(settings))
    assert SECRET not in json.dumps(report)
    return report


def test_what_the_key_manager_keeps_is_read_when_it_is_needed(tmp_path: Path) -> None:
    settings = configured(tmp_path)
    assert SECRET not in repr(settings)
    report = check(settings)
    assert report["problem"] is None
    assert [array["host"] for array in report["arrays"]] == ["array-a.example.com", "array-b.example.com"]


def test_the_secret_itself(tmp_path: Path) -> None:
    settings = configured(tmp_path)
    assert key_manager.read("7b1c", settings.files) == SECRET


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ("nowhere", "[storage] secondary_array_api_token: the key manager has no secret 'nowhere'"),
        ("broken", "does not give secret 'broken' (ConnectionError)"),
        ("binary", "does not give secret 'binary' (UnicodeDecodeError)"),
        ("two-words", "secret 'two-words' of the key manager holds more than a token"),
        ("empty", "secret 'empty' of the key manager is empty"),
    ],
)
def test_what_is_wrong_is_named_and_the_secret_is_not(tmp_path: Path, identity: str, words: str) -> None:
    problem = check(configured(tmp_path, f"castellan:{identity}"))["problem"]
    assert words in problem
    assert "secondary_array_api_token" in problem


def test_each_refusal_is_of_its_kind(tmp_path: Path) -> None:
    files = configured(tmp_path).files
    with pytest.raises(NotFound):
        key_manager.read("nowhere", files)
    with pytest.raises(Unreachable) as refused:
        key_manager.read("broken", files)
    # nor in what a traceback would show
    assert refused.value.__suppress_context__


def test_a_key_manager_that_does_not_answer_is_waited_for_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_manager, "PATIENCE", 3.0)
    problem = check(configured(tmp_path, "castellan:silent"))["problem"]
    assert (
        "[storage] secondary_array_api_token: the key manager does not give secret 'silent' (TimeoutError)" in problem
    )


def test_a_backend_that_is_not_there_is_a_matter_of_the_configuration(tmp_path: Path) -> None:
    problem = check(configured(tmp_path, more="[key_manager]\nbackend = nobody.KeyManager\n"))["problem"]
    assert "does not give secret '7b1c'" in problem
    assert "[key_manager]" in problem


def test_who_asks_stands_in_the_same_file(tmp_path: Path) -> None:
    more = MANAGER + "auth_type = keystone_password\nauth_url = https://keystone.example.com/v3\nusername = p\n"
    more += "password = x\nuser_domain_name = Default\nproject_name = service\nproject_domain_name = Default\n"
    assert key_manager.read("who-asks", configured(tmp_path, more=more).files) == "https://keystone.example.com/v3"


def test_without_castellan_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "castellan", None)
    with pytest.raises(InvalidConfiguration, match="castellan is not installed") as refused:
        key_manager.read("7b1c", configured(tmp_path).files)
    assert "openstack-protector[castellan]" in (refused.value.remedy or "")
