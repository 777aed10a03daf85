"""What a worker takes up, and what it points out. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from protector.values import Health, Operation, ProtectionGroup

if TYPE_CHECKING:
    from typing import TypeAlias

_ABORT_WAITS = "stopping: abort"

#: A group, as people call it, and ``rpo`` or ``drill``.
Concern: TypeAlias = tuple[str, str]
#: Of groups that an operator made at a shell, where there is one tenant.
DEFAULT_PROJECT = "default"


def to_execute(operations: Iterable[Operation], seen_pending: Collection[str], busy: Collection[str]) -> list[str]:
    """The operations to execute, oldest first, by id.

    * One that is pending, when it was so at the last look already: whoever accepts an operation without a service, as
      the ``openstack`` command does, runs it by itself within that time.
    * One that was interrupted, unless somebody asked it to stop: only the process that had it is gone.
    * One that somebody asked to give up and nobody executes: the start is restored.

    What failed waits for people, and what was cancelled does, too.
    """
    wanted = [
        operation
        for operation in operations
        if operation.id not in busy and _is_wanted(operation, was_pending=operation.id in seen_pending)
    ]
    return [operation.id for operation in sorted(wanted, key=lambda each: each.started_at)]


def _is_wanted(operation: Operation, *, was_pending: bool) -> bool:
    if operation.status not in ("pending", "interrupted", "failed") or operation.finished_at is not None:
        return False
    if (operation.stop or "").startswith(_ABORT_WAITS):
        return True
    if operation.status == "pending":
        return was_pending
    return operation.status == "interrupted" and operation.stop is None


def concerns(
    site: str,
    health: Iterable[Health],
    groups: Iterable[ProtectionGroup],
    now: datetime,
    drill_interval: timedelta | None,
) -> dict[Concern, str]:
    """What people should hear of; the text is for the log.

    Of an RPO both sites speak, because one may be silent for good. Of drills speaks the site where the group runs;
    those that the other site made are known while it answers.
    """
    found: dict[Concern, str] = {}
    passed: dict[str, datetime] = {}
    for report in health:
        called = name_of(report.project_id, report.protection_group)
        last = _last_drill(report)
        if last is not None:
            passed[called] = last
        concern = _rpo(called, report)
        if concern:
            found[called, "rpo"] = concern
    if drill_interval is not None:
        for group in (group for group in groups if group.current_primary_site == site):
            called = name_of(group.project_id, group.name)
            concern = _drill(called, group, passed.get(called), now, drill_interval)
            if concern:
                found[called, "drill"] = concern
    return found


def changed(before: Mapping[Concern, str], now: Mapping[Concern, str]) -> tuple[list[str], list[Concern]]:
    """What to say: texts of concerns that are new or of another sort than before, and those that are over.

    A text begins with what it is about; numbers behind the first colon grow with time and are no change.
    """
    sort = {key: text.partition(":")[0] for key, text in before.items()}
    new = [text for key, text in now.items() if sort.get(key) != text.partition(":")[0]]
    return new, [key for key in before if key not in now]


def name_of(project: str, group: str) -> str:
    """A group for people: names are unique within a project."""
    return f"'{group}'" if project == DEFAULT_PROJECT else f"'{group}' of project {project}"


def _rpo(name: str, report: Health) -> str | None:
    bound = report.rpo_minutes
    if report.rpo == "breached" and report.recovery_point_age_seconds is not None:
        age = report.recovery_point_age_seconds // 60
        return f"RPO of {name} is breached: Latest snapshot age ({age} min) exceeds RPO threshold ({bound} min)"
    if report.rpo == "never":
        return f"RPO of {name} is not kept: there is no complete recovery point yet (RPO threshold {bound} min)"
    if report.rpo == "unknown":
        return f"RPO of {name} is not known: {'; '.join(report.reasons) or 'no reason is known'}"
    return None


def _last_drill(report: Health) -> datetime | None:
    """When the group was rehearsed last with success. Clones that are still looked at do not make a drill fail."""
    ended = [drill.ended_at for drill in (report.last_successful_drill,) if drill is not None]
    if report.last_drill is not None and report.last_drill.verdict == "not_cleaned_up":
        ended.append(report.last_drill.ended_at)
    return max(ended, default=None)


def _drill(
    name: str, group: ProtectionGroup, passed: datetime | None, now: datetime, interval: timedelta
) -> str | None:
    if not group.members or (passed is not None and now - passed <= interval):
        return None
    command = f"openstack protector test-failover {group.name}"
    if passed is None:
        return f"{name} was never rehearsed, as far as is known here: {command}"
    return (
        f"drill of {name} is due: the last one passed on {passed:%Y-%m-%d}"
        f" and the interval is {interval.days} days; {command}"
    )
