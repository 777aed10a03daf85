"""The exceptions: the shared list of error kinds, attributes, pickling."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from conftest import DATA

from protector import exceptions
from protector.exceptions import BY_CODE, ProtectorException, from_code

KINDS = json.loads((DATA / "errors.json").read_text(encoding="utf-8"))


def test_every_kind_has_its_class_and_every_class_its_kind() -> None:
    assert {kind["code"]: kind["python"] for kind in KINDS} == {code: cls.__name__ for code, cls in BY_CODE.items()}
    assert [kind["status"] for kind in KINDS] == list(range(1, len(KINDS) + 1))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["code"])
def test_kind(kind: dict) -> None:
    error = from_code(kind["code"], "disk 'a' is gone", "look for it")
    assert type(error) is getattr(exceptions, kind["python"])
    assert isinstance(error, ProtectorException)
    assert (error.code, error.retryable) == (kind["code"], kind["retryable"])
    assert (error.message, error.remedy, error.safe) == ("disk 'a' is gone", "look for it", True)
    assert str(error) == "disk 'a' is gone (look for it)"
    error.details["findings"] = [1]
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is type(error)
        assert (str(twin), twin.details) == (str(error), {"findings": [1]})


def test_a_kind_of_a_newer_engine_is_still_an_exception_of_ours() -> None:
    assert type(from_code("melted", "the array melted", None)) is ProtectorException


def test_builtin_bases_help_generic_callers() -> None:
    assert issubclass(exceptions.PeerUnreachable, ConnectionError)
    assert issubclass(exceptions.DeadlineExceeded, TimeoutError)
    assert issubclass(exceptions.NotFound, LookupError)
    assert issubclass(exceptions.InvalidRequest, ValueError)
