"""The deployment: databases, keys, sites, groups, operations, workers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from protector import Engine, Settings, _native, look
from protector.doctor.ask import answer, ask
from protector.values import Operation

#: Groups that the other site is asked about, one question each. Health is looked at for all of them in one.
_GROUPS_ASKED = 100
_LAST_STEPS = 5


def sections_of(settings: Settings, until: float) -> dict[str, Callable[[], Any]]:
    """The questions about the deployment, by section; what is asked within one is answered by ``until``."""
    engine = _Once(lambda: Engine(settings))
    return {
        "databases": lambda: databases(settings, until),
        "keys": lambda: look.as_data(look.key_repository(settings)),
        "sites": lambda: sites(engine(), until),
        "groups": lambda: groups(engine(), until),
        "operations": lambda: operations(engine()),
        "workers": lambda: engine().workers().to_dict(),
    }


class _Once:
    """Opens the engine once for all who ask, and tells all of them why it cannot be."""

    def __init__(self, opens: Callable[[], Engine]) -> None:
        self._opens = opens
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._refused: Exception | None = None

    def __call__(self) -> Engine:
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if self._engine is None:
                try:
                    self._engine = self._opens()
                except Exception as error:
                    self._refused = error
                    raise
            return self._engine


def _left(until: float) -> float:
    return max(0.1, until - time.monotonic())


def databases(settings: Settings, until: float) -> dict[str, Any]:
    """Schema versions, and what ``db check`` says."""

    def schema() -> list[dict[str, Any]]:
        names = {"from": "version", "to": "needed"}
        return [
            {names.get(name, name): value for name, value in row.items()}
            for row in json.loads(_native.db_version(settings))
        ]

    return ask({"schema": schema, "check": lambda: json.loads(_native.db_check(settings))}, _left(until))


def sites(engine: Engine, until: float) -> dict[str, Any]:
    """The sites, and who reaches what of each."""
    listed = engine.site_list()

    def validate(name: str) -> Callable[[], Any]:
        return lambda: engine.site_validate(name).to_dict()

    return {
        "local_site": engine.site,
        "sites": [site.to_dict() for site in listed],
        "validation": ask({site.name: validate(site.name) for site in listed}, _left(until)),
    }


def groups(engine: Engine, until: float) -> dict[str, Any]:
    """How each group is, by id: names are unique within a project only."""
    listed = engine.protection_group_list()

    def sync_status(group: str) -> Callable[[], Any]:
        return lambda: engine.sync_status(group).to_dict()

    status: dict[str, Callable[[], Any]] = {group.id: sync_status(group.id) for group in listed[:_GROUPS_ASKED]}
    # one answer in the same time: health asks all arrays and clouds
    asked = ask({"health": lambda: [each.to_dict() for each in engine.health()], **status}, _left(until))
    kept = ("name", "project_id", "status", "protection", "replication_type", "current_primary_site", "operation_id")
    more = ("version", "epoch", "diverged", "next")
    untold: dict[str, Any] = {"unknown": f"only the first {_GROUPS_ASKED} groups are asked about"}
    rows: dict[str, Any] = {}
    for group in listed:
        data = group.to_dict()
        rows[group.id] = {
            **{name: data[name] for name in (*kept, *more)},
            "members": len(group.members),
            "sync_status": asked.get(group.id, untold),
        }
    return {"groups": rows, "health": asked["health"]}


def operations(engine: Engine) -> list[dict[str, Any]]:
    """What has not ended, with its last steps."""
    return [_open(engine, each) for each in engine.operation_list(open=True)]


def _open(engine: Engine, listed: Operation) -> dict[str, Any]:
    # a list need not hold the steps
    operation = answer(lambda: engine.operation_show(listed.id))
    if not isinstance(operation, Operation):
        return {"id": listed.id, "steps": operation}
    begun = [step.to_dict() for step in operation.steps if step.state != "pending"]
    data = operation.to_dict()
    del data["instances"]
    return {**data, "steps": begun[-_LAST_STEPS:]}
