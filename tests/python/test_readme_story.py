"""The session of the README, typed as it stands there: plan, drill, failover, a kill in the middle, resume, failback.

One world on a file, the time of the machine, the executables of this environment. What a command prints must be what
the README prints; ids are others in every world, so each id of the README stands for one id of this world, everywhere.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import planted
import pytest
from conftest import BIN

README = Path(__file__).parents[2] / "README.md"
PLACE = "/tmp/protector-session"
LEFT_OUT = "…"
WARNING = "Mock storage driver active — not suitable for production use"
SECONDS = 60.0

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# what differs from world to world: an id stands for another one …
ID = re.compile(
    rf"(?P<id>{UUID}|\b[0-9a-f]{{64}}\b|(?<=\bplan-)[0-9a-f]{{16}}\b|(?<=\.dr-)[0-9a-f]{{8}}\b|(?<=diverged-)[0-9a-f]{{8}}\b)"
)
# … and these for any other of their kind
VARIES = [
    (re.compile(r"(?<=recovery time )\d+(?:\.\d+)? \w+"), r"\d+(?:\.\d+)? \w+"),
    (re.compile(r"(?<=data )\d+(?:\.\d+)? \w+(?= old)"), r"\d+(?:\.\d+)? \w+"),
    (re.compile(r"^ +\d{1,2}%(?= )"), r" *\d{1,2}%"),  # of the time that is expected, which is measured
    (re.compile(r" {2,}|-{4,}"), None),  # columns are as wide as what is in them
]


@dataclass
class Command:
    """A line that an operator types, and the lines that come."""

    line: str
    prints: list[str] = field(default_factory=list)


@dataclass
class Session:
    """Where the session takes place, and what the ids of the README are called there."""

    place: Path
    variables: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    job: subprocess.Popen[bytes] | None = None

    def here(self, text: str) -> str:
        """The text with the place and the ids of this world."""
        text = text.replace(PLACE, str(self.place))
        return ID.sub(lambda found: self.ids.get(found["id"], found["id"]), text)

    def run(self, line: str) -> list[str]:
        """What a command prints: both streams, as on a terminal."""
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {self.here(line)}"],
            cwd=self.place,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout)
        return [line for line in done.stdout.splitlines() if line != WARNING]

    def start(self, line: str) -> subprocess.Popen[bytes]:
        """Starts a job in the background; its process is the one that works, not a shell around it."""
        assert self.job is None
        self.job = subprocess.Popen(
            shlex.split(self.here(line)),
            cwd=self.place,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,  # a line that Python holds back would not be seen by select
            executable=str(BIN / shlex.split(line)[0]),
        )
        return self.job

    def compare(self, command: Command, came: list[str]) -> None:
        """What came is what the README prints."""
        planted.saw(f"output of {command.line}", "\n".join(came))
        at = 0
        skipping = False
        for line in command.prints:
            if line.strip() == LEFT_OUT:
                skipping = True
                continue
            if skipping:
                found = next((at for at in range(at, len(came)) if self.matches(line, came[at])), None)
                assert found is not None, f"$ {command.line}\nnever printed\n{line}\nbut\n" + "\n".join(came[at:])
                at = found
            else:
                assert at < len(came), f"$ {command.line}\nended before\n{line}"
                assert self.matches(line, came[at]), f"$ {command.line}\nREADME: {line}\nprinted: {came[at]}"
            at, skipping = at + 1, False
        assert skipping or at == len(came), f"$ {command.line}\nprinted more:\n" + "\n".join(came[at:])

    def matches(self, line: str, came: str) -> bool:
        """Whether a line is that of the README; then the ids in it are known."""
        learnt: list[str] = []
        pattern = self.pattern(line, learnt)
        found = re.fullmatch(pattern, came)
        if found is None:
            return False
        self.ids |= dict(zip(learnt, found.groups(), strict=True))
        return True

    def pattern(self, line: str, learnt: list[str]) -> str:
        parts: list[str] = []
        at = 0
        while at < len(line):
            new = ID.match(line, at)
            if new and new["id"] in self.ids:
                parts.append(re.escape(self.ids[new["id"]]))
                at = new.end()
            elif new and new["id"] not in learnt:
                learnt.append(new["id"])
                parts.append(f"({UUID}|[0-9a-f]{{{len(new['id'])}}})")
                at = new.end()
            elif line[at] == LEFT_OUT:
                parts.append(".*")
                at += 1
            else:
                mask, at = literal(line, at)
                parts.append(mask)
        return "".join(parts)


def literal(line: str, at: int) -> tuple[str, int]:
    """The pattern of what stands at a place of a line, and where that ends."""
    for kind, mask in VARIES:
        found = kind.match(line, at)
        if found:
            return mask or re.escape(found[0][0]) + "+", found.end()
    return re.escape(line[at]), at + 1


def section() -> str:
    text = README.read_text(encoding="utf-8")
    return text.partition("\n## A session\n")[2].partition("\n## ")[0]


def story() -> Iterator[Command]:
    """The commands of the session in their order."""
    for block in re.findall(r"^```console\n(.*?)^```", section(), re.DOTALL | re.MULTILINE):
        commands: list[Command] = []
        for line in block.replace("\\\n", "").splitlines():
            if line.startswith("$ "):
                commands.append(Command(line.removeprefix("$ ").strip()))
            else:
                commands[-1].prints.append(line)
        yield from commands


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    [config] = re.findall(r"^```ini\n(.*?)^```", section(), re.DOTALL | re.MULTILINE)
    (tmp_path / "protector.conf").write_text(config.replace(PLACE, str(tmp_path)), encoding="utf-8")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "PROTECTOR_"))}
    variables |= {"HOME": str(tmp_path), "PATH": f"{BIN}:{variables['PATH']}", "PYTHONWARNINGS": "ignore"}
    made = Session(tmp_path, variables)
    yield made
    if made.job and made.job.poll() is None:
        made.job.kill()
        made.job.wait()


def test_the_session_of_the_readme(session: Session) -> None:
    done = []
    for command in story():
        words = command.line.split()
        if words[0] == "export":
            assert command.prints == []
            name, _, value = words[1].partition("=")
            session.variables[name] = value.replace("$PWD", str(session.place))
        elif words[-1] == "&":
            pid = until_the_last_line(session, command)
        elif words[:2] == ["kill", "-9"]:
            assert words[2] == pid
            kill(session, command)
        else:
            session.compare(command, session.run(command.line))
        done.append(" ".join(words))
    assert_the_story_is_whole(done)


def until_the_last_line(session: Session, command: Command) -> str:
    """Starts a job, reads until it has printed the last line of the README, and gives its pid in the README."""
    number, *lines = command.prints
    found = re.fullmatch(r"\[1\] (\d+)", number)
    assert found, number
    job = session.start(command.line.removesuffix("&"))
    assert job.stdout is not None
    came: list[str] = []
    end = time.monotonic() + SECONDS
    while len(came) < len(lines):
        assert select.select([job.stdout], [], [], max(0.0, end - time.monotonic()))[0], came
        line = job.stdout.readline().decode()
        assert line, (job.wait(), came)
        if line.rstrip("\n") != WARNING:
            came.append(line.rstrip("\n"))
    session.compare(Command(command.line, lines), came)
    return found[1]


def kill(session: Session, command: Command) -> None:
    """Kills the job in the middle of what it does; the shell says so."""
    job = session.job
    assert job is not None
    job.send_signal(signal.SIGKILL)
    rest, _ = job.communicate(timeout=SECONDS)
    assert job.returncode == -signal.SIGKILL, f"it was through before it was killed:\n{rest.decode()}"
    [said] = command.prints
    assert re.match(r"\[1\]\+  Killed +openstack protector failover ", said)


def assert_the_story_is_whole(done: list[str]) -> None:
    """Nobody takes a chapter out of the README unseen."""
    chapters = [
        "failover drill-web-app --network-mapping net-primary-web=net-secondary-web --dry-run",
        "test-failover drill-web-app",
        "test-cleanup drill-web-app",
        "failover drill-web-app --network-mapping net-primary-web=net-secondary-web --wait &",
        "kill -9",
        "operation resume",
        "failback drill-web-app",
        "mock site site-a down",
        "failover drill-web-app --force",
        "mock site site-a up",
        "reprotect drill-web-app",
        "failback drill-web-app",
        "commit drill-web-app",
    ]
    rest = iter(done)
    for chapter in chapters:
        assert any(chapter in line for line in rest), (chapter, done)
