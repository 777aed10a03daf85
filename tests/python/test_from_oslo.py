"""Settings out of a service's ``ConfigOpts``: what oslo.config resolved counts, wherever it comes from."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import planted
import pytest
from falcon import testing
from oslo_config import cfg
from test_opts import NEEDS, SITE, as_text, ours, shown, told, values

from protector import Settings, from_oslo, opts
from protector.api.app import application
from protector.exceptions import InvalidConfiguration, StorageError
from protector.testing import MockDeployment

Make = Callable[..., cfg.ConfigOpts]
MOCK = "[engine]\nstorage_driver = mock\n"


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A service's options, called over one file; registered before, as its modules do."""
    monkeypatch.setenv("HOME", str(tmp_path))

    def make(text: str = MOCK, *arguments: str, known: bool = True, **more: Any) -> cfg.ConfigOpts:
        file = tmp_path / "protector.conf"
        file.write_text(text, encoding="utf-8")
        conf = cfg.ConfigOpts()
        if known:
            opts.register(conf)
            conf.register_opts(opts.site_opts(), SITE)
        for name in (argument.strip("-").partition("=")[0] for argument in arguments):
            section, _, option = name.partition("-")
            conf.register_cli_opt(ours()[section, option.replace("-", "_")], section)
        conf(arguments, project="protector", **{"default_config_files": [str(file)], "default_config_dirs": []} | more)
        return conf

    return make


def refusal(conf: cfg.ConfigOpts) -> str:
    with pytest.raises(InvalidConfiguration) as refused:
        Settings.from_oslo(conf)
    text = "".join(traceback.format_exception(refused.value))
    planted.saw("a traceback", text)
    planted.saw("an error", str(refused.value))
    return str(refused.value)


@pytest.mark.parametrize("known", [True, False])
def test_files_and_environment_alone_are_read_by_the_engine(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    file = str(tmp_path / "protector.conf")
    monkeypatch.setenv("OS_ENGINE__WORKERS", "7")
    conf = make(f"{MOCK}local_site = site-b\nlocal_sight = x\n[site:Boston]\ncloud = b\n[site:empty]\n", known=known)
    settings = Settings.from_oslo(conf)
    assert shown(settings) == shown(Settings.load([file]))
    assert settings.files == [file]
    assert settings.warnings == [f"{file}:4: [engine] local_sight: no such option; the line has no effect"]
    assert settings.sites == {"Boston": "b", "empty": None}
    assert '"workers":7' in settings.services
    monkeypatch.delenv("OS_ENGINE__WORKERS")
    assert f"{file}:2: [engine] workers" in refusal(make("[engine]\nworkers = 0\n", known=known, use_env=False))


def test_sections_of_drivers_are_taken_from_the_files(make: Make) -> None:
    token = planted.token("driver")
    text = f"[engine]\nstorage_driver = sparse-files\n[Driver:Sparse-Files]\ndirectory = '/srv/$$a'\ntoken = {token}\n"
    conf = make(text)
    conf.set_override("workers", 7, "engine")
    settings = Settings.from_oslo(conf)
    assert '"workers":7' in settings.services
    assert settings.driver_options("sparse-files") == {"directory": "/srv/$a", "token": token}
    assert settings.driver_secret("sparse-files", "token") == token
    assert planted.MARK not in repr(settings)
    conf = make(f"{text} second line\n")
    conf.set_override("workers", 7, "engine")
    assert "[driver:sparse-files] token holds a line break" in refusal(conf)


@pytest.mark.parametrize(("section", "name"), ours())
def test_what_is_overridden_arrives(section: str, name: str, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []

    class Between:
        """Keeps the text that is handed over."""

        load = Settings.load
        drivers_in = Settings.drivers_in

        @staticmethod
        def from_text(text: str, files: list[str]) -> Settings:
            texts.append(text)
            return Settings.from_text(text, files)

    monkeypatch.setattr(from_oslo, "Settings", Between)
    opt = ours()[section, name]
    group = None if section == "DEFAULT" else section
    accepted, _ = values(opt)
    for value in (text for text in [*accepted, "  x  ", "[x] = b"] if r"\$" not in text):
        conf = make(NEEDS.get((section, name), ""))
        try:
            conf.set_override(name, value, group)
        except ValueError:
            assert value not in accepted
            continue
        found = as_text(conf[name] if group is None else conf[group][name])
        if name.endswith("url") and not value.startswith("https:"):
            assert "it does not begin with https://" in refusal(conf)
            continue
        made = Settings.from_oslo(conf)
        if not opt.secret:
            assert told(section, name, f"{texts[-1]}\n") == found, value
        else:
            assert f'{name} = "{found.replace("$", "$$")}"' in texts[-1].splitlines()
        assert made.files == Settings.load(conf.config_file).files


def test_secrets_arrive(make: Make, tmp_path: Path) -> None:
    from protector import _native

    conf = make(f"[DEFAULT]\nstate_path = {tmp_path}\n{MOCK}cloud_driver = mock\nmock_db_path = {tmp_path}/\n")
    conf.set_override("connection", f"sqlite:///{tmp_path}/$$st ate-{{site}}.db", "database")
    _native.db_sync(Settings.from_oslo(conf))
    _native.mock_seed(Settings.from_oslo(conf), 0, 0)
    assert (tmp_path / "$st ate-site-a.db").exists()


def test_sources_win_as_they_do_in_oslo_config(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_ENGINE__LOCAL_SITE", "of-environment")
    text = f"{MOCK}local_site = of-file\n"
    assert Settings.from_oslo(make(text)).local_site == "of-environment"
    for known in (True, False):
        assert Settings.from_oslo(make(text, known=known, use_env=False)).local_site == "of-file"
    # if it is in a file, too, oslo.config lets the environment win over the command line
    conf = make(MOCK, "--engine-local_site=of-line", known=False)
    assert Settings.from_oslo(conf).local_site == "of-line"
    conf.set_override("local_site", "of-program", "engine")
    assert Settings.from_oslo(conf).local_site == "of-program"
    conf.set_override("local_site", None, "engine")
    assert Settings.from_oslo(conf).local_site is None
    conf.clear_override("local_site", "engine")
    monkeypatch.delenv("OS_ENGINE__LOCAL_SITE")
    assert Settings.from_oslo(make(text)).local_site == "of-file"


def test_a_default_that_a_service_sets_counts_and_that_of_a_library_does_not(make: Make) -> None:
    conf = make("")
    conf.set_default("mock_db_path", "/tmp/world.db", "engine")
    assert Settings.from_oslo(conf).mock_db_path == "/tmp/world.db"
    other = make("", known=False)
    other.register_opt(cfg.StrOpt("state_path", default="/var/lib/other"))
    assert Settings.from_oslo(other).state_path == "/var/lib/protector"
    # what was never set does not contradict
    older = make("[DEFAULT]\nuse_mock_storage = True\n")
    older.set_override("debug", True)
    assert Settings.from_oslo(older).storage_driver == "mock"


def test_nothing_is_registered_that_libraries_register_later(make: Make) -> None:
    from oslo_log import log

    conf = make(f"{MOCK}[database]\nconnection = sqlite://\n[DEFAULT]\ndebug = True\n", known=False)
    before = list(conf)
    assert Settings.from_oslo(conf).debug
    assert list(conf) == before
    conf.register_opt(cfg.StrOpt("connection", secret=True, help="as oslo.db has it"), "database")
    conf.register_opts([opt for opt in log._options.common_cli_opts if opt.name == "debug"])
    assert Settings.from_oslo(conf).debug
    opts.register(conf)
    conf.set_override("debug", False)
    assert not Settings.from_oslo(conf).debug


def test_an_option_of_another_type_is_not_guessed(make: Make) -> None:
    conf = make(f"[database]\nconnection = {planted.token('database')}\n", known=False)
    conf.register_opt(cfg.ListOpt("connection"), "database")
    assert "[database] connection is list, as somebody registered it" in refusal(conf)


def test_a_name_of_another_option_is_no_section_of_ours(make: Make) -> None:
    conf = make(MOCK, known=False)
    conf.register_opts([cfg.StrOpt("engine"), cfg.BoolOpt("storage", default=False)])
    assert Settings.from_oslo(conf).storage_driver == "mock"


def test_messages_say_where_it_is(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = make("[engine]\nstorage_driver = pure\n")
    conf.set_override("use_mock_storage", True)
    text = refusal(conf)
    assert f"{tmp_path}/protector.conf: [engine] storage_driver = pure contradicts set by the program: " in text
    assert "<text>" not in text
    monkeypatch.setenv("OS_API__AUTH_STRATEGY", "noauth")
    conf = make(MOCK)
    conf.set_override("bind_host", "192.0.2.1", "api")
    assert "environment variable OS_API__AUTH_STRATEGY: [api] auth_strategy = noauth makes everybody" in refusal(conf)
    monkeypatch.delenv("OS_API__AUTH_STRATEGY")
    conf = make(MOCK, "--storage-primary_array_url=http://fa", known=False)
    assert "command line: [storage] primary_array_url" in refusal(conf)
    conf = make("[engine]\nstorage_driver = mock # really\n")
    assert "[engine] storage_driver: oslo.config refuses the value (write one word of letters" in refusal(conf)
    assert "write a whole number from 1 to 256" in refusal(make("[engine]\nworkers = 4 # more\n"))
    assert "write True or False" in refusal(make("[DEFAULT]\ndebug = yes # please\n"))


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "${state_path}$$b", "a\udc80"])
def test_what_no_file_can_say_is_refused(make: Make, value: str) -> None:
    backslash = "[DEFAULT]\nstate_path = \\\n"
    conf = make(f"{MOCK}{backslash}")
    conf.set_override("local_site", value, "engine")
    assert ": [engine] local_site holds a line break" in refusal(conf)
    conf = make(f"{MOCK}{backslash}")
    conf.set_override("primary_array_api_token", planted.token(value), "storage")
    assert ": [storage] primary_array_api_token holds a line break" in refusal(conf)


def test_no_secret_is_shown(make: Make) -> None:
    token = planted.token("array")
    array = f"[storage]\nprimary_array_api_token = {token}\n"
    conf = make(f"{MOCK}{array}")
    conf.set_override("local_site", "${storage.primary_array_api_token}", "engine")
    assert "[engine] local_site holds the secret [storage] primary_array_api_token" in refusal(conf)
    assert "is a secret" in refusal(make(f"{MOCK}local_site = ${{storage.primary_array_api_token}}\n{array}"))
    assert "[engine] workers" in refusal(make(f"{MOCK}workers = ${{storage.primary_array_api_token}}\n{array}"))
    conf = make(MOCK)
    conf.set_override("primary_array_api_token", f"x${token.replace('-', '_')}", "storage")
    assert "[storage] primary_array_api_token: oslo.config refuses the value (write $$" in refusal(conf)
    conf = make(f"{MOCK}{array}")
    conf.set_override("local_site", "site-b", "engine")
    made = Settings.from_oslo(conf)
    assert token not in repr(made) + repr(shown(made))


def test_a_key_manager_is_found_through_files(make: Make) -> None:
    conf = make(f"{MOCK}[storage]\nprimary_array_api_token = castellan:7b1c\n")
    files = Settings.from_oslo(conf).files
    conf.set_override("local_site", "site-b", "engine")
    assert Settings.from_oslo(conf).files == files != []


def test_a_value_that_oslo_config_overrides_need_not_be_right_in_the_file(make: Make) -> None:
    conf = make("[engine]\nworkers = many\n")
    conf.set_override("workers", 3, "engine")
    assert '"workers":3' in Settings.from_oslo(conf).services


def test_sites_that_no_file_names(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_oslo(make(MOCK)).sites == {}
    conf = make(MOCK)
    conf.set_override("cloud", "b", SITE)
    assert Settings.from_oslo(conf).sites == {"site-b": "b"}
    conf = make(f"{MOCK}[site:Site-B]\n[site:site-a]\n")
    conf.set_override("cloud", "b", SITE)
    assert Settings.from_oslo(conf).sites == {"site-a": None, "Site-B": "b"}
    monkeypatch.setenv("OS_SITE:SITE-B__CLOUD", "c")
    assert Settings.from_oslo(make(MOCK)).sites == {"site-b": "c"}
    assert "differ only in case" in refusal(make(f"{MOCK}[site:site-b]\n[site:SITE-B]\n"))


def test_directories_of_files(make: Make, tmp_path: Path) -> None:
    directory = tmp_path / "protector.conf.d"
    directory.mkdir()
    for name in ("a.conf", "b.conf", ".c.conf", "d.txt"):
        (directory / name).write_text(f"[engine]\nlocal_site = {name}\n", encoding="utf-8")
    files = [str(tmp_path / "protector.conf"), str(directory / "a.conf"), str(directory / "b.conf")]
    for known in (True, False):
        conf = make(f"{MOCK}local_site = x\n", known=known, default_config_dirs=[str(directory)])
        settings = Settings.from_oslo(conf)
        assert (settings.files, settings.local_site) == (files, "b.conf")
    conf = cfg.ConfigOpts()
    arguments = ["--config-file", files[0], "--config-dir", str(directory)]
    conf(arguments, project="protector", default_config_files=[], default_config_dirs=[])
    assert Settings.from_oslo(conf).files == files
    conf(arguments[:2], project="protector", default_config_files=[], default_config_dirs=[str(directory)])
    settings = Settings.from_oslo(conf)
    assert (settings.files, settings.local_site) == ([*files[1:], files[0]], "x")
    (directory / "a.conf").write_text("[api]\nauth_strategy = noauth\n", encoding="utf-8")
    conf = make(MOCK, default_config_dirs=[str(directory)])
    conf.set_override("bind_host", "192.0.2.1", "api")
    assert f"{', '.join(files)}: [api] auth_strategy = noauth" in refusal(conf)


def test_options_that_have_read_nothing_say_nothing(make: Make, tmp_path: Path) -> None:
    conf = cfg.ConfigOpts()
    assert "have read nothing yet" in refusal(conf)
    conf = make(MOCK)
    file = tmp_path / "protector.conf"
    file.write_text(f"{planted.token('stray')} token\n", encoding="utf-8")
    assert re.search(r"protector.conf:1: neither '=' nor ':'", refusal(conf))
    file.unlink()
    with pytest.raises(StorageError):
        Settings.from_oslo(conf)


def test_the_api_gives_the_libraries_what_the_service_has(deployment: MockDeployment) -> None:
    """The policy is found through the files, also of settings of which a part is in none of them."""
    rules = deployment.directory / "rules.yaml"
    rules.write_text('"protector:sites:index": "!"\n', encoding="utf-8")
    text = deployment.config_file.read_text(encoding="utf-8")
    deployment.config_file.write_text(f"{text}[oslo_policy]\npolicy_file = {rules}\n", encoding="utf-8")
    conf = cfg.ConfigOpts()
    conf([], project="protector", default_config_files=[str(deployment.config_file)], default_config_dirs=[])
    opts.register(conf)
    for name, value in {"bind_host": "127.0.0.1", "auth_strategy": "noauth"}.items():
        conf.set_override(name, value, "api")
    settings = Settings.from_oslo(conf)
    for more in ({"conf": conf}, {}):
        client = testing.TestClient(application(settings, deployment.engine(), **more))
        assert client.simulate_get("/v1/admin/sites", remote_addr="127.0.0.1").status_code == 403
        assert client.simulate_get("/v1/health", remote_addr="127.0.0.1").status_code == 200
