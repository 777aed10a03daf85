"""Operations, how far they came, and what happens while they run."""

from __future__ import annotations

from datetime import datetime

from protector._value import Value, value


@value
class Instance(Value):
    """A member within an operation."""

    instance_id: str
    name: str
    #: ``pending``, ``succeeded``, ``failed``, or ``blocked`` by the failure of a member that it depends on.
    outcome: str
    #: Server on the target site.
    server_id: str | None
    error: str | None


@value
class Step(Value):
    """A step within an operation."""

    id: str
    #: One line for people.
    title: str
    #: ``pending``, ``running``, ``done``, ``skipped``, ``failed``, ``undone`` or ``blocked``.
    state: str
    #: Why it failed or was skipped.
    detail: str | None


@value
class Operation(Value):
    """An operation and how far it came."""

    id: str
    #: Id of the group, also if it has another name by now.
    protection_group_id: str
    #: ``sync``, ``test_failover``, ``test_cleanup``, ``failover``, ``failback``, ``reprotect``, ``commit`` or
    #: ``retry_failed``.
    operation_type: str
    #: ``planned`` or ``unplanned``, for those that move the workload.
    failover_type: str | None
    #: Name of the group.
    protection_group: str
    #: ``pending``, ``running``, ``interrupted``, ``completed``, ``completed_partial`` (some members did not arrive),
    #: ``failed``, ``rolled_back`` or ``cancelled``.
    status: str
    #: 0 to 100.
    progress: int
    instances_failed: int
    instances_succeeded: int
    steps_completed: int
    steps_failed: int
    steps_total: int
    #: Site that is left, or whose data is used.
    source_site: str
    #: Site that is reached.
    target_site: str
    #: Hash of the accepted plan.
    plan_hash: str
    #: What went wrong.
    error: str | None
    #: Who asked it to stop, and why: ``stopping: …`` until it was heard, then ``stopped: …``.
    stop: str | None
    #: Whom the last attempt took it over from.
    taken_from: str | None
    started_at: datetime
    finished_at: datetime | None
    instances: tuple[Instance, ...]
    steps: tuple[Step, ...]
    #: Commands that lead on from here.
    next: tuple[str, ...]
    #: Half of all such runs take at most so long; absent if the plan has no forecast.
    predicted_p50_seconds: int | None = None
    #: 95 of 100 do.
    predicted_p95_seconds: int | None = None
    #: From the begin of the first attempt to the end, or until now; interruptions count. Absent before it began.
    elapsed_seconds: int | None = None
    #: What is left of an operation that is under way or can be resumed, as far as known. Absent once it has ended, and
    #: while the start is being restored.
    remaining_seconds: int | None = None

    @property
    def completed(self) -> bool:
        """Whether every step is done and confirmed."""
        return self.status == "completed"


@value
class Event(Value):
    """Something that happened while an operation ran."""

    #: The operation.
    operation: str
    #: Step id; absent for events of the operation itself.
    step: str | None
    #: One line for people.
    title: str
    #: ``started``, ``waiting`` (what it needs is silent and asked again), ``done``, ``skipped``, ``failed``,
    #: ``blocked`` or ``undone``; for the operation itself its status.
    state: str
    #: 0 to 100 after this event. Never goes back within one run.
    progress: int
    at: datetime
