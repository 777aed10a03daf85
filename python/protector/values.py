"""What the engine answers with: plain values that compare, hash, pickle and turn into JSON.

Field names are the documented column names. Nothing in here ever holds a secret. Fields that a newer engine adds are
ignored, so a value can always be read back from stored JSON.

>>> group = engine.protection_group_show("prod-web")
>>> group.status, group.primary_site
('active', 'site-a')
>>> ProtectionGroup.from_dict(group.to_dict()) == group
True
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import Any

from protector._value import Value as Value
from protector._value import value
from protector.health import Compliance as Compliance
from protector.health import Drill as Drill
from protector.health import EngineService as EngineService
from protector.health import Health as Health
from protector.health import RpoSweep as RpoSweep
from protector.health import Worker as Worker
from protector.mappings import MappingRow as MappingRow
from protector.mappings import MappingView as MappingView
from protector.operations import Event as Event
from protector.operations import Instance as Instance
from protector.operations import Operation as Operation
from protector.operations import Step as Step


@value
class Site(Value):
    """A registered site."""

    id: str
    name: str
    auth_url: str | None
    #: Name in clouds.yaml; the site's own name if absent.
    cloud: str | None
    description: str | None
    #: ``active`` or ``unreachable``.
    status: str


@value
class SiteCheck(Value):
    """One check of a site."""

    #: The end that asks: a site, or ``here``, this process.
    from_site: str
    #: The site that is asked.
    to_site: str
    #: What is asked there: ``cloud``, ``array``, ``volume types``, ``array link`` or ``metadata``.
    service: str
    #: What was checked: ``reachable``, ``credentials``, ``version``, ``clock``, ``quota``, ``volume types``,
    #: ``counterpart of …`` or ``connected``.
    check: str
    #: ``ok``, ``failed`` or ``unknown``.
    result: str
    detail: str
    remedy: str | None


@value
class SiteValidation(Value):
    """Result of validating a site."""

    site: str
    valid: bool
    checks: tuple[SiteCheck, ...]


@value
class VolumeType(Value):
    """A volume type of a site."""

    id: str
    name: str
    #: ``async``, ``sync`` or absent.
    replication_type: str | None
    #: Whether a protection group can use it.
    eligible: bool
    #: Why not, with what to do.
    reason: str | None
    extra_specs: dict[str, str] = field(hash=False)


@value
class Mappings(Value):
    """What a thing of one site is called on the other."""

    networks: dict[str, str] = field(hash=False)
    flavors: dict[str, str] = field(hash=False)
    security_groups: dict[str, str] = field(hash=False, default_factory=dict)


@value
class BootCheck(Value):
    """What must succeed after a server is active. Made by :meth:`tcp` or :meth:`command`.

    >>> BootCheck.tcp(443).to_dict()["timeout_seconds"]
    120
    """

    #: ``tcp`` or ``command``.
    kind: str
    #: After that time it has failed, and a program is killed.
    timeout_seconds: int
    #: Whether test failovers make it, too.
    in_tests: bool = False
    #: Of ``tcp``.
    port: int | None = None
    #: Of ``command``: absolute path.
    program: str | None = None
    arguments: tuple[str, ...] = ()

    @classmethod
    def tcp(cls, port: int, *, timeout_seconds: int = 120, in_tests: bool = False) -> BootCheck:
        """The first address of the first interface accepts connections at ``port``."""
        return cls("tcp", timeout_seconds, in_tests, port=port)

    @classmethod
    def command(cls, program: str, *arguments: str, timeout_seconds: int = 120, in_tests: bool = False) -> BootCheck:
        """A program ends with status 0. It runs once, without a shell, where the engine works, with
        ``PROTECTOR_SERVER_ID``, ``PROTECTOR_SERVER_NAME``, ``PROTECTOR_SERVER_ADDRESSES``, ``PROTECTOR_SITE``,
        ``PROTECTOR_OPERATION`` and ``PATH`` as its whole environment."""
        return cls("command", timeout_seconds, in_tests, program=program, arguments=arguments)

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON-compatible data."""
        common = {"kind": self.kind, "timeout_seconds": self.timeout_seconds, "in_tests": self.in_tests}
        if self.kind == "tcp":
            return {**common, "port": self.port}
        return {**common, "program": self.program, "arguments": list(self.arguments)}


@value
class Member(Value):
    """A protected server."""

    #: Nova id on the site where the member was added; names the member for ever.
    instance_id: str
    name: str
    #: ``protected``, ``failed_over`` or ``error``.
    status: str
    #: Start order, lower first.
    tier: int
    #: Members that are up and checked before this one starts, by id.
    depends_on: tuple[str, ...]
    #: Whether nothing goes on without it.
    required: bool
    #: Longest time until it is active, in seconds; absent: ten minutes.
    start_timeout_seconds: int | None
    #: What must succeed after it is active.
    boot_check: BootCheck | None
    #: Number of volumes.
    volumes: int
    #: Nova server by site name.
    servers: dict[str, str] = field(hash=False)


@value
class FenceDue(Value):
    """A site that was left and waits to be stopped and fenced."""

    site: str
    #: Array group to be fenced there.
    array_group: str
    #: Servers to be stopped there.
    servers: tuple[str, ...]
    since: datetime
    #: The operation that left it so.
    operation_id: str


@value
class LedgerEntry(Value):
    """What a site that was left by an unplanned failover may hold, and nobody else."""

    id: str
    #: ``suspected``, ``confirmed``, ``preserved`` or ``discarded``.
    state: str
    #: The site that was left.
    site: str
    #: The failover.
    operation_id: str
    #: The recovery point that the other side started from.
    recovery_point: str
    #: Instant of its data: what was written later is meant.
    data_time: datetime
    since: datetime
    #: Cinder volumes that hold it.
    volumes: tuple[str, ...]
    #: What was seen of later writes.
    evidence: str | None
    #: The snapshot that keeps it, on the array of that site.
    snapshot: str | None
    #: Who gave it up, when and why.
    discarded: str | None


@value
class ProtectionGroup(Value):
    """A set of servers that move together."""

    id: str
    name: str
    description: str | None
    #: ``creating``, ``active``, ``failing_over``, ``failed_over``, ``failed_over_partial``, ``failing_back``, ``error``
    #: or ``deleting``.
    status: str
    #: ``not_configured``, ``protected`` or ``unprotected``.
    protection: str
    #: ``async`` or ``sync``.
    replication_type: str
    consistency_group_id: str
    primary_site: str
    secondary_site: str
    #: Where the workload runs.
    current_primary_site: str
    volume_type: str
    project_id: str
    #: The open operation, if any.
    operation_id: str | None
    #: Metadata version; the same on both sites, or the group is out of sync.
    version: int
    #: Generation of the roles.
    epoch: int
    #: Whether the sites may disagree.
    diverged: bool
    #: Newest complete recovery point, as last observed.
    last_replication_at: datetime | None
    members: tuple[Member, ...]
    mappings: Mappings
    #: When a whole site moves, groups of a lower number move first.
    priority: int
    #: Commands that lead on from here.
    next: tuple[str, ...]
    #: Sites that were left and wait to be stopped and fenced.
    fences_due: tuple[FenceDue, ...] = ()
    #: What unplanned failovers left behind, until it is discarded.
    ledger: tuple[LedgerEntry, ...] = ()


@value
class Policy(Value):
    """The replication policy of a group. Tokens are never shown, only whether there is one."""

    protection_group_id: str
    pure_pg_name: str
    #: Seconds.
    replication_interval: int
    #: Minutes.
    rpo_minutes: int
    status: str
    primary_fa_url: str | None
    secondary_fa_url: str | None
    primary_fa_token_set: bool
    secondary_fa_token_set: bool


@value
class PolicyDrift(Value):
    """A field that a policy and ``[storage]`` say differently."""

    #: Name of the group.
    protection_group: str
    field: str
    policy_value: str
    default_value: str
    #: The command that makes the policy follow.
    remedy: str


@value
class ConsistencyGroup(Value):
    """The pair of Cinder groups behind a protection group."""

    id: str
    protection_group_id: str
    volume_type_name: str
    backend_name: str
    #: Cinder group on the primary site.
    primary_cg_id: str
    #: Cinder group on the secondary site.
    secondary_cg_id: str
    status: str
    volume_count: int


@value
class Volume(Value):
    """A volume of a consistency group."""

    volume_id: str
    volume_name: str
    #: GiB.
    size_gb: int
    #: ``replicating``, ``unprotected`` or ``error``.
    status: str
