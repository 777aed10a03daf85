"""The driver classes that services and runbooks import."""

from __future__ import annotations

import logging
from pathlib import Path

import planted
import pytest

from protector.engine.storage import ConfiguredArrays
from protector.engine.storage.mock import MockStorageDriver
from protector.engine.storage.pure import PureStorageDriver
from protector.exceptions import InvalidRequest, NotSupported, StorageError

PURE = {
    "primary_array_url": "https://fa-boston-01.example.com",
    "primary_array_api_token": planted.token("primary"),
    "secondary_array_url": "https://fa-seattle-01.example.com",
    "secondary_array_api_token": planted.token("secondary"),
}


def test_pure_driver_logs_the_documented_line_and_no_token(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        driver = PureStorageDriver(**PURE)
    assert caplog.record_tuples == [
        (
            "protector.engine.storage.pure",
            logging.INFO,
            "PureStorageDriver initialized: primary=fa-boston-01.example.com secondary=fa-seattle-01.example.com",
        )
    ]
    assert isinstance(driver, ConfiguredArrays)
    assert planted.MARK not in repr(driver)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"primary_array_url": "http://fa-boston-01.example.com"}, ["primary_array_url", "http://fa-boston", "HTTPS"]),
        ({"secondary_array_url": "fa-seattle-01.example.com"}, ["secondary_array_url", "fa-seattle-01"]),
        ({"secondary_array_url": "https://"}, ["secondary_array_url"]),
        ({"secondary_array_url": "https://fa/api/2.0"}, ["secondary_array_url", "/api/2.0"]),
        ({"primary_array_url": f"https://admin:{planted.MARK}@fa"}, ["primary_array_url"]),
        ({"secondary_array_url": "https://FA-boston-01.example.com/"}, ["same array"]),
        ({"primary_array_api_token": " "}, ["primary_array_api_token"]),
    ],
)
def test_pure_driver_refuses(change: dict[str, str], words: list[str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        PureStorageDriver(**(PURE | change))
    assert all(word in str(refused.value) for word in words), refused.value
    assert refused.value.remedy
    assert planted.MARK not in str(refused.value)


def test_array_calls_are_refused_and_say_what_to_use() -> None:
    with pytest.raises(NotSupported, match="consistency-group sync"):
        PureStorageDriver(**PURE).create_protection_group_snapshot("pg-prod-web-app")


def test_mock_driver_makes_its_directory_and_logs_the_documented_lines(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    where = tmp_path / "mock_storage"
    with caplog.at_level(logging.DEBUG):
        MockStorageDriver(data_dir=where)
    assert where.is_dir()
    assert caplog.record_tuples == [
        ("protector.engine.storage.mock", logging.INFO, f"MockStorageDriver initialized: data_dir={where}"),
        (
            "protector.engine.storage.mock",
            logging.WARNING,
            "Mock storage driver active — not suitable for production use",
        ),
    ]


def test_mock_driver_refuses_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="mkdir -p"):
        MockStorageDriver(data_dir=tmp_path / "file" / "mock_storage")
