"""A token that was given once appears in no output and in no file."""

from __future__ import annotations

import logging
from pathlib import Path

import planted
import pytest
from conftest import NETWORKS, run_executable, run_osc

from protector import Engine
from protector.testing import MockDeployment

TOKEN = planted.token("array")
URLS = (
    "--primary-fa-url",
    "https://flasharray-a.example.com",
    "--secondary-fa-url",
    "https://flasharray-b.example.com",
)


@pytest.fixture
def forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The token in each form that the option takes."""
    (tmp_path / "array-token").write_text(f"{TOKEN}\n")
    monkeypatch.setenv("ARRAY_TOKEN", TOKEN)
    return {"env": "env:ARRAY_TOKEN", "file": f"file:{tmp_path / 'array-token'}", "literal": TOKEN}


@pytest.mark.parametrize("form", ["env", "file", "literal"])
@pytest.mark.parametrize("separator", [" ", "="])
def test_token_appears_in_no_output(
    deployment: MockDeployment,
    protected: Engine,
    forms: dict[str, str],
    form: str,
    separator: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """I-42: no output, log or file of any command has a token that was planted."""
    caplog.set_level(logging.DEBUG)
    option = f"--primary-fa-token{separator}{forms[form]}".split(" ")
    second = f"--secondary-fa-api-token{separator}{forms[form]}".split(" ")
    written = [run_osc("--debug", "protector", "policy", "create", "prod-web", *URLS, *option, *second)]
    assert written[0].code == 0, written[0].err
    assert ("shell history" in written[0].err) == (form == "literal")
    there = ("--network-mapping", "net-primary-web=net-secondary-web")
    for words in (
        ["policy", "show", "prod-web", "--long"],
        ["protection-group", "show", "prod-web"],
        ["failover", "prod-web", *there, "--dry-run", "-f", "json"],
        ["failover", "prod-web", *there, "--wait", "--long"],
        ["policy", "create", "prod-web", "--primary-fa-url", "http://x", *option],
        ["policy", "create", "nothing", *option],
    ):
        written.append(run_osc("--debug", "protector", *words))
    moved = protected.operation_list()[0].id
    for words in (["show", moved, "--graph", "html"], ["report", moved], ["report", moved, "--html"]):
        written.append(run_osc("--debug", "protector", "operation", *words))
        assert written[-1].code == 0, written[-1].err
    written.append(run_osc("--debug", "protector", "operation", "report", moved, "--json"))
    assert TOKEN not in "".join(done.out + done.err for done in written) + caplog.text
    policy = protected.policy_show("prod-web")
    assert policy.primary_fa_token_set
    assert policy.secondary_fa_token_set
    (deployment.directory / "array-token").unlink()
    for file in deployment.directory.rglob("*"):
        assert file.is_dir() or TOKEN.encode() not in file.read_bytes(), file


def test_token_from_a_prompt(protected: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: TOKEN)
    done = run_osc("protector", "policy", "create", "prod-web", *URLS, "--primary-fa-token", "-")
    assert done.code == 0, done.err
    assert protected.policy_show("prod-web").primary_fa_token_set


def test_executable_with_debug(protected: Engine) -> None:
    done = run_executable(
        "openstack", "--debug", "dr", "policy", "create", "prod-web", *URLS, "--primary-fa-tok", TOKEN
    )
    assert done.code == 0, done.err
    assert TOKEN not in done.out + done.err


def test_token_of_an_engine_call(protected: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    policy = protected.policy_create(
        "prod-web",
        primary_fa_url="https://flasharray-a.example.com",
        primary_fa_api_token=TOKEN,
        secondary_fa_url="https://flasharray-b.example.com",
        secondary_fa_api_token=TOKEN,
    )
    plan = protected.plan_failover("prod-web", networks=NETWORKS)
    assert TOKEN not in repr(policy) + plan.json + plan.to_text() + caplog.text
