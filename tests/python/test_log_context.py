"""Which request a log line belongs to: the engine's threads write most of them, and know of no request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextvars import Context, ContextVar
from pathlib import Path
from typing import Any

import pytest
from api_client import Stage
from conftest import NETWORKS

from protector import Engine, Settings, _native, aio, key_manager
from protector.service import logs
from protector.service.logs import REQUEST_ID
from protector.testing import MockDeployment, mock_deployment


class Kept(logging.Handler):
    """Keeps the lines of the engine, with the request that the filter of the services finds."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.addFilter(logs._Requests())
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def requests(self) -> set[str]:
        """Those that lines belong to."""
        return {vars(record)["request"] for record in self.records}

    @property
    def names(self) -> set[str]:
        """The loggers."""
        return {record.name for record in self.records}


@pytest.fixture
def kept(deployment: MockDeployment) -> Iterator[Kept]:
    """The lines below ``protector.engine`` and ``protector.store``."""
    handler = Kept()
    loggers = [logging.getLogger(name) for name in ("protector.engine", "protector.store")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield handler
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


@contextlib.contextmanager
def request(name: str) -> Iterator[None]:
    """Answers a request."""
    token = REQUEST_ID.set(name)
    try:
        yield
    finally:
        REQUEST_ID.reset(token)


def test_lines_of_every_way_to_call_belong_to_the_request(kept: Kept, protected: Engine) -> None:
    engine = protected
    kept.records.clear()
    with request("req-call"):
        operation = engine.accept(engine.plan_failover("prod-web", networks=NETWORKS))
    with request("req-run"):
        assert engine.run(operation.id).completed
    with request("req-events"):
        list(engine.events(engine.accept(engine.plan_sync("prod-web")).id))
    assert kept.requests == {"req-call", "req-run", "req-events"}
    kept.records.clear()
    # in a context where no request was answered before
    Context().run(engine.health)
    assert kept.requests == {"-"}


def test_lines_of_the_asyncio_face_belong_to_the_request(kept: Kept, deployment: MockDeployment) -> None:
    async def ask() -> None:
        REQUEST_ID.set("req-aio")
        await aio.Engine.open(deployment.settings, "site-a")

    asyncio.run(ask())
    assert kept.requests == {"req-aio"}
    assert {"protector.engine.manager", "protector.engine.storage.mock"} <= kept.names


def test_lines_of_threads_for_databases_belong_to_the_request(kept: Kept, deployment: MockDeployment) -> None:
    database = deployment.directory / "site-a.db"
    database.chmod(0o644)
    with request("req-db"):
        _native.db_sync(deployment.settings)
    assert [(record.name, record.levelname) for record in kept.records] == [("protector.store", "WARNING")]
    assert "it is 0600 now" in kept.records[0].getMessage()
    assert kept.requests == {"req-db"}


def test_requests_that_are_answered_at_once_keep_their_lines(kept: Kept, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        deployments = []
        for number in range(4):
            (tmp_path / f"req-{number}").mkdir()
            deployments.append(stack.enter_context(mock_deployment(tmp_path / f"req-{number}")))
        kept.records.clear()

        def answer(deployment: MockDeployment) -> None:
            REQUEST_ID.set(deployment.directory.name)
            for _ in range(10):
                deployment.engine()

        threads = [threading.Thread(target=answer, args=(each,)) for each in deployments]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    told = [record for record in kept.records if "data_dir=" in record.getMessage()]
    assert len(told) == 40
    for record in told:
        assert record.getMessage().endswith(f"/{vars(record)['request']}")


def test_lines_of_the_engine_bear_the_id_that_the_api_answers_with(kept: Kept, protected_stage: Stage) -> None:
    kept.records.clear()
    answer = protected_stage.owner.call("GET", "{p}/prod-web/health")
    assert answer.status_code == 200, answer.text
    assert kept.requests == {answer.headers["x-openstack-request-id"]}
    assert kept.names


def test_a_key_manager_is_asked_on_behalf_of_the_caller(
    deployment: MockDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []
    monkeypatch.setattr(key_manager, "read", lambda *_: seen.append(REQUEST_ID.get()) or "")
    file = deployment.directory / "castellan.conf"
    file.write_text(
        deployment.config_file.read_text(encoding="utf-8").replace("storage_driver = mock", "storage_driver = pure")
        + "primary_array_url = https://a.example.com\nprimary_array_api_token = castellan:1\n"
        "secondary_array_url = https://b.example.com\nsecondary_array_api_token = castellan:2\n",
        encoding="utf-8",
    )
    with request("req-key"), pytest.raises(Exception, match="of the key manager is empty"):
        Engine(Settings.load([file]), "site-a")
    assert seen == ["req-key"]


def test_a_thread_of_a_key_manager_knows_the_caller() -> None:
    asked: ContextVar[str] = ContextVar("asked")
    asked.set("req-thread")
    assert key_manager._within(5, asked.get) == "req-thread"


def test_a_broken_handler_breaks_no_call(
    deployment: MockDeployment, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> bool:
        raise LookupError("a filter of somebody's")

    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    kept.addFilter(broken)
    assert deployment.engine().site_list()
    assert {type(each.exc_value) for each in unraisable} == {LookupError}


OSLO = """
import logging, sys, threading
from oslo_config import cfg
from oslo_context.context import RequestContext, get_current
from oslo_log import log
import protector

conf = cfg.ConfigOpts()
log.register_options(conf)
conf(["--debug"], project="service")
log.setup(conf, "service")
deployment = protector.Settings.load([sys.argv[1]])
logger = log.getLogger("service")

def answer(number):
    RequestContext(request_id=f"req-{number}", user_id=f"user-{number}", project_id="p")
    logger.info("begins")
    engine = protector.Engine(deployment, "site-a")
    engine.sync("prod-web")
    list(engine.events(engine.accept(engine.plan_sync("prod-web")).id))

for number in range(2):
    thread = threading.Thread(target=answer, args=(number,))
    thread.start()
    thread.join()
assert get_current() is None
protector.Engine(deployment, "site-b")
"""


def test_oslo_log_finds_the_request(protected: Engine, deployment: MockDeployment) -> None:
    command = [sys.executable, "-W", "ignore", "-c", OSLO, str(deployment.config_file)]
    environment = {name: value for name, value in os.environ.items() if name != "PROTECTOR_CONFIG_FILE"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    pattern = re.compile(r"^\S+ \S+ \d+ (?P<level>[A-Z]+) (?P<name>[\w.]+) \[(?P<request>[^]]*)\] (?P<text>.*)$")
    lines = [found for line in done.stdout.splitlines() if (found := pattern.match(line))]
    ours = [line for line in lines if line["name"].startswith("protector.")]
    at = [index for index, line in enumerate(lines) if line["text"] == "begins"]
    last = next(index for index, line in enumerate(lines) if "data_dir=" in line["text"] and line["request"] == "-")
    parts = (lines[at[0] : at[1]], lines[at[1] : last], lines[last:])
    requests = [{line["request"] for line in part} for part in parts]
    assert requests == [{"None req-0 user-0 p - - - -"}, {"None req-1 user-1 p - - - -"}, {"-"}], done.stdout
    assert {line["name"] for line in ours} >= {
        "protector.engine.manager",
        "protector.engine.storage",
        "protector.engine.storage.mock",
    }
    assert {line["level"] for line in ours} == {"DEBUG", "INFO", "WARNING"}
