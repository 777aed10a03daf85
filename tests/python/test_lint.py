"""The rules about the configuration of two sites: each contradiction is found, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protector import lint
from protector.lint import Configuration, Directory, Finding, KeyRepository

A = {"site-a": ("primary", "fa-a"), "site-b": ("secondary", "fa-b")}
HERE = Configuration(
    name="a.conf",
    storage_driver="pure",
    cloud_driver="openstack",
    mock_database=None,
    arrays=A,
    sites=frozenset({"site-a", "site-b"}),
    local_site="site-a",
    default_interval=300,
    default_rpo=15,
    warnings=(),
    problem=None,
)
THERE = replace(HERE, name="b.conf", local_site="site-b")


def compared(**changes: Any) -> list[Finding]:
    return lint.of_two(HERE, replace(THERE, **changes))


def test_two_sites_that_go_together() -> None:
    assert lint.of_two(HERE, THERE) == []
    assert compared(arrays={"site-a": ("primary", "FA-A:443"), "site-b": ("secondary", "fa-b")}) == []


@pytest.mark.parametrize(
    ("changes", "severity", "place", "words", "remedy"),
    [
        (
            {"storage_driver": "mock"},
            "problem",
            "[engine] storage_driver",
            "pure in a.conf, and mock in b.conf",
            "same",
        ),
        ({"cloud_driver": "mock"}, "problem", "[engine] cloud_driver", "openstack in a.conf, and mock", "same"),
        ({"local_site": "site-a"}, "problem", "[engine] local_site", "both work from 'site-a'", "local_site = site-b"),
        ({"local_site": None}, "problem", "[engine] local_site", "first by name", "local_site = site-b"),
        (
            {"local_site": "site-c"},
            "problem",
            "b.conf: [engine] local_site",
            "'site-c' is none of the sites that are configured: site-a, site-b",
            "[site:site-c]",
        ),
        (
            {"sites": frozenset({"site-b", "Site-A"})},
            "problem",
            "[site:<name>]",
            "only a.conf has site-a; only b.conf has Site-A",
            "spelled alike",
        ),
        (
            {"arrays": {"site-a": ("primary", "fa-x"), "site-b": ("secondary", "fa-b")}},
            "problem",
            "[storage]",
            "the primary array is fa-a in a.conf, and fa-x in b.conf",
            "primary_array_url",
        ),
        (
            {"arrays": {"site-a": ("primary", "fa-b"), "site-b": ("secondary", "fa-a")}},
            "problem",
            "[storage]",
            "the arrays are swapped: primary is fa-a in a.conf, and fa-b in b.conf",
            "swap primary_array_* and secondary_array_*",
        ),
        ({"arrays": None}, "warning", "[storage]", "not compared: b.conf does not tell", "check again"),
        ({"default_interval": 600}, "warning", "default_replication_interval", "300 s in a.conf, 600 s", "same"),
        ({"default_rpo": None}, "warning", "default_rpo_minutes", "15 min in a.conf, not set in b.conf", "same"),
        ({"problem": "[storage] x: y (set it)"}, "warning", "[storage] x", "as seen from this machine: y", "set it"),
        ({"warnings": ("b.conf:3: [api] x: no such option",)}, "warning", "b.conf:3", "no such option", "spelling"),
    ],
)
def test_a_contradiction(changes: dict[str, Any], severity: str, place: str, words: str, remedy: str) -> None:
    (found,) = compared(**changes)
    assert found.severity == severity
    assert place in found.place
    assert words in found.message
    assert remedy in found.remedy


def test_arrays_that_stand_at_other_sites() -> None:
    found = compared(arrays={"site-a": ("secondary", "fa-b"), "site-b": ("primary", "fa-a")})
    assert [each.severity for each in found] == ["problem"] * 2
    assert "'site-a' has the primary array in a.conf, and the secondary one in b.conf" in found[0].message


def test_two_simulated_worlds() -> None:
    ours, theirs = (replace(each, storage_driver="mock", mock_database="/x.db") for each in (HERE, THERE))
    assert lint.of_two(ours, theirs) == []
    (found,) = lint.of_two(ours, replace(theirs, mock_database="/y.db"))
    assert (found.severity, "two simulated worlds" in found.message) == ("warning", True)


def test_problems_come_first_and_every_contradiction_is_named() -> None:
    found = compared(storage_driver="mock", local_site="site-a", default_rpo=1, sites=frozenset({"site-a"}))
    assert [each.severity for each in found] == ["problem", "problem", "problem", "warning"]
    assert Finding.from_dict(found[0].to_dict()) == found[0]


@pytest.mark.parametrize(
    ("text", "place", "message", "remedy"),
    [
        ("/x y/a.conf:8: [engine] foo: no such option", "/x y/a.conf:8: [engine] foo", "no such option", "spelling"),
        ("a.conf:4: [engine] d: took 1 and ignored the comment", "a.conf:4: [engine] d", "took 1", "line of its own"),
        ("[engine] d: arrays are simulated under real clouds", "[engine] d", "simulated", "storage_driver = pure"),
        ("[storage] t: 'N' is not set (set N, or (not) x)", "[storage] t", "'N' is not set", "set N, or (not) x"),
        ("[storage] lacks a, b (set them)", "a.conf", "[storage] lacks a, b", "set them"),
        ("cloud driver 'openstack' (1) is not there", "a.conf", "cloud driver 'openstack' (1) is not there", "a.conf"),
        (")", "a.conf", ")", "a.conf"),
    ],
)
def test_what_the_native_half_says_is_taken_apart(text: str, place: str, message: str, remedy: str) -> None:
    (found,) = lint.of_one(replace(HERE, problem=text))
    assert (found.severity, found.place) == ("problem", place)
    assert message in found.message
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("state", "words", "remedy"),
    [
        ("missing", "does not exist", "mkdir -p '/a b'"),
        ("read_only", "cannot be written by this user", "chown"),
        ("no_directory", "is not a directory", "name a directory in [DEFAULT] log_dir"),
    ],
)
def test_directories(state: Any, words: str, remedy: str) -> None:
    (found,) = lint.of_one(HERE, (Directory("[DEFAULT] log_dir", "/a b", state),))
    assert (found.severity, found.place) == ("warning", "a.conf: [DEFAULT] log_dir")
    assert words in found.message
    assert remedy in found.remedy
    assert lint.of_one(HERE, (Directory("[DEFAULT] log_dir", "/a b", "writable"),)) == []


@pytest.mark.parametrize(
    ("state", "mode", "keys", "severity", "remedy"),
    [
        ("missing", 0, {}, "warning", "protector-manage fernet setup"),
        ("unreadable", 0, {}, "warning", "chown"),
        ("readable", 0o700, {}, "problem", "protector-manage fernet setup"),
        ("readable", 0o750, {"0": 0o600}, "problem", "chmod 0700 /k"),
        ("readable", 0o700, {"0": 0o600, "1": 0o640}, "problem", "chmod 0600 /k/*"),
    ],
)
def test_the_key_repository(state: Any, mode: int, keys: dict[str, int], severity: str, remedy: str) -> None:
    (found,) = lint.of_one(HERE, keys=KeyRepository("/k", state, mode, keys))
    assert (found.severity, found.place) == (severity, "/k")
    assert remedy in found.remedy
    assert lint.of_one(HERE, keys=KeyRepository("/k", "readable", 0o700, {"0": 0o600})) == []


def test_variables_that_count_for_both() -> None:
    assert lint.overridden([]) == []
    (found,) = lint.overridden(["OS_ENGINE__LOCAL_SITE"])
    assert found.remedy.startswith("env -u OS_ENGINE__LOCAL_SITE protector-manage")


A_ASKS = replace(HERE, api_urls={"site-b": "https://b.example.com:8788/"})
B_ASKS = replace(THERE, api_urls={"site-a": "https://a.example.com/protector/"}, bind_port=8788)


def test_sites_that_ask_each_other_over_http() -> None:
    assert lint.of_two(A_ASKS, replace(B_ASKS, api_urls={"site-a": "https://a.example.com:8788/"})) == []
    [wrong] = lint.of_two(A_ASKS, B_ASKS)
    assert (wrong.severity, wrong.place) == ("warning", "b.conf: [site:site-a] api_url")
    assert wrong.message == "port 443, and the protector-api of site-a listens on 8788"
    assert lint.of_two(replace(A_ASKS, bind_port=0), B_ASKS) == []


@pytest.mark.parametrize(("here", "there"), [(A_ASKS, THERE), (THERE, A_ASKS)])
def test_a_site_that_is_asked_and_opens_both_databases(here: Configuration, there: Configuration) -> None:
    [wrong] = lint.of_two(here, there)
    assert (wrong.severity, wrong.place) == ("problem", "a.conf: [site:site-b] api_url")
    assert wrong.message == "a.conf asks site-b over HTTP, and b.conf opens the databases of both sites"
    assert wrong.remedy == "write [site:site-a] api_url in b.conf, too"


A_KEEPS = replace(A_ASKS, databases={"site-a": "mysql://a@db.example:3306/protector"})
B_KEEPS = replace(B_ASKS, bind_port=443, databases={"site-b": "mysql://b@db.example:3306/protector_b"})


def test_each_site_has_a_database_of_its_own() -> None:
    b_asks = replace(B_KEEPS, api_urls={"site-a": "https://a.example.com:8788/"})
    a_asks = replace(A_KEEPS, api_urls={"site-b": "https://b.example.com/"})
    assert lint.of_two(a_asks, b_asks) == []
    [shared] = lint.of_two(a_asks, replace(b_asks, databases={"site-b": "mysql://b@DB.example:3306/protector"}))
    assert (shared.severity, shared.place) == ("problem", "a.conf, b.conf: [database] connection")
    assert shared.message == "'site-a' and 'site-b' would share the database mysql://a@db.example:3306/protector"
    files = (
        replace(a_asks, databases={"site-a": "/var/lib/x.db"}),
        replace(b_asks, databases={"site-b": "/var/lib/x.db"}),
    )
    assert lint.of_two(*files) == []


def test_two_engines_that_open_both_sites_open_the_same_databases() -> None:
    one = {"site-a": "mysql://p@db-a:3306/a", "site-b": "mysql://p@db-b:3306/b"}
    here = replace(HERE, databases=one)
    assert lint.of_two(here, replace(THERE, databases=one)) == []
    [other] = lint.of_two(here, replace(THERE, databases=one | {"site-b": "mysql://p@db-c:3306/b"}))
    assert other.message == "the state of 'site-b' is in mysql://p@db-b:3306/b here, and in mysql://p@db-c:3306/b there"
    assert other.severity == "problem"


def test_a_world_in_memory_is_warned_of() -> None:
    [found] = lint.of_one(replace(HERE, mock_database=":memory:"))
    assert (found.severity, found.place) == ("warning", "[engine] mock_db_path")
    assert "gone with the process" in found.message
    for elsewhere in (None, "/var/lib/protector/mock_array.db"):
        assert lint.of_one(replace(HERE, mock_database=elsewhere)) == []
