"""What is wrong with the configuration of a site, and with those of two sites beside each other.

Decides only: what was read and seen comes in as a value, see :mod:`protector.look`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from protector._value import Value, value

#: A file with a line, a section with an option, or both, in front of a message of the native half.
_PLACE = re.compile(r"^(?P<place>(?:\S[^\n]*?:\d+: )?\[[^\]]+\] \w+|\S[^\n]*?:\d+): (?P<message>.+)$", re.DOTALL)
#: Native warnings, by words of theirs, and how to mend the line.
_REMEDIES = {
    "no such option": "mend the spelling, or remove the line",
    "ignored the comment": "move the comment to a line of its own",
    "has no effect": "remove the line",
    "simulated under real clouds": "with real arrays: storage_driver = pure in [engine]",
    "anybody may pass for an array": "set array_ca_file or the fingerprints in [storage], and remove the line",
}


@value
class Finding(Value):
    """One thing to look at."""

    #: ``problem``: it does not work like this; ``warning``: it may.
    severity: Literal["problem", "warning"]
    #: File, and line or option; or a path.
    place: str
    message: str
    #: The command or the line that mends it.
    remedy: str


@dataclass(frozen=True)
class Directory:
    """A directory that the configuration names, as this user finds it on this machine."""

    option: str
    path: str
    state: Literal["writable", "read_only", "missing", "no_directory"]


@dataclass(frozen=True)
class KeyRepository:
    """The keys that array tokens are encrypted with, without their content."""

    path: str
    state: Literal["readable", "missing", "unreadable"]
    #: Permission bits of the directory, and of each key by its number; empty unless it is readable.
    mode: int
    keys: Mapping[str, int]


@dataclass(frozen=True)
class Configuration:
    """What the files of one site come to."""

    #: What people call it: its files.
    name: str
    storage_driver: str
    cloud_driver: str
    #: File of the simulated world; ``None``: there is none.
    mock_database: str | None
    #: By site ``(role, host)``; ``None``: they cannot be told.
    arrays: Mapping[str, tuple[str, str]] | None
    #: Sites with a section of their own.
    sites: frozenset[str]
    local_site: str | None
    #: Seconds.
    default_interval: int | None
    #: Minutes.
    default_rpo: int | None
    #: As the native half puts them.
    warnings: tuple[str, ...]
    problem: str | None
    #: Databases of the sites that an engine opens itself, by site.
    databases: Mapping[str, str] = field(default_factory=dict)
    #: Where ``protector-api`` of a site answers, by site.
    api_urls: Mapping[str, str] = field(default_factory=dict)
    #: Port of its own ``protector-api``; 0: any.
    bind_port: int = 8788

    @property
    def works_from(self) -> str | None:
        """The site that an engine works from; ``None``: the files alone do not tell."""
        return self.local_site or min(self.sites, default=None)


def of_one(
    one: Configuration, directories: tuple[Directory, ...] = (), keys: KeyRepository | None = None
) -> list[Finding]:
    """What is wrong with one configuration on this machine, problems first."""
    found = [_told(one, "warning", text) for text in one.warnings]
    if one.problem is not None:
        found.append(_told(one, "problem", one.problem))
    found.extend(_local_site(one))
    found.extend(in_memory(one.mock_database))
    found.extend(finding for each in directories for finding in _directory(one, each))
    found.extend(_keys(keys) if keys else ())
    return _sorted(found)


def of_two(here: Configuration, there: Configuration) -> list[Finding]:
    """In what two configurations, one of each site, contradict each other, problems first.

    ``there`` is read on the machine of ``here``: what its files do not say, but its own machine does, is not known.
    """
    found = [_told(there, "warning", text) for text in there.warnings]
    if there.problem is not None:
        told = _told(there, "warning", there.problem)
        found.append(Finding("warning", told.place, f"as seen from this machine: {told.message}", told.remedy))
    found.extend(_local_site(there))
    found.extend(_drivers(here, there))
    found.extend(_sites(here, there))
    found.extend(_apis(here, there))
    found.extend(_databases(here, there))
    found.extend(_arrays(here, there))
    found.extend(_defaults(here, there))
    return _sorted(found)


def unreadable(name: str, message: str, remedy: str | None) -> Finding:
    """The other site's files cannot be used at all."""
    told = _PLACE.match(message)
    place, text = (told["place"], told["message"]) if told else (name, message)
    return Finding("problem", place, text, remedy or f"mend {name}")


def overridden(variables: list[str]) -> list[Finding]:
    """Variables of the environment count for the files of both sites, and so hide what the other machine sees."""
    if not variables:
        return []
    without = " ".join(f"-u {shlex.quote(name)}" for name in variables)
    message = "set in this environment, and counts for the files of both sites here"
    return [Finding("warning", ", ".join(variables), message, f"env {without} protector-manage config check …")]


def in_memory(mock_database: str | None) -> list[Finding]:
    """A simulated world of one process is another one for the next process, also if the databases are on files."""
    if mock_database != ":memory:":
        return []
    message = "the simulated world is in memory, gone with the process; the next one sees new servers and empty arrays"
    return [Finding("warning", "[engine] mock_db_path", message, "set mock_db_path in [engine] to a file")]


def _sorted(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.severity != "problem")


def _told(one: Configuration, severity: Literal["problem", "warning"], text: str) -> Finding:
    """What the native half says, taken apart: place, message, and the remedy in parentheses at its end."""
    told = _PLACE.match(text)
    place, rest = (told["place"], told["message"]) if told else (one.name, text)
    message, remedy = _without_remedy(rest)
    if remedy is None:
        remedy = next((line for words, line in _REMEDIES.items() if words in rest), f"mend it in {one.name}")
    return Finding(severity, place, message, remedy)


def _without_remedy(text: str) -> tuple[str, str | None]:
    """Splits ``message (remedy)``; there may be parentheses within the remedy."""
    depth = 0
    for at in range(len(text) - 1, 0, -1) if text.endswith(")") else ():
        depth += {")": 1, "(": -1}.get(text[at], 0)
        if depth == 0:
            return text[:at].rstrip(), text[at + 1 : -1]
    return text, None


def _local_site(one: Configuration) -> Iterator[Finding]:
    if one.local_site is not None and one.sites and one.local_site not in one.sites:
        names = ", ".join(sorted(one.sites))
        message = f"'{one.local_site}' is none of the sites that are configured: {names}"
        remedy = f"write one of them, or add a section [site:{one.local_site}]"
        yield Finding("problem", f"{one.name}: [engine] local_site", message, remedy)


def _directory(one: Configuration, directory: Directory) -> Iterator[Finding]:
    """This user need not be that of the services, so none of it is a problem for certain."""
    path = shlex.quote(directory.path)
    said = {
        "missing": ("does not exist", f"mkdir -p {path}"),
        "no_directory": ("is not a directory", f"name a directory in {directory.option}"),
        "read_only": ("cannot be written by this user", f'chown "$(id -un)" {path}; or run this as the right user'),
    }
    if directory.state in said:
        message, remedy = said[directory.state]
        yield Finding("warning", f"{one.name}: {directory.option}", f"{directory.path} {message}", remedy)


def _keys(keys: KeyRepository) -> Iterator[Finding]:
    path = shlex.quote(keys.path)
    setup = "protector-manage fernet setup"
    if keys.state == "missing":
        yield Finding("warning", keys.path, "there are no keys to encrypt array tokens with", setup)
    elif keys.state == "unreadable":
        remedy = f'chown -R "$(id -un)" {path}; or run this as the right user'
        yield Finding("warning", keys.path, "the keys cannot be read by this user", remedy)
    elif not keys.keys:
        yield Finding("problem", keys.path, "the key repository holds no keys", setup)
    elif shared := [name for name, mode in sorted(keys.keys.items()) if mode & 0o077]:
        message = f"others than their owner may use the keys {', '.join(shared)}"
        yield Finding("problem", keys.path, message, f"chmod 0600 {path}/*")
    if keys.state == "readable" and keys.mode & 0o077:
        message = f"mode {keys.mode:04o}: others than its owner may look into the key repository"
        yield Finding("problem", keys.path, message, f"chmod 0700 {path}")


def _both(here: Configuration, there: Configuration, option: str) -> str:
    return f"{here.name}, {there.name}: {option}"


def _drivers(here: Configuration, there: Configuration) -> Iterator[Finding]:
    for option in ("storage_driver", "cloud_driver"):
        ours, theirs = getattr(here, option), getattr(there, option)
        if ours != theirs:
            message = f"{ours} in {here.name}, and {theirs} in {there.name}"
            yield Finding("problem", _both(here, there, f"[engine] {option}"), message, "write the same in both")
    if here.mock_database != there.mock_database and None not in (here.mock_database, there.mock_database):
        message = f"{here.mock_database} here and {there.mock_database} there are two simulated worlds"
        remedy = "name the same file in both"
        yield Finding("warning", _both(here, there, "[engine] mock_db_path"), message, remedy)


def _sites(here: Configuration, there: Configuration) -> Iterator[Finding]:
    if here.works_from is not None and here.works_from == there.works_from:
        both = here.local_site and there.local_site
        why = "" if both else "; without local_site it is the first by name"
        message = f"both work from '{here.works_from}'{why}"
        others = sorted((here.sites | there.sites) - {here.works_from})
        remedy = f"write local_site = {others[0] if others else '<the other site>'} in one of them"
        yield Finding("problem", _both(here, there, "[engine] local_site"), message, remedy)
    if here.sites != there.sites and here.sites and there.sites:
        alone = {one.name: sorted(one.sites - other.sites) for one, other in ((here, there), (there, here))}
        words = "; ".join(f"only {name} has {', '.join(names)}" for name, names in alone.items() if names)
        remedy = "give both the same [site:<name>] sections, spelled alike"
        yield Finding("problem", _both(here, there, "[site:<name>]"), words, remedy)


def _apis(here: Configuration, there: Configuration) -> Iterator[Finding]:
    """Whether each asks the other one over HTTP, or neither does."""
    asked = {one.name: one.api_urls.get(other.works_from or "") for one, other in ((here, there), (there, here))}
    for one, other in ((here, there), (there, here)):
        url = asked[one.name]
        if url is None:
            continue
        place = f"{one.name}: [site:{other.works_from}] api_url"
        if asked[other.name] is None:
            message = (
                f"{one.name} asks {other.works_from} over HTTP, and {other.name} opens the databases of both sites"
            )
            yield Finding("problem", place, message, f"write [site:{one.works_from}] api_url in {other.name}, too")
        port = urlsplit(url).port or {"http": 80, "https": 443}[urlsplit(url).scheme]
        if other.bind_port not in (0, port):
            message = f"port {port}, and the protector-api of {other.works_from} listens on {other.bind_port}"
            remedy = f"write the same port as [api] bind_port in {other.name}, unless a proxy stands between"
            yield Finding("warning", place, message, remedy)


def _databases(here: Configuration, there: Configuration) -> Iterator[Finding]:
    """Whether each site has one database. Files are of their own machines, so that only servers can be compared."""
    place = _both(here, there, "[database] connection")
    ours, theirs = ({site: _server(where) for site, where in one.databases.items()} for one in (here, there))
    for site in sorted(ours.keys() & theirs.keys()):
        if ours[site] != theirs[site]:
            message = f"the state of '{site}' is in {here.databases[site]} here, and in {there.databases[site]} there"
            yield Finding("problem", place, message, "write the same in both")
    for site, where in ours.items():
        shared = [other for other, server in theirs.items() if other != site and server == where is not None]
        if shared and site not in theirs:
            message = f"'{site}' and '{shared[0]}' would share the database {here.databases[site]}"
            yield Finding("problem", place, message, "give each site a database of its own, or write {site} into it")


def _server(database: str) -> str | None:
    """Host and database, whoever logs in; ``None``: it is on no server."""
    scheme, separator, rest = database.partition("://")
    return rest.rpartition("@")[2].lower() if separator and scheme == "mysql" else None


def _arrays(here: Configuration, there: Configuration) -> Iterator[Finding]:
    if "pure" not in (here.storage_driver, there.storage_driver) or here.storage_driver != there.storage_driver:
        return
    if here.arrays is None or there.arrays is None:
        name = (here if here.arrays is None else there).name
        message = f"the arrays were not compared: {name} does not tell which they are"
        yield Finding("warning", _both(here, there, "[storage]"), message, "mend what is said of it, and check again")
        return
    ours, theirs = _by_role(here), _by_role(there)
    place = _both(here, there, "[storage]")
    if ours != theirs and ours == {"primary": theirs.get("secondary"), "secondary": theirs.get("primary")}:
        yield Finding("problem", place, *_swapped(here, there))
        return
    for role in sorted(ours.keys() & theirs.keys()):
        if ours[role] != theirs[role]:
            message = f"the {role} array is {ours[role]} in {here.name}, and {theirs[role]} in {there.name}"
            remedy = f"write the same {role}_array_url in both"
            yield Finding("problem", place, message, remedy)
    for site in sorted(here.arrays.keys() & there.arrays.keys()):
        (role, _), (other, _) = here.arrays[site], there.arrays[site]
        if role != other:
            message = f"'{site}' has the {role} array in {here.name}, and the {other} one in {there.name}"
            place = _both(here, there, f"[site:{site}] array")
            yield Finding("problem", place, message, "write the same in both")


def _swapped(here: Configuration, there: Configuration) -> tuple[str, str]:
    hosts = _by_role(here)
    message = (
        f"the arrays are swapped: primary is {hosts['primary']} in {here.name}, "
        f"and {hosts['secondary']} in {there.name}; 'primary' means the same array on both sites"
    )
    return message, f"swap primary_array_* and secondary_array_* in one of them, with [site:<name>] array: {there.name}"


def _by_role(one: Configuration) -> dict[str, str]:
    hosts = {role: host.lower().removesuffix(":443") for role, host in (one.arrays or {}).values()}
    return {"primary": hosts.get("primary", ""), "secondary": hosts.get("secondary", "")}


def _defaults(here: Configuration, there: Configuration) -> Iterator[Finding]:
    for option, ours, theirs, unit in (
        ("default_replication_interval", here.default_interval, there.default_interval, "s"),
        ("default_rpo_minutes", here.default_rpo, there.default_rpo, "min"),
    ):
        if ours != theirs:
            said = [f"{value} {unit}" if value is not None else "not set" for value in (ours, theirs)]
            message = f"{said[0]} in {here.name}, {said[1]} in {there.name}: policies depend on where they are made"
            yield Finding("warning", _both(here, there, f"[storage] {option}"), message, "write the same in both")
