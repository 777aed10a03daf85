"""Two simulated arrays per test, as clients made by others see them; one cloud for all tests, on arrays of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import adapter
import pytest
from adapter import Adapter
from cloud import Cloud
from proxy import Proxy
from simulator import EXECUTABLE, Simulator

Start = Callable[..., Simulator]
Connect = Callable[..., Adapter]


def pytest_sessionstart() -> None:
    suite = "cargo test --workspace --test openstack_conformance --no-run"
    for executable, command in ((EXECUTABLE, "cargo build -p flasharray-sim"), (adapter.EXECUTABLE, suite)):
        if not executable.exists():
            raise pytest.UsageError(f"{executable} is missing: {command}")


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
    return start("--rest-max", rest, "--link", "both")


@pytest.fixture
def newest(start: Start) -> Simulator:
    """Arrays of the usual version, where the version makes no difference."""
    return start()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Keystone and Cinder, with the Pure driver on an array that replicates synchronously and asynchronously."""
    directory = tmp_path_factory.mktemp("cloud")
    with Simulator(directory, "--link", "both", "--transfer-time", "50ms") as arrays, Cloud(directory, arrays) as cloud:
        yield cloud


@pytest.fixture
def connect(cloud: Cloud, tmp_path: Path) -> Iterator[Connect]:
    """Connects the adapter with a cloud of clouds.yaml; what it logs holds no secret."""
    log = tmp_path / "adapter.log"
    with ExitStack() as running:

        def connect(name: str = "admin", **options: float) -> Adapter:
            return running.enter_context(Adapter(cloud.clouds_file, name, log, **options))

        yield connect
    text = log.read_text() if log.exists() else ""
    shown = [secret for secret in cloud.secrets() if secret in text]
    assert not shown, f"{len(shown)} secrets are in {log}"


@pytest.fixture
def line(cloud: Cloud) -> Iterator[Proxy]:
    """What stands before Cinder for who is not led there by the catalogue."""
    with Proxy(cloud.cinder) as proxy:
        yield proxy
