"""Health of groups, and how they kept their objectives."""

from __future__ import annotations

from datetime import datetime

from protector._value import Value, value


@value
class Compliance(Value):
    """How much of a window the objective was kept, in per cent, rounded down to hundredths: what reads as 100 is."""

    #: Kept for certain.
    within_percent: float
    #: Not kept.
    breached_percent: float
    #: Nobody looked, or could not see.
    unknown_percent: float


@value
class Drill(Value):
    """A test failover, as its report judges it."""

    operation_id: str
    #: ``passed``, ``failed``, ``objective_missed``, ``not_conclusive`` or ``not_cleaned_up``.
    verdict: str
    #: The same in one line.
    headline: str
    ended_at: datetime
    age_seconds: int


@value
class Health(Value):
    """Health of one group. What could not be seen is ``None`` or says so; it never reads as good."""

    protection_group: str
    #: Project that owns it; names are unique within a project only.
    project_id: str
    status: str
    #: State of the replication link.
    link: str
    sync_status: str
    #: Age of the newest complete recovery point in seconds; absent: never or not known, see ``reasons``.
    recovery_point_age_seconds: int | None
    #: Instant of the data of that recovery point; absent as well for a group in a pod, which needs none.
    last_recovery_point_at: datetime | None
    #: When it had arrived completely.
    last_transfer_at: datetime | None
    #: How far its data were behind at that moment, in seconds; 0 in a pod that is online.
    replication_lag_seconds: int | None
    #: Recovery points on their way.
    transfers_under_way: int | None
    #: Bound in minutes.
    rpo_minutes: int | None
    #: ``within``, ``breached``, ``never`` or ``unknown``; absent without a policy.
    rpo: str | None
    #: How the bound was kept, as far as sweeps have seen; see :meth:`protector.Engine.sweep_rpo`.
    rpo_24h: Compliance | None
    rpo_7d: Compliance | None
    #: The newest test failover that has ended, from whichever site; of a site that does not answer none is known.
    last_drill: Drill | None
    #: The newest one that passed: every server ran, within the objective, and everything was removed.
    last_successful_drill: Drill | None
    #: Whether a planned failover would be accepted now.
    failover_ready: bool
    #: Why not.
    reasons: tuple[str, ...]
    #: Whether an unplanned failover with the documented consents would be accepted now if the site where the workload
    #: runs was gone. Nothing of that site is asked for it.
    unplanned_ready: bool
    #: Why not.
    unplanned_reasons: tuple[str, ...]
    #: What unplanned failovers left behind, until it is discarded.
    ledger: tuple[str, ...] = ()


@value
class RpoSweep(Value):
    """What a sweep of all groups came to."""

    #: Groups with a policy: those that were looked at.
    groups: int
    within: int
    breached: int
    #: Without any recovery point.
    never: int
    unknown: int


@value
class Worker(Value):
    """A worker of ``protector-engine``, as it was seen last."""

    #: ``ok``, ``failed`` (it ended, or was not seen for three of its intervals) or ``unknown`` (its clock is ahead).
    state: str
    host: str
    #: Process id on that host.
    process: int
    #: Tells two engines of one process apart.
    engine: str
    #: Of its program.
    version: str
    #: Operations it was at work on.
    under_way: int
    #: Seconds after which it meant to be seen again.
    interval_seconds: int
    started_at: datetime
    seen_at: datetime
    #: When it ended of its own accord.
    stopped_at: datetime | None


@value
class EngineService(Value):
    """The workers of a site together."""

    #: ``ok``: one of them lives; ``failed``: none does; ``unknown``: none was ever seen, or clocks differ.
    state: str
    #: Since when none lives, if it is ``failed``.
    since: datetime | None
    #: The same for people.
    detail: str
    #: Those that were seen within a week, in the order in which they began.
    workers: tuple[Worker, ...]
