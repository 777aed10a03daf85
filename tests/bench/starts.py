"""What starting costs: `import protector` over bare Python, and one of its commands over ``openstack --version``."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from measured import Row, extra, spread
from sides import environment

STARTS = 41
TARGET_MS = 30.0
TARGET_MIB = 10.0
COMMANDS = 15
COMMAND_TARGET_MS = 60.0

# not ru_maxrss: a process inherits there what the one that started it held
SAY = "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
SEED = """\
import sys
from protector.testing import mock_deployment
with mock_deployment(sys.argv[1]) as deployment:
    deployment.engine().protection_group_create(
        "prod-web", replication_type="async", primary_site="site-a", secondary_site="site-b",
        volume_type="replicated-ssd",
    )
"""


@dataclass
class Start:
    """A program that is started again and again."""

    command: list[str]
    seconds: list[float] = field(default_factory=list)
    #: Of the processor, which others on the machine disturb less.
    cpu_seconds: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def once(self, environment: dict[str, str]) -> None:
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(self.command, capture_output=True, text=True, env=environment, check=False)
        self.seconds.append(time.perf_counter() - begun)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu_seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        self.said.append(done.stdout)
        if done.returncode:
            raise SystemExit(f"{self.command}: {done.stderr}")


def imports(directory: Path) -> list[Row]:
    """Fresh interpreters with and without the package."""
    bare, ours = (Start([sys.executable, "-c", f"{code}\n{SAY}"]) for code in ("pass", "import protector"))
    _in_turns([bare, ours], STARTS, environment(directory))
    print(f"bare Python, ms: {spread(bare.seconds)}; with import protector: {spread(ours.seconds)}")
    print(f"  the processor's part: {spread(bare.cpu_seconds)} and {spread(ours.cpu_seconds)}")
    more = statistics.median(map(int, ours.said)) - statistics.median(map(int, bare.said))
    return [
        Row(
            "import protector over bare Python",
            extra(ours.seconds, bare.seconds) * 1e3,
            "ms",
            TARGET_MS,
            _least(ours, bare),
        ),
        Row("memory of import protector over bare Python", more / 1024, "MiB", TARGET_MIB),
    ]


def commands(directory: Path) -> list[Row]:
    """`openstack` alone, one of its own commands that logs in nowhere, and one of ours."""
    (deployment := directory / "deployment").mkdir()
    subprocess.run([sys.executable, "-c", SEED, str(deployment)], check=True, capture_output=True)
    openstack = str(Path(sys.executable).parent / "openstack")
    version, own, ours = (
        Start([openstack, *line.split()]) for line in ("--version", "module list", "protector protection-group list")
    )
    settings = {"PROTECTOR_CONFIG_FILE": str(deployment / "protector.conf")}
    _in_turns([version, own, ours], COMMANDS, {**environment(directory), **settings})
    for start in (version, own, ours):
        line = " ".join(["openstack", *start.command[1:]])
        print(f"{line:<42} ms: {spread(start.seconds)}; the processor's part: {spread(start.cpu_seconds)}")
    every = extra(own.seconds, version.seconds) * 1e3
    why = (
        f"{every:.0f} ms of it openstack module list adds, too: any command loads the commands of all plug-ins, "
        f"which --version does not"
    )
    over = "openstack protector protection-group list over"
    return [
        Row(f"{over} openstack --version", extra(ours.seconds, version.seconds) * 1e3, "ms", COMMAND_TARGET_MS, why),
        Row(
            f"{over} openstack module list",
            extra(ours.seconds, own.seconds) * 1e3,
            "ms",
            COMMAND_TARGET_MS,
            _least(ours, own),
        ),
    ]


def _least(more: Start, less: Start) -> str:
    of = {"the least times": "seconds", "the least of the processor's part": "cpu_seconds"}
    differ = (f"{name}: {(min(getattr(more, at)) - min(getattr(less, at))) * 1e3:.1f} ms" for name, at in of.items())
    return f"by {', by '.join(differ)}"


def _in_turns(starts: list[Start], rounds: int, environment: dict[str, str]) -> None:
    """The first round only warms up: files are read and compiled."""
    for number in range(rounds + 1):
        for start in starts:
            start.once(environment)
            if number == 0:
                start.seconds.clear()
                start.cpu_seconds.clear()
                start.said.clear()
