"""Two simulated arrays per test, as clients made by others see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from simulator import EXECUTABLE, Simulator

Start = Callable[..., Simulator]


def pytest_sessionstart() -> None:
    if not EXECUTABLE.exists():
        raise pytest.UsageError(f"{EXECUTABLE} is missing: cargo build -p flasharray-sim")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a simulator with the options of its command line; they end with the test."""
    with ExitStack() as running:

        def start(*options: str) -> Simulator:
            directory = tmp_path / f"simulator-{len(list(tmp_path.iterdir()))}"
            directory.mkdir()
            return running.enter_context(Simulator(directory, *options))

        yield start


@pytest.fixture(params=["2.4", "2.26", "2.37", "2.38"])
def rest(request: pytest.FixtureRequest) -> str:
    """The newest version that the arrays advertise."""
    return str(request.param)


@pytest.fixture
def sim(start: Start, rest: str) -> Simulator:
    """Arrays with a connection for asynchronous replication."""
    return start("--rest-max", rest)


@pytest.fixture
def sync_sim(start: Start, rest: str) -> Simulator:
    """Arrays with a connection for synchronous replication."""
    return start("--rest-max", rest, "--link", "sync")


@pytest.fixture
def newest(start: Start) -> Simulator:
    """Arrays of the usual version, where the version makes no difference."""
    return start()
