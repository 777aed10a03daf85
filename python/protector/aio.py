"""The same engine for asyncio: same names, same arguments, awaitable.

>>> async def drill(settings):
...     engine = await Engine.open(settings, "site-a")
...     operation = await engine.sync("prod-web")
...     return operation.status
>>> asyncio.run(drill(deployment.settings))
'completed'

Cancelling a call that runs an operation asks the operation to stop at the next safe place, and waits for that; the
journal is kept and ``run`` continues. Progress callbacks are called in a worker thread.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from protector._native import Cancel, Settings
from protector.engine import manager
from protector.values import Event

if TYPE_CHECKING:
    from typing import Concatenate, ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

__all__ = ["Engine"]


def _call(
    method: Callable[Concatenate[manager.Engine, P], R],
) -> Callable[Concatenate[Engine, P], Coroutine[Any, Any, R]]:
    """The method in a worker thread. Cancelling leaves the thread to finish; its answer is dropped."""

    @functools.wraps(method)
    async def call(self: Engine, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(method, self._engine, *args, **kwargs)

    return call


def _execute(
    method: Callable[Concatenate[manager.Engine, P], R],
) -> Callable[Concatenate[Engine, P], Coroutine[Any, Any, R]]:
    """The same for a method that runs an operation, which must not be left alone."""

    @functools.wraps(method)
    async def call(self: Engine, /, *args: P.args, **kwargs: P.kwargs) -> R:
        cancel = kwargs.get("cancel")
        if not isinstance(cancel, Cancel):
            cancel = kwargs["cancel"] = Cancel()
        work = asyncio.ensure_future(asyncio.to_thread(method, self._engine, *args, **kwargs))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            cancel.request()
            await asyncio.wait([work])
            raise

    return call


class Engine:
    """:class:`protector.Engine`, awaitable. Made by :meth:`open`."""

    def __init__(self, engine: manager.Engine) -> None:
        """Wraps an engine that is open already."""
        self._engine = engine

    @classmethod
    async def open(cls, settings: Settings | None = None, site: str | None = None) -> Engine:
        """Opens an engine; arguments and errors as :class:`protector.Engine`."""
        return cls(await asyncio.to_thread(manager.Engine, settings, site))

    @property
    def site(self) -> str:
        """The site this engine works from."""
        return self._engine.site

    @property
    def project(self) -> str | None:
        """The project it works for; ``None``: all."""
        return self._engine.project

    def for_project(self, project: str) -> Engine:
        """See :meth:`protector.Engine.for_project`."""
        return Engine(self._engine.for_project(project))

    def __repr__(self) -> str:
        return f"aio.{self._engine!r}"

    site_create = _call(manager.Engine.site_create)
    site_list = _call(manager.Engine.site_list)
    site_show = _call(manager.Engine.site_show)
    site_delete = _call(manager.Engine.site_delete)
    site_validate = _call(manager.Engine.site_validate)
    site_list_volume_types = _call(manager.Engine.site_list_volume_types)
    protection_group_create = _call(manager.Engine.protection_group_create)
    protection_group_list = _call(manager.Engine.protection_group_list)
    protection_group_show = _call(manager.Engine.protection_group_show)
    protection_group_update = _call(manager.Engine.protection_group_update)
    protection_group_delete = _call(manager.Engine.protection_group_delete)
    mapping_show = _call(manager.Engine.mapping_show)
    mapping_suggest = _call(manager.Engine.mapping_suggest)
    mapping_set = _call(manager.Engine.mapping_set)
    policy_create = _call(manager.Engine.policy_create)
    policy_show = _call(manager.Engine.policy_show)
    policy_drift = _call(manager.Engine.policy_drift)
    member_add = _call(manager.Engine.member_add)
    member_update = _call(manager.Engine.member_update)
    member_remove = _call(manager.Engine.member_remove)
    member_list = _call(manager.Engine.member_list)
    consistency_group_show = _call(manager.Engine.consistency_group_show)
    consistency_group_volumes = _call(manager.Engine.consistency_group_volumes)
    answer_peer = _call(manager.Engine.answer_peer)
    sync_status = _call(manager.Engine.sync_status)
    sync_metadata = _call(manager.Engine.sync_metadata)
    plan_reconcile = _call(manager.Engine.plan_reconcile)
    reconcile = _call(manager.Engine.reconcile)
    divergence_list = _call(manager.Engine.divergence_list)
    divergence_discard = _call(manager.Engine.divergence_discard)
    plan_sync = _call(manager.Engine.plan_sync)
    plan_test_failover = _call(manager.Engine.plan_test_failover)
    plan_test_cleanup = _call(manager.Engine.plan_test_cleanup)
    plan_failover = _call(manager.Engine.plan_failover)
    plan_failback = _call(manager.Engine.plan_failback)
    plan_reprotect = _call(manager.Engine.plan_reprotect)
    plan_commit = _call(manager.Engine.plan_commit)
    plan_retry_failed = _call(manager.Engine.plan_retry_failed)
    accept = _call(manager.Engine.accept)
    run = _execute(manager.Engine.run)

    async def events(self, operation: str, *, cancel: Cancel | None = None) -> AsyncIterator[Event]:
        """See :meth:`protector.Engine.events`.

        Whoever leaves the loop early closes the iterator, to be sure when the operation has stopped:
        ``async with contextlib.aclosing(engine.events(…)) as events``.
        """
        loop, asked = asyncio.get_running_loop(), cancel or Cancel()
        seen: asyncio.Queue[Event | None] = asyncio.Queue()

        def tell(event: Event) -> None:
            loop.call_soon_threadsafe(seen.put_nowait, event)

        running = asyncio.ensure_future(self.run(operation, progress=tell, cancel=asked))
        running.add_done_callback(lambda _: seen.put_nowait(None))
        try:
            while (event := await seen.get()) is not None:
                yield event
        finally:
            if not running.done():
                asked.request()
                await asyncio.wait([running])
        await running

    sync = _execute(manager.Engine.sync)
    test_failover = _execute(manager.Engine.test_failover)
    test_cleanup = _execute(manager.Engine.test_cleanup)
    failover = _execute(manager.Engine.failover)
    failback = _execute(manager.Engine.failback)
    reprotect = _execute(manager.Engine.reprotect)
    commit = _execute(manager.Engine.commit)
    plan_site_failover = _call(manager.Engine.plan_site_failover)
    site_failover = _execute(manager.Engine.site_failover)
    operation_cancel = _call(manager.Engine.operation_cancel)
    operation_abort = _execute(manager.Engine.operation_abort)
    operation_takeover = _execute(manager.Engine.operation_takeover)
    retry_failed = _execute(manager.Engine.retry_failed)
    operation_show = _call(manager.Engine.operation_show)
    operation_list = _call(manager.Engine.operation_list)
    operation_plan = _call(manager.Engine.operation_plan)
    operation_graph = _call(manager.Engine.operation_graph)
    operation_report = _call(manager.Engine.operation_report)
    health = _call(manager.Engine.health)
    health_show = _call(manager.Engine.health_show)
    metrics = _call(manager.Engine.metrics)
    sweep_rpo = _call(manager.Engine.sweep_rpo)
    record_worker = _call(manager.Engine.record_worker)
    workers = _call(manager.Engine.workers)
