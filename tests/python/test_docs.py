"""The examples in the docstrings run, each on a fresh deployment."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import pkgutil

import pytest
from conftest import NETWORKS, protect

import protector
from protector import values
from protector.testing import MockDeployment

MODULES = [protector.__name__] + [each.name for each in pkgutil.walk_packages(protector.__path__, "protector.")]
EXAMPLES = [
    example
    for name in MODULES
    if not name.endswith(("._native", ".manage"))
    for example in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name), name)
    if example.examples
]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 15


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.name)
def test_example(example: doctest.DocTest, deployment: MockDeployment, capsys: pytest.CaptureFixture[str]) -> None:
    engine = protect(deployment)
    engine.protection_group_update("prod-web", networks=NETWORKS)
    names = {"asyncio": asyncio, "deployment": deployment, "directory": deployment.directory, "engine": engine}
    example.globs = vars(protector) | vars(values) | example.globs | names
    options = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    failed, _ = doctest.DocTestRunner(optionflags=options).run(example)
    assert failed == 0, capsys.readouterr().out
