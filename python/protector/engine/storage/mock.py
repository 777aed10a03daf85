"""The driver for the simulated arrays."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from protector.engine.storage import ConfiguredArrays
from protector.exceptions import StorageError

LOG = logging.getLogger(__name__)

#: Where the documents keep the simulated arrays.
DEFAULT_DATA_DIR = Path("/var/lib/protector/mock_storage")


class MockStorageDriver(ConfiguredArrays):
    """Simulated arrays kept in a directory: for drills and tests, never for data.

    >>> MockStorageDriver(data_dir=directory)
    MockStorageDriver(data_dir=...)
    """

    def __init__(self, *, data_dir: str | os.PathLike[str] = DEFAULT_DATA_DIR) -> None:
        """Makes ``data_dir`` if it is missing. Raises ``StorageError`` if it cannot be made or written."""
        self.data_dir = Path(data_dir)
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.data_dir, error.strerror or str(error)) from error
        if not os.access(self.data_dir, os.W_OK | os.X_OK):
            raise _unusable(self.data_dir, "this user may not write there")
        LOG.info("MockStorageDriver initialized: data_dir=%s", self.data_dir)
        LOG.warning("Mock storage driver active — not suitable for production use")

    def __repr__(self) -> str:
        return f"MockStorageDriver(data_dir={self.data_dir})"


def _unusable(path: Path, reason: str) -> StorageError:
    return StorageError(
        f"data_dir '{path}' cannot be used: {reason}",
        remedy=f"mkdir -p {path} && chown -R protector:protector {path}",
    )
