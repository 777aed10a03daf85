"""Looks at what `make wheel` put into dist/: prints the sizes and every complaint; status 1 if there is one."""

from __future__ import annotations

import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
NATIVE = "protector/_native.abi3.so"
#: of the sdist of the engine, besides Rust sources and the Python package
NEEDED = {
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "PKG-INFO",
    "README.md",
    "packaging/systemd/protector-api.service",
    "packaging/systemd/protector-engine.service",
    "protector-core/Cargo.toml",
    "protector-py/Cargo.toml",
    "pyproject.toml",
}
BESIDE = re.compile(r"protector-(core|py)/src/.+\.(rs|sql)|protector-core/proptest-regressions/.+\.txt")
#: what belongs to the one who builds: no file may name it
PRIVATE = [f"{place}/".encode() for place in (Path.home(), ROOT) if place != Path("/")]


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)


def read_from(pattern: str, file: str) -> str:
    found = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{file}: no {pattern}"
    return found[1]


def sources(directory: str) -> set[str]:
    """The files of a Python package that the repository has."""
    listed = run("git", "ls-files", "--", directory)
    assert listed.returncode == 0, listed.stderr
    return {str(Path(line).relative_to("python")) for line in listed.stdout.splitlines()}


def expect(what: str, found: set[str], expected: set[str]) -> Iterator[str]:
    yield from (f"{what}: {name} is missing" for name in sorted(expected - found))
    yield from (f"{what}: {name} should not be in it" for name in sorted(found - expected))


def private(what: str, contents: dict[str, bytes]) -> Iterator[str]:
    for name, content in contents.items():
        for place in PRIVATE:
            at = content.find(place)
            if at >= 0:
                text = content[at : at + 120].decode(errors="replace")
                yield f"{what}: {name} names a directory of the one who built it: {text!r}"


def native(library: bytes) -> Iterator[str]:
    """What a library is not published with."""
    sections = [(section.name, section["sh_size"]) for section in ELFFile(io.BytesIO(library)).iter_sections()]
    for name, size in sections:
        if name == ".symtab" or name.startswith((".debug", ".zdebug")):
            yield f"{NATIVE}: {name} with {size} bytes, which is for debuggers only"


def tags(wheel: Path, version: str) -> Iterator[str]:
    """The file name says what the tools find: the oldest Python, and the oldest C library."""
    minor = read_from(r'^pyo3 = .*"abi3-py3(\d+)"', "Cargo.toml")
    name = rf"openstack_protector-{re.escape(version)}-cp3{minor}-abi3-(manylinux_2_\d+_{platform.machine()})\.whl"
    found = re.fullmatch(name, wheel.name)
    if found is None:
        yield f"{wheel.name} is not called {name}"
        return
    shown = run(BIN / "auditwheel", "show", "--json", wheel)
    if shown.returncode != 0:
        yield f"auditwheel: {shown.stderr}"
        return
    audit = json.loads(shown.stdout)
    if audit["overall_tag"] != found[1] or audit["external_libs"]:
        yield f"auditwheel: {audit['overall_tag']}, not {found[1]}; libraries of this machine: {audit['external_libs']}"
    stable = run(BIN / "abi3audit", "--strict", "--report", wheel)
    reports = json.loads(stable.stdout)["specs"][str(wheel)]["wheel"] if stable.stdout else []
    computed = [report["result"]["computed"] for report in reports]
    if stable.returncode != 0 or len(computed) != 1:
        yield f"abi3audit: {stable.stdout or stable.stderr}"
    else:
        print(f"{wheel.name}: needs the ABI of Python {computed[0]}, declares that of 3.{minor}")


def engine_wheel(wheel: Path, version: str) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    info = f"openstack_protector-{version}.dist-info"
    about = {name for name in contents if name.startswith(f"{info}/sboms/")}
    about |= {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")}
    yield from expect(wheel.name, set(contents), sources("python/protector") | {NATIVE} | about)
    yield from private(wheel.name, contents)
    if NATIVE in contents:
        print(f"{NATIVE}: {len(contents[NATIVE]) / 1e6:.1f} MB")
        yield from native(contents[NATIVE])
    yield from tags(wheel, version)


def files_of(sdist: Path) -> dict[str, bytes]:
    with tarfile.open(sdist) as archive:
        members = [(member, archive.extractfile(member)) for member in archive.getmembers()]
        # without the directory that everything lies in
        return {member.name.partition("/")[2]: file.read() for member, file in members if file is not None}


def engine_sdist(sdist: Path) -> Iterator[str]:
    contents = files_of(sdist)
    package = {f"python/{name}" for name in sources("python/protector")}
    rust = {name for name in contents if BESIDE.fullmatch(name)}
    yield from expect(sdist.name, set(contents) - rust, package | NEEDED)
    yield from private(sdist.name, contents)


def client_wheel(wheel: Path, version: str) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    info = f"python_protectorclient-{version}.dist-info"
    parts = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "top_level.txt")
    modules = {name for name in sources("python/protectorclient") if name.endswith(".py")}
    yield from expect(wheel.name, set(contents), modules | {f"{info}/{name}" for name in parts})
    yield from private(wheel.name, contents)


def look(directory: Path) -> Iterator[str]:
    version = read_from(r'^version = "(.+)"', "Cargo.toml")
    engine = list(directory.glob("openstack_protector-*.whl"))
    client = directory / f"python_protectorclient-{version}-py3-none-any.whl"
    sdists = [directory / f"{name}-{version}.tar.gz" for name in ("openstack_protector", "python_protectorclient")]
    present = sorted(directory.iterdir())
    if len(engine) != 1 or set(present) != {engine[0], client, *sdists}:
        names = [path.name for path in present]
        yield f"{directory}: two wheels and two sdists of version {version} are expected, not {names}"
        return
    for path in present:
        print(f"{path.name}: {os.path.getsize(path) / 1e6:.2f} MB")
    yield from engine_wheel(engine[0], version)
    yield from engine_sdist(sdists[0])
    yield from client_wheel(client, version)
    yield from private(sdists[1].name, files_of(sdists[1]))
    # of all: the metadata, and whether the README can be shown
    rendered = run(BIN / "twine", "check", "--strict", *present)
    if rendered.returncode != 0:
        yield f"twine: {rendered.stdout}{rendered.stderr}"


def main() -> int:
    complaints = list(look(Path(sys.argv[1]).resolve()))
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
