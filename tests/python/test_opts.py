"""The options of oslo.config beside those that the engine reads: the same table, and the same values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import run_executable
from oslo_config import cfg

from protector import Settings, opts
from protector.exceptions import InvalidConfiguration
from protector.service.options import ServiceOptions

SCHEMA = Path(__file__).parents[2] / "protector-core/src/config/schema.rs"
SITE = "site:site-b"
#: What a table of options says: kind, default, secret.
Row = tuple[str, Any, bool]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def ours() -> dict[tuple[str, str], cfg.Opt]:
    tables = [(group.name if group else "DEFAULT", table) for group, table in opts.list_opts()]
    return {(section, opt.name): opt for section, table in [*tables, (SITE, opts.site_opts())] for opt in table}


def row(opt: cfg.Opt) -> Row:
    if isinstance(opt, cfg.BoolOpt):
        kind = "Bool"
    elif isinstance(opt, cfg.IntOpt | cfg.PortOpt):
        kind = f"Int({opt.type.min}..={opt.type.max})"
    elif opt.type.regex:
        kind = "Word"
    elif opt.type.choices:
        kind = f"Choice({', '.join(opt.type.choices)})"
    else:
        kind = "Text"
    return kind, None if opt.default is None else str(opt.default), opt.secret


def engines() -> Iterator[tuple[tuple[str, str], Row]]:
    """The table in Rust."""
    line = re.compile(r'Opt::new\((section|"\w+"), "(\w+)", (.+?)\)((?:\.default\("[^"]*"\)|\.secret\(\))*),$')
    for found in map(line.fullmatch, map(str.strip, SCHEMA.read_text(encoding="utf-8").splitlines())):
        if found is None:
            continue
        section, name, kind, rest = found.groups()
        kind = kind.removeprefix("Kind::").replace("_", "").replace("positive()", f"Int(1..={2**32 - 1})")
        if kind.startswith("Choice"):
            kind = f"Choice({', '.join(re.findall(r'[a-z]+', kind.removeprefix('Choice')))})"
        default = re.search(r'default\("([^"]*)"\)', rest)
        place = SITE if section == "section" else section.strip('"')
        yield (place, name), (kind, default[1] if default else None, ".secret()" in rest)


def test_both_tables_are_the_same() -> None:
    table = dict(engines())
    assert len(table) == SCHEMA.read_text(encoding="utf-8").count("Opt::new(") - 1  # one is an example
    assert {option: row(opt) for option, opt in ours().items()} == table


def test_each_call_makes_options_of_its_own() -> None:
    first, second = opts.list_opts(), opts.list_opts()
    first[1][1].clear()
    assert second[1][1]


def read(text: str, tmp_path: Path) -> tuple[cfg.ConfigOpts, list[str]]:
    """As a service does."""
    file = tmp_path / "protector.conf"
    file.write_text(text, encoding="utf-8")
    conf = cfg.ConfigOpts()
    conf([], project="protector", default_config_files=[str(file)], default_config_dirs=[])
    opts.register(conf)
    for section in conf.list_all_sections():
        if section.startswith(opts.SITE):
            conf.register_opts(opts.site_opts(), section)
    return conf, [str(file)]


def as_text(value: object) -> str:
    return "" if value is None else str(value)


def told(section: str, name: str, text: str) -> str | None:
    """What the engine made of an option. It shows the name of a site; others are put into that one by substitution."""
    if (section, name) == ("engine", "local_site"):
        return Settings.from_text(text).local_site
    if section == SITE:
        probe = "" if name == "cloud" else f"[{SITE}]\ncloud = ${{{name}}}\n"
        return Settings.from_text(text + probe).sites["site-b"]
    reference = name if section == "DEFAULT" else f"{section}.{name}"
    return Settings.from_text(f"{text}[engine]\nlocal_site = ${{{reference}}}\n").local_site


def values(opt: cfg.Opt) -> tuple[list[str], list[str]]:
    """Texts that the option takes, and texts that it refuses."""
    if isinstance(opt, cfg.BoolOpt):
        return ["True", "1", "on", "YES", "false", "0", "Off", "no"], ["2", "", "maybe"]
    if isinstance(opt, cfg.IntOpt | cfg.PortOpt):
        least, most = opt.type.min, opt.type.max
        return [str(least), f" {most} ", f"+{least}", "1_0"], [str(least - 1), str(most + 1), "x", "1.0"]
    if opt.type.regex:
        return ["mock", "My_driver-2"], ["", "1st", "two words", "a/b"]
    if opt.type.choices:
        return list(opt.type.choices), ["nobody", "", next(iter(opt.type.choices)).upper()]
    if opt.name.endswith("url"):
        return ["https://a.example.com", '"https://a.example.com:443"'], ["$no_such"]
    texts = ["a", '"  in quotes "', "'it''s'", "a # b", "x$$y", r"x\$y", "$use_mock_storage/x", "ä"]
    return texts if opt.name in NEVER_EMPTY else [*texts, '"'], ["$no_such", "$no.such"]


#: oslo.config would take an empty text.
NEVER_EMPTY = {"state_path", "fernet_key_repository", "bind_host", "application_credential_id"}
#: What an option needs beside it to be accepted.
NEEDS = {
    ("api", "auth_strategy"): "[api]\nbind_host = 127.0.0.1\n",
    **{
        (SITE, opt.name): f"[{SITE}]\napi_url = https://b.example.com\nauth_url = https://b.example.com/v3\n"
        "application_credential_id = 1\napplication_credential_secret = s\n"
        for opt in opts.site_opts()
    },
}
SHOWN = [option for option, opt in ours().items() if not opt.secret]
SECRET = [option for option, opt in ours().items() if opt.secret]


@pytest.mark.parametrize(("section", "name"), SHOWN)
def test_each_option_means_the_same_to_both(section: str, name: str, tmp_path: Path) -> None:
    accepted, refused = values(ours()[section, name])
    for value in accepted:
        text = f"{NEEDS.get((section, name), '')}[{section}]\n{name} = {value}\n"
        conf, _ = read(text, tmp_path)
        theirs = as_text(conf[name] if section == "DEFAULT" else conf[section][name])
        assert as_text(told(section, name, text)) == theirs, value
    for value in refused:
        text = f"{NEEDS.get((section, name), '')}[{section}]\n{name} = {value}\n"
        conf, _ = read(text, tmp_path)
        with pytest.raises((cfg.Error, ValueError)):
            _ = conf[name] if section == "DEFAULT" else conf[section][name]
        with pytest.raises(InvalidConfiguration):
            told(section, name, text)


@pytest.mark.parametrize(("section", "name"), SECRET)
def test_each_secret_is_read_by_both(section: str, name: str, tmp_path: Path) -> None:
    beside = NEEDS.get((section, name), "")
    conf, _ = read(f"{beside}[{section}]\n{name} = x$$y\n", tmp_path)
    assert conf[section][name] == "x$y"
    Settings.from_text(f"{beside}[{section}]\n{name} = x$$y\n")
    with pytest.raises(InvalidConfiguration, match=re.escape(f"[{section}] {name}: a '$' in the value")):
        Settings.from_text(f"{beside}[{section}]\n{name} = $no_such\n")


@pytest.mark.parametrize("option", ours())
def test_each_option_has_the_same_default(option: tuple[str, str], tmp_path: Path) -> None:
    section, name = option
    text = f"[{SITE}]\n"
    conf, _ = read(text, tmp_path)
    default = conf[name] if section == "DEFAULT" else conf[section][name]
    if ours()[option].secret:
        assert default is None
    else:
        assert as_text(told(section, name, text)) == as_text(default)


def sample() -> str:
    made = run_executable("oslo-config-generator", "--namespace", "protector")
    assert (made.code, made.err) == (0, "")
    return made.out


def test_the_sample_shows_each_option(tmp_path: Path) -> None:
    text = sample()
    text.encode("ascii")
    for (section, name), opt in ours().items():
        part = text.partition("\n[engine]\n" if section == SITE else f"[{section}]\n")[2].partition("\n\n[")[0]
        default = "<None>" if opt.default is None else str(opt.default)
        shown = default.lower() if isinstance(opt, cfg.BoolOpt) else default
        start = "#     #" if section == SITE else "#"
        assert f"\n{start}{name} = {shown}\n" in part, (section, name)
        assert opt.help
        assert not opt.secret or "ever shown" in opt.help
    assert "# Maximum value: 256\n#workers = 4\n" in text
    assert "# [driver:<name>]. (string value)\n#cloud_driver = openstack\n" in text


def test_the_sample_means_the_same_to_both(tmp_path: Path) -> None:
    """As it is, and with everything in it that has a default."""
    as_it_is = sample()
    written = re.sub(r"^#(\w+ = (?!<None>))", r"\1", as_it_is, flags=re.MULTILINE)
    assert written.count("\n#") < as_it_is.count("\n#")
    example = "\n".join(re.findall(r"^#     #?(\[site:<name>\]|\w+ = (?!<None>).*)$", as_it_is, re.MULTILINE))
    for text in (as_it_is, written, f"{written}{example}\n"):
        conf, files = read(text, tmp_path)
        settings = Settings.load(files)
        assert settings.warnings == []
        assert list(settings.sites) == (["<name>"] if example in text else [])
        for (section, name), opt in ours().items():
            if not opt.secret and section != SITE:
                theirs = conf[name] if section == "DEFAULT" else conf[section][name]
                assert as_text(told(section, name, text)) == as_text(theirs)
        assert ServiceOptions.of(settings) == ServiceOptions.of(Settings.from_text(""))
        assert shown(Settings.from_oslo(conf)) == shown(settings)


def shown(settings: Settings) -> dict[str, Any]:
    names = (name for name in dir(settings) if not name.startswith("_") and not callable(getattr(settings, name)))
    return {name: json.loads(settings.services) if name == "services" else getattr(settings, name) for name in names}
