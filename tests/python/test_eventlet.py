"""Under eventlet, as older services of OpenStack are: each test is a process that is monkey-patched first of all."""

from __future__ import annotations

import subprocess
import sys

from protector import Engine
from protector.testing import MockDeployment

#: Greenthreads tick; `beside` tells how often while something else was done.
PATCHED = """
import eventlet
eventlet.monkey_patch()
import contextvars, logging, sys, threading, time
from eventlet import tpool
import protector
from protector.exceptions import NotFound

class Ticks:
    count = 0
    last = longest = 0.0

def tick():
    while True:
        now = time.monotonic()
        Ticks.longest = max(Ticks.longest, now - (Ticks.last or now))
        Ticks.last = now
        Ticks.count += 1
        eventlet.sleep(0.005)

eventlet.spawn(tick)
eventlet.sleep(0)

def beside(work):
    Ticks.last = time.monotonic()
    before, started, Ticks.longest = Ticks.count, time.monotonic(), 0.0
    result = work()
    seconds = time.monotonic() - started
    eventlet.sleep(0)
    return result, Ticks.count - before, seconds

engine = tpool.execute(protector.Engine, protector.Settings.load([sys.argv[1]]), "site-a")
"""


def patched(deployment: MockDeployment, program: str, timeout: float = 60) -> str:
    """What the program prints in a process that is monkey-patched."""
    command = [sys.executable, "-W", "ignore", "-c", PATCHED + program, str(deployment.config_file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_other_greenthreads_run_beside_calls_in_the_pool(real_time: MockDeployment) -> None:
    patched(
        real_time,
        """
seen = []
operation, ticks, seconds = beside(lambda: tpool.execute(engine.sync, "prod-web", progress=seen.append))
assert operation.completed and seen[-1].progress == 100
assert ticks > 10 and Ticks.longest < seconds / 2, (ticks, seconds, Ticks.longest)

def watch():
    plan = tpool.execute(engine.plan_sync, "prod-web")
    events = engine.events(tpool.execute(engine.accept, plan).id)
    while (event := tpool.execute(next, events, None)) is not None:
        yield event

found, ticks, seconds = beside(lambda: list(watch()))
assert found[-1].progress == 100
assert ticks > 10 and Ticks.longest < seconds / 2, (ticks, seconds, Ticks.longest)

try:
    tpool.execute(engine.run, "op-nothing")
    raise SystemExit("no error")
except NotFound as error:
    assert "op-nothing" in str(error)

# without the pool it works, and they wait
seen = []
operation, ticks, seconds = beside(lambda: engine.sync("prod-web", progress=seen.append))
assert operation.completed and seen[-1].progress == 100
assert ticks <= 2 and seconds > 0.2, (ticks, seconds)
events, ticks, seconds = beside(lambda: list(engine.events(engine.accept(engine.plan_sync("prod-web")).id)))
assert events[-1].progress == 100
assert ticks <= 2, ticks
""",
    )


def test_many_greenthreads_call_at_once(protected: Engine, deployment: MockDeployment) -> None:
    patched(
        deployment,
        """
def ask(number):
    return tpool.execute(engine.protection_group_show, "prod-web").name

pool = eventlet.GreenPool(50)
answers, ticks, seconds = beside(lambda: list(pool.imap(ask, range(1000))))
assert answers == ["prod-web"] * 1000
assert ticks > 2, (ticks, seconds)

# a greenthread that calls without the pool, and one that runs meanwhile in it
running = eventlet.spawn(tpool.execute, engine.sync, "prod-web")
while not running.dead:
    assert engine.protection_group_show("prod-web").name == "prod-web"
    eventlet.sleep(0.01)
assert running.wait().completed
""",
    )


def test_lines_and_requests(protected: Engine, deployment: MockDeployment) -> None:
    printed = patched(
        deployment,
        """
from protector.service.logs import REQUEST_ID, _Requests
from oslo_context.context import RequestContext, get_current

class Handler(logging.Handler):
    lines = []
    def emit(self, record):
        self.lines.append((record.request, getattr(getattr(record, "context", None), "request_id", None)))

handler = Handler()
handler.addFilter(_Requests())
logger = logging.getLogger("protector.engine")
logger.addHandler(handler)
logger.setLevel(logging.DEBUG)

def in_pool(method, *arguments):
    request = get_current()
    def call():
        if request is not None:
            request.update_store()
        return method(*arguments)
    return tpool.execute(contextvars.copy_context().run, call)

def answer(number):
    REQUEST_ID.set(f"req-{number}")
    RequestContext(request_id=f"req-{number}")
    in_pool(engine.health_show, "prod-web")
    engine.health_show("prod-web")

workers = [eventlet.spawn(answer, number) for number in range(2)]
for worker in workers:
    worker.wait()
print(sorted(set(Handler.lines)))
""",
    )
    expected = [(f"req-{number}", f"req-{number}") for number in range(2)]
    assert printed.splitlines()[-1] == str(expected)
