"""Where something goes wrong in a test, and what an operator types there to mend it."""

from __future__ import annotations

import contextlib
import re
import shlex
import sqlite3
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import BIN, Result, run_osc

from protector.testing import MockDeployment


@dataclass
class Place:
    """Where an entry is provoked."""

    directory: Path
    monkeypatch: pytest.MonkeyPatch

    @property
    def config_file(self) -> Path:
        return self.directory / "protector.conf"

    @property
    def deployment(self) -> MockDeployment:
        return MockDeployment(self.directory, self.config_file)

    def run(self, line: str) -> Result:
        """Runs a line as it was printed."""
        words = shlex.split(line)
        if words[0] == "openstack" and words[1].startswith("--os-cloud") and words[3] == "volume":
            return self.cinder(words[2], words[4:])
        if words[0] == "openstack":
            return run_osc(*words[1:])
        program = BIN / words[0] if (BIN / words[0]).exists() else words[0]
        done = subprocess.run([program, *words[1:]], capture_output=True, text=True, timeout=60, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def must(self, line: str) -> Result:
        """Runs a line that must succeed."""
        done = self.run(line)
        assert done.code == 0, (line, done)
        return done

    def world(self, statement: str, *values: object) -> None:
        """Changes the simulated world behind the engine's back."""
        with contextlib.closing(sqlite3.connect(self.directory / "mock_array.db")) as world, world:
            assert world.execute(statement, values).rowcount

    def cinder(self, site: str, words: list[str]) -> Result:
        """What Cinder would do: ``type set <type> --property …``, or ``set --type <type> … <volume>``."""
        if words[:2] == ["type", "set"]:
            given = [each.split("=", 1) for option, each in pairwise(words) if option == "--property"]
            for key, value in given:
                self.world(
                    "UPDATE volume_types SET extra_specs = json_set(extra_specs, ?, ?) WHERE site = ? AND name = ?",
                    *(f"$.{key}", value, site, words[2]),
                )
            return Result(0, "", "")
        assert words[0] == "set"
        wanted = words[words.index("--type") + 1]
        self.world("UPDATE cinder_volumes SET volume_type = ? WHERE site = ? AND id = ?", wanted, site, words[-1])
        return Result(0, "", "")

    def configure(self, text: str) -> None:
        """Writes the settings."""
        self.config_file.write_text(text.format(directory=self.directory), encoding="utf-8")
        self.monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(self.config_file))


def remedies(done: Result) -> list[str]:
    """The commands that an error prints."""
    return re.findall(r"(?:What to do: |remedy: |to mend: )(.+)", done.err)
