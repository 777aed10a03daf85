"""The asyncio face."""

from __future__ import annotations

import asyncio
import contextlib
import inspect

import pytest
from conftest import NETWORKS

import protector
from protector import aio
from protector.exceptions import NotFound
from protector.testing import MockDeployment


def public(cls: type) -> dict[str, object]:
    """What a class and those it is made of offer."""
    parts = [vars(part) for part in reversed(cls.__mro__) if part is not object]
    return {name: member for part in parts for name, member in part.items() if not name.startswith("_")}


def test_the_same_names_and_arguments() -> None:
    theirs, ours = public(protector.Engine), public(aio.Engine)
    assert set(ours) - {"open"} == set(theirs)
    for name, method in theirs.items():
        if name == "events":
            assert inspect.signature(ours[name]).parameters == inspect.signature(method).parameters
            assert inspect.isasyncgenfunction(ours[name])
        elif inspect.isfunction(method):
            assert inspect.signature(ours[name]) == inspect.signature(method)
            # it only says which groups are meant, and waits for nothing
            assert inspect.iscoroutinefunction(ours[name]) != (name == "for_project")


def test_a_drill(deployment: MockDeployment, protected: protector.Engine) -> None:
    async def drill() -> list[str]:
        engine = await aio.Engine.open(deployment.settings, "site-a")
        there, health = await asyncio.gather(engine.failover("prod-web", networks=NETWORKS), engine.health())
        assert health[0].protection_group == "prod-web"
        with pytest.raises(NotFound):
            await engine.operation_show("op-nothing")
        return [there.status, (await engine.protection_group_show("prod-web")).status]

    assert asyncio.run(drill()) == ["completed", "failed_over"]


def test_cancelling_stops_at_a_safe_place(real_time: MockDeployment) -> None:
    async def interrupt() -> str:
        engine = await aio.Engine.open(real_time.settings, "site-a")
        operation = await engine.accept(await engine.plan_failover("prod-web", networks=NETWORKS))
        loop, begun = asyncio.get_running_loop(), asyncio.Event()
        running = asyncio.ensure_future(
            engine.run(operation.id, progress=lambda event: loop.call_soon_threadsafe(begun.set))
        )
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return (await engine.operation_show(operation.id)).status

    assert asyncio.run(interrupt()) in ("cancelled", "rolled_back", "interrupted")


def test_events_of_an_operation_come_one_by_one(deployment: MockDeployment, protected: protector.Engine) -> None:
    async def watched() -> list[int]:
        engine = await aio.Engine.open(deployment.settings, "site-a")
        operation = await engine.accept(await engine.plan_sync("prod-web"))
        seen = [event.progress async for event in engine.events(operation.id)]
        with pytest.raises(NotFound):
            [event async for event in engine.events("op-nothing")]
        return seen

    seen = asyncio.run(watched())
    assert seen == sorted(seen)
    assert seen[-1] == 100


def test_leaving_the_loop_stops_at_a_safe_place(real_time: MockDeployment) -> None:
    async def left() -> tuple[str, str]:
        engine = await aio.Engine.open(real_time.settings, "site-a")
        operation = await engine.accept(await engine.plan_failover("prod-web", networks=NETWORKS))
        async with contextlib.aclosing(engine.events(operation.id)) as events:
            async for _ in events:
                break
        stopped = (await engine.operation_show(operation.id)).status
        return stopped, (await engine.run(operation.id)).status

    assert asyncio.run(left()) == ("interrupted", "completed")
