"""A MariaDB server of a test's own: started in a directory, on a port of the loopback, ended by pid."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])


class DatabaseServer:
    """Runs until :meth:`kill`; :meth:`start` goes on with what it had."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        install = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
        install += ["--user=root", f"--datadir={directory}/data"]
        # in a directory that two servers share they take away each other's files
        self._environment = {**os.environ, "TMPDIR": str(directory)}
        subprocess.run(install, check=True, capture_output=True, env=self._environment)

    def start(self) -> None:
        program = shutil.which("mariadbd", path=PATH)
        assert program
        command = [program, "--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--user=root"]
        command += ["--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M", "--skip-log-bin"]
        command += [f"--{name}={self._directory}/{name}" for name in ("socket", "pid-file")]
        command += [f"--datadir={self._directory}/data", f"--port={self._port}"]
        with (self._directory / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env=self._environment)
        end = time.monotonic() + 60
        while self._client("SELECT 1").returncode:
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self._directory / "log").read_text())
            time.sleep(0.05)

    def start_somewhere(self) -> None:
        """Starts it on a port that is free: the one that was may be somebody else's by now."""
        for _ in range(2):
            with contextlib.suppress(RuntimeError):
                self.start()
                return
            self._port = _free_port()
        self.start()

    def kill(self) -> None:
        """Ends it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def sql(self, statements: str) -> str:
        """What the statements print."""
        done = self._client(statements)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def connection(self, database: str) -> str:
        """How oslo.db writes where a database of this server is."""
        return f"mysql+pymysql://root@127.0.0.1:{self._port}/{database}?charset=utf8mb4"

    def _client(self, statements: str) -> subprocess.CompletedProcess[str]:
        command = ["mariadb", "--no-defaults", "--user=root", f"--socket={self._directory}/socket", "--execute"]
        return subprocess.run([*command, statements], capture_output=True, text=True, timeout=30)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextlib.contextmanager
def database_server(directory: Path) -> Iterator[DatabaseServer]:
    """A server with an empty database for each site of the simulated world."""
    if shutil.which("mariadbd", path=PATH) is None:
        assert "PROTECTOR_TEST_REQUIRE_MARIADB" not in os.environ, "mariadbd is not installed"
        pytest.skip("mariadbd is not installed (Debian: mariadb-server-core, mariadb-client-core)")
    server = DatabaseServer(directory)
    try:
        server.start_somewhere()
        server.sql("CREATE DATABASE `protector_site-a`; CREATE DATABASE `protector_site-b`")
        yield server
    finally:
        server.kill()
