"""flasharray-sim as a process of its own, and a deployment whose engine talks to its arrays over FlashArray REST."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import planted
import pytest

from protector import Settings, _native
from protector.engine.storage.pure import PureStorageDriver
from protector.testing import MockDeployment

ROOT = Path(__file__).parents[2]
NAMES = ("flasharray-a", "flasharray-b")


def binary() -> Path:
    """What ``make test`` builds; of a debug and a release build the newer one."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    given = os.environ.get("FLASHARRAY_SIM")
    candidates = [Path(given)] if given else [target / kind / "flasharray-sim" for kind in ("debug", "release")]
    built = [path for path in candidates if path.exists()]
    if not built:
        pytest.fail("flasharray-sim is not built: cargo build -p flasharray-sim")
    return max(built, key=lambda path: path.stat().st_mtime)


@dataclass(frozen=True)
class ServedArray:
    """An array as the ready file tells it."""

    name: str
    url: str
    api_token: str
    ca_cert: str

    @property
    def host(self) -> str:
        return self.url.removeprefix("https://")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate that it shows."""
        host, _, port = self.host.partition(":")
        shown = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port))))
        return hashlib.sha256(shown).hexdigest()


@contextlib.contextmanager
def serve(directory: Path, *options: str) -> Iterator[list[ServedArray]]:
    """Serves the arrays of the world in ``directory``, made if it is not there, until the end of the context."""
    ready = directory / "arrays.json"
    arrays = [word for name in NAMES for word in ("--array", f"{name}=127.0.0.1:0")]
    tokens = [word for name in NAMES for word in ("--api-token", f"{name}={planted.token(name)}")]
    files = ["--db", str(directory / "mock_array.db"), "--ready-file", str(ready)]
    with (directory / "flasharray-sim.log").open("wb") as log:
        process = subprocess.Popen([str(binary()), *arrays, *tokens, *files, *options], stdout=log, stderr=log)
    try:
        end = time.monotonic() + 15
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"flasharray-sim serves nothing: {(directory / 'flasharray-sim.log').read_text()}")
            time.sleep(0.02)
        yield [ServedArray(**array) for array in json.loads(ready.read_text())["arrays"]]
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        ready.unlink(missing_ok=True)


@dataclass(frozen=True)
class FlashArrayDeployment(MockDeployment):
    """Two simulated sites whose arrays are asked over FlashArray REST."""

    arrays: tuple[ServedArray, ServedArray]

    def configuration(self, **changes: str | None) -> str:
        """The text of ``protector.conf`` with other values in ``[storage]``; ``None`` leaves one out."""
        storage: dict[str, str | None] = {"fernet_key_repository": f"{self.directory}/fernet-keys"}
        for role, array in zip(("primary", "secondary"), self.arrays, strict=True):
            storage |= {f"{role}_array_url": array.url, f"{role}_array_api_token": array.api_token}
        storage |= {"array_ca_file": self.arrays[0].ca_cert, **changes}
        lines = [f"{key} = {value}" for key, value in storage.items() if value is not None]
        return (
            f"[DEFAULT]\nstate_path = {self.directory}\n"
            f"[engine]\nstorage_driver = pure\ncloud_driver = mock\nmock_clock = virtual\nlocal_site = site-a\n"
            f"mock_db_path = {self.directory}/mock_array.db\n[storage]\n" + "\n".join(lines) + "\n"
        )

    def driver(self) -> PureStorageDriver:
        """The driver of both arrays."""
        primary, secondary = self.arrays
        return PureStorageDriver(
            primary_array_url=primary.url,
            primary_array_api_token=primary.api_token,
            secondary_array_url=secondary.url,
            secondary_array_api_token=secondary.api_token,
            ca_file=primary.ca_cert,
        )


@contextlib.contextmanager
def flash_array_deployment(directory: Path, *options: str) -> Iterator[FlashArrayDeployment]:
    """A seeded deployment over served arrays, in virtual time: as :func:`protector.testing.mock_deployment`."""
    with serve(directory, "--clock", "virtual", *options) as (primary, secondary):
        made = FlashArrayDeployment(directory, directory / "protector.conf", (primary, secondary))
        made.config_file.write_text(made.configuration())
        settings = Settings.load([made.config_file])
        _native.fernet_setup(settings)
        _native.db_sync(settings)
        _native.mock_seed(settings)
        yield made
