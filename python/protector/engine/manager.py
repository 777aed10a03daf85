"""The façade over the native engine, with typed arguments and values instead of JSON.

The examples of this module run against a seeded simulation whose engine works from ``site-a``; see
:func:`protector.testing.mock_deployment`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from protector import _native
from protector._native import Cancel, Settings
from protector.exceptions import DeadlineExceeded, PlanBlocked
from protector.plans import Plan
from protector.reports import OperationReport
from protector.sites import SiteFailover, SitePlan
from protector.values import (
    BootCheck,
    ConsistencyGroup,
    Event,
    Health,
    LedgerEntry,
    Member,
    Operation,
    Policy,
    ProtectionGroup,
    Site,
    SiteValidation,
    SyncStatus,
    Volume,
    VolumeType,
)

ReplicationType: TypeAlias = Literal["async", "sync"]
FailoverType: TypeAlias = Literal["planned", "unplanned"]
GraphFormat: TypeAlias = Literal["mermaid", "dot", "svg", "html"]
#: Name on the site that is left → name on the site that is reached.
NameMap: TypeAlias = Mapping[str, str]
#: Called in the calling thread with each event of a running operation. If it raises, the operation stops at the next
#: safe place and the exception comes out of the call.
Progress: TypeAlias = Callable[[Event], object]


class Engine:
    """One site's view of the deployment.

    Every call may be made from any thread, blocks, and lets other Python threads run meanwhile. A refused call changes
    nothing. All errors are :class:`~protector.exceptions.ProtectorException`; beside the kinds that a method names, any
    method may raise ``Unreachable`` (a cloud, array or database does not answer), ``StorageError`` (a local file or
    database) and, in a process that was forked after an engine had been used, ``NotSupported``.

    >>> engine.site
    'site-a'
    >>> [site.name for site in engine.site_list()]
    ['site-a', 'site-b']
    """

    def __init__(self, settings: Settings | None = None, site: str | None = None) -> None:
        """Opens the engine of ``site``, else of ``[engine] local_site``, else of the first site.

        ``settings`` default to :meth:`Settings.discover`. Raises ``InvalidConfiguration`` for settings that do not fit
        together and ``NotFound`` for a site that is not registered.
        """
        self._native = _native.Engine(settings or Settings.discover(), site)

    @property
    def site(self) -> str:
        """The site this engine works from."""
        return self._native.site

    def __repr__(self) -> str:
        return f"Engine(site={self.site!r})"

    # ------------------------------------------------------------------------------------------------------------ sites

    def site_create(
        self, name: str, *, auth_url: str | None = None, cloud: str | None = None, description: str | None = None
    ) -> Site:
        """Registers a site. ``cloud`` is its name in clouds.yaml, by default the site's own.

        Raises ``AlreadyExists`` if the name is taken and ``InvalidRequest`` for an unusable name or URL.
        """
        request = _json(name=name, auth_url=auth_url, cloud=cloud, description=description)
        return Site.from_json(self._native.site_create(request))

    def site_list(self) -> list[Site]:
        """All registered sites."""
        return Site.list_from_json(self._native.site_list())

    def site_show(self, name: str) -> Site:
        """One site. Raises ``NotFound``."""
        return Site.from_json(self._native.site_show(name))

    def site_delete(self, name: str) -> None:
        """Removes a registration. Raises ``NotFound``, and ``Conflict`` while a protection group uses the site."""
        self._native.site_delete(name)

    def site_validate(self, name: str) -> SiteValidation:
        """Looks whether cloud, array, link, volume types and metadata of a site are usable. Raises ``NotFound``.

        What does not work is a failed check, not an exception.

        >>> engine.site_validate("site-b").valid
        True
        """
        return SiteValidation.from_json(self._native.site_validate(name))

    def site_list_volume_types(self, name: str) -> list[VolumeType]:
        """The volume types of a site, and which of them a protection group can use. Raises ``NotFound``.

        >>> {each.name: each.eligible for each in engine.site_list_volume_types("site-a")}
        {'replicated-ssd': True, 'standard-ssd': False}
        """
        return VolumeType.list_from_json(self._native.site_list_volume_types(name))

    # ------------------------------------------------------------------------------------------------ protection groups

    def protection_group_create(
        self,
        name: str,
        *,
        replication_type: ReplicationType,
        primary_site: str,
        secondary_site: str,
        volume_type: str,
        description: str | None = None,
        project_id: str | None = None,
        priority: int = 0,
    ) -> ProtectionGroup:
        """Creates a protection group and its consistency group on both sites.

        ``volume_type`` is a replicated type by name; ``project_id`` defaults to the caller's own.
        When a whole site moves, groups of a lower ``priority`` move first.

        Raises ``AlreadyExists`` for a taken name, ``NotFound`` for an unknown site or type, ``NotEligible`` for a type
        without the right extra specs, ``InvalidRequest`` for equal sites, and ``PeerUnreachable``.

        >>> group = engine.protection_group_create(
        ...     "docs", replication_type="async", primary_site="site-a", secondary_site="site-b",
        ...     volume_type="replicated-ssd",
        ... )
        >>> group.name, group.current_primary_site
        ('docs', 'site-a')
        >>> engine.protection_group_delete("docs")
        """
        request = _json(
            name=name,
            description=description,
            replication_type=replication_type,
            priority=priority,
            primary_site=primary_site,
            secondary_site=secondary_site,
            volume_type=volume_type,
            project_id=project_id,
        )
        return ProtectionGroup.from_json(self._native.protection_group_create(request))

    def protection_group_list(self) -> list[ProtectionGroup]:
        """All protection groups."""
        return ProtectionGroup.list_from_json(self._native.protection_group_list())

    def protection_group_show(self, group: str) -> ProtectionGroup:
        """One group, by name or id. Raises ``NotFound``."""
        return ProtectionGroup.from_json(self._native.protection_group_show(group))

    def protection_group_update(
        self,
        group: str,
        *,
        name: str | None = None,
        description: str | None = None,
        priority: int | None = None,
        networks: NameMap | None = None,
        flavors: NameMap | None = None,
    ) -> ProtectionGroup:
        """Changes what is given and leaves the rest.

        ``networks`` and ``flavors`` lead from the primary to the secondary site; giving one of the two leaves the other
        as it is.

        Raises ``NotFound``, ``AlreadyExists`` for a taken name, ``Conflict`` while an operation is open, and
        ``PeerUnreachable``.
        """
        mappings = None
        if networks is not None or flavors is not None:
            old = self.protection_group_show(group).mappings
            mappings = {
                "networks": dict(old.networks if networks is None else networks),
                "flavors": dict(old.flavors if flavors is None else flavors),
            }
        change = _json(name=name, description=description, priority=priority, mappings=mappings)
        return ProtectionGroup.from_json(self._native.protection_group_update(group, change))

    def protection_group_delete(self, group: str) -> None:
        """Deletes a group and what Protector made for it; the servers and their volumes stay.

        Raises ``NotFound``, ``Conflict`` while an operation is open or members are left, and ``PeerUnreachable``.
        """
        self._native.protection_group_delete(group)

    # --------------------------------------------------------------------------------------------------------- policies

    def policy_create(
        self,
        group: str,
        *,
        primary_fa_url: str | None = None,
        primary_fa_api_token: str | None = None,
        secondary_fa_url: str | None = None,
        secondary_fa_api_token: str | None = None,
        pure_pg_name: str | None = None,
        replication_interval: int | None = None,
        rpo_minutes: int | None = None,
        adopt: bool = False,
    ) -> Policy:
        """Creates the policy of a group, or changes what is given of the one it has.

        ``replication_interval`` is in seconds, ``rpo_minutes`` in minutes; both default to ``[storage] default_…``.
        URLs must be HTTPS. Tokens are kept encrypted and never shown. ``adopt`` takes over an existing array group of
        that name that Protector did not make.

        Raises ``NotFound``, ``InvalidRequest`` for an interval longer than the RPO or a URL that is not HTTPS,
        ``Conflict`` for an array group that is foreign or belongs to another protection group, and ``PeerUnreachable``.

        >>> engine.policy_create("prod-web", replication_interval=240).replication_interval
        240
        """
        change = _json(
            primary_fa_url=primary_fa_url,
            primary_fa_api_token=primary_fa_api_token,
            secondary_fa_url=secondary_fa_url,
            secondary_fa_api_token=secondary_fa_api_token,
            pure_pg_name=pure_pg_name,
            replication_interval=replication_interval,
            rpo_minutes=rpo_minutes,
            adopt=adopt or None,
        )
        return Policy.from_json(self._native.policy_create(group, change))

    def policy_show(self, group: str) -> Policy:
        """The policy of a group. Raises ``NotFound`` for an unknown group or one without a policy."""
        return Policy.from_json(self._native.policy_show(group))

    # ---------------------------------------------------------------------------------------------------------- members

    def member_add(
        self,
        group: str,
        instance_id: str,
        *,
        tier: int = 0,
        depends_on: Sequence[str] = (),
        required: bool = False,
        start_timeout_seconds: int | None = None,
        boot_check: BootCheck | None = None,
    ) -> Member:
        """Protects a server with all of its volumes, or refuses it with every reason at once.

        Members of lower tiers start first and stop last. ``depends_on`` names members of the same or a lower tier, by
        id or name, that are up and checked before this one starts; nothing goes on without a ``required`` member.
        Raises ``InvalidRequest`` for start options that cannot be kept, ``NotFound``, ``AlreadyExists`` for a server
        that is protected already, ``NotEligible`` naming each offending volume with what to do,
        ``PreconditionFailed`` for a group without a policy, ``Conflict`` while an operation is open, and
        ``PeerUnreachable``.
        """
        request = _json(
            instance_id=instance_id,
            tier=tier,
            depends_on=list(depends_on),
            required=required,
            start_timeout_seconds=start_timeout_seconds,
            boot_check=boot_check and boot_check.to_dict(),
        )
        return Member.from_json(self._native.member_add(group, request))

    def member_update(
        self,
        group: str,
        instance_id: str,
        *,
        tier: int | None = None,
        depends_on: Sequence[str] | None = None,
        required: bool | None = None,
        start_timeout_seconds: int | None = None,
        no_start_timeout: bool = False,
        boot_check: BootCheck | None = None,
        no_boot_check: bool = False,
        check_in_tests: bool | None = None,
    ) -> Member:
        """Changes when a member, named by id or name, starts, what it waits for and how it is checked.

        What is not given stays; ``depends_on`` takes the place of what was there. Raises ``NotFound``,
        ``InvalidRequest`` for a circle (with its members), a dependency on a higher tier or a value out of bounds,
        ``Conflict`` while an operation is open, and ``PeerUnreachable``.

        >>> member = engine.member_update("prod-web", "web-server-1", boot_check=BootCheck.tcp(443))
        >>> member.boot_check.port, engine.member_update("prod-web", "web-server-1", no_boot_check=True).boot_check
        (443, None)
        """
        change = _json(
            tier=tier,
            depends_on=None if depends_on is None else list(depends_on),
            required=required,
            start_timeout_seconds=start_timeout_seconds,
            no_start_timeout=no_start_timeout,
            boot_check=boot_check and boot_check.to_dict(),
            no_boot_check=no_boot_check,
            check_in_tests=check_in_tests,
        )
        return Member.from_json(self._native.member_update(group, instance_id, change))

    def member_remove(self, group: str, instance_id: str) -> None:
        """Stops protecting a server; the server stays.

        Raises ``NotFound``, ``Conflict`` while an operation is open, and ``PeerUnreachable``.
        """
        self._native.member_remove(group, instance_id)

    def member_list(self, group: str) -> list[Member]:
        """The members of a group. Raises ``NotFound``.

        >>> [(member.name, member.volumes) for member in engine.member_list("prod-web")]
        [('web-server-1', 2)]
        """
        return Member.list_from_json(self._native.member_list(group))

    # ---------------------------------------------------------------------------------- consistency groups and metadata

    def consistency_group_show(self, group: str) -> ConsistencyGroup:
        """The consistency group of a protection group. Raises ``NotFound``."""
        return ConsistencyGroup.from_json(self._native.consistency_group_show(group))

    def consistency_group_volumes(self, group: str) -> list[Volume]:
        """The volumes in it. Raises ``NotFound``.

        >>> [(volume.size_gb, volume.status) for volume in engine.consistency_group_volumes("prod-web")]
        [(50, 'replicating'), (200, 'replicating')]
        """
        return Volume.list_from_json(self._native.consistency_group_volumes(group))

    def sync_status(self, group: str) -> SyncStatus:
        """Whether both sites hold the same metadata of a group. Raises ``NotFound``; a silent peer is no error.

        >>> engine.sync_status("prod-web").sync_status
        'IN SYNC'
        """
        return SyncStatus.from_json(self._native.sync_status(group))

    def sync_metadata(self, group: str) -> SyncStatus:
        """Pushes the metadata of a group to the other site. Raises ``NotFound``, ``PeerUnreachable`` and, if the other
        site holds something that this one does not know, ``Conflict``."""
        return SyncStatus.from_json(self._native.sync_metadata(group))

    def divergence_list(self, group: str) -> list[LedgerEntry]:
        """What unplanned failovers of a group left behind, oldest first, discarded entries too. Raises ``NotFound``.

        >>> engine.divergence_list("prod-web")
        []
        """
        return LedgerEntry.list_from_json(self._native.divergence_list(group))

    def divergence_discard(self, group: str, entry: str, *, reason: str, by: str | None = None) -> LedgerEntry:
        """Gives up what an entry keeps, so that a commit may release the volumes it names. ``by`` is who does so, by
        default this process. Nothing is removed by this call.

        Raises ``NotFound``, ``InvalidRequest`` without a reason, ``PreconditionFailed`` if it was given up before or
        its site still waits to be fenced, ``Conflict`` and ``PeerUnreachable``.
        """
        request = _json(entry=entry, reason=reason, by=by)
        return LedgerEntry.from_json(self._native.divergence_discard(group, request))

    # ------------------------------------------------------------------------------------------------------------ plans

    def plan_sync(self, group: str) -> Plan:
        """Plans to replicate now, outside the schedule. Raises ``NotFound``."""
        return self._plan(group, operation="sync")

    def plan_test_failover(
        self,
        group: str,
        *,
        networks: NameMap | None = None,
        flavors: NameMap | None = None,
        retain_primary: bool = True,
    ) -> Plan:
        """Plans to boot clones on the standby site. Mappings given here win over stored ones.

        ``retain_primary`` is there for compatibility: a test never touches production. Raises ``NotFound``.
        """
        mappings = _mappings(networks, flavors)
        return self._plan(group, operation="test_failover", mappings=mappings, retain_primary=retain_primary)

    def plan_test_cleanup(self, group: str, *, test: str | None = None) -> Plan:
        """Plans to remove what a test made: of the operation ``test``, else of the newest that is not cleaned up.

        Raises ``NotFound`` and, if there is no such test, ``PreconditionFailed``.
        """
        return self._plan(group, operation="test_cleanup", test=test)

    def plan_failover(
        self,
        group: str,
        *,
        type: FailoverType = "planned",
        force: bool = False,
        reason: str | None = None,
        networks: NameMap | None = None,
        flavors: NameMap | None = None,
    ) -> Plan:
        """Plans to move the workload to the standby site.

        A planned failover loses nothing and needs both sites; an unplanned one needs only this site. ``force`` gives an
        unplanned failover the consents to lose what was not replicated and to leave the source unverified; ``reason``
        goes into the record. Raises ``NotFound`` and, for ``force`` with a planned failover, ``InvalidRequest``.
        """
        mappings = _mappings(networks, flavors)
        return self._plan(group, operation="failover", type=type, force=force, reason=reason, mappings=mappings)

    def plan_failback(self, group: str, *, networks: NameMap | None = None, flavors: NameMap | None = None) -> Plan:
        """Plans to move the workload back to its primary site. Mappings lead there and win over the inverted stored
        ones. Raises ``NotFound``."""
        return self._plan(group, operation="failback", mappings=_mappings(networks, flavors))

    def plan_reprotect(self, group: str) -> Plan:
        """Plans to protect the workload where it runs, without moving it; a site that was left is fenced first.
        Raises ``NotFound``."""
        return self._plan(group, operation="reprotect")

    def plan_commit(self, group: str) -> Plan:
        """Plans to release what earlier moves left behind as recovery points, with the proof that another one
        survives. Raises ``NotFound``."""
        return self._plan(group, operation="commit")

    def plan_retry_failed(self, group: str, *, networks: NameMap | None = None, flavors: NameMap | None = None) -> Plan:
        """Plans to bring up the members that did not arrive in the last move, from the clones that it made.

        Mappings lead to the site where the group runs, and win over those of the move. Raises ``NotFound``.
        """
        return self._plan(group, operation="retry_failed", mappings=_mappings(networks, flavors))

    def _plan(self, group: str, **request: Any) -> Plan:
        return Plan.from_json(self._native.plan(group, _json(**request)))

    # ------------------------------------------------------------------------------------------------------- operations

    def accept(self, plan: Plan) -> Operation:
        """Accepts a plan: looks whether the world is still the one it was made for, and writes it into the journal.

        Nothing else happens yet; :meth:`run` does the work. Raises ``PlanBlocked`` with the findings in its details,
        ``PlanStale``, and ``Conflict`` if another operation is open.
        """
        try:
            return Operation.from_json(self._native.accept(plan.json))
        except PlanBlocked as blocked:
            blocked.details["findings"] = [finding.to_dict() for finding in plan.findings]
            raise

    def run(self, operation: str, *, progress: Progress | None = None, cancel: Cancel | None = None) -> Operation:
        """Runs an accepted operation to its end, or goes on with one that was interrupted, and tells how it ended.

        A failed step is no exception, nor is a member that did not arrive (``completed_partial``): look at
        :attr:`~protector.values.Operation.status`. Ctrl-C asks the operation to
        stop, waits until it reached a safe place and raises ``KeyboardInterrupt``; calling ``run`` again continues.

        Raises ``NotFound``, ``Conflict`` while another executor is at work, and ``Cancelled`` if ``cancel`` stopped it.
        """
        return Operation.from_json(self._native.run(operation, cancel, _reports(progress)))

    def sync(self, group: str, *, progress: Progress | None = None, cancel: Cancel | None = None) -> Operation:
        """Replicates now: plans, accepts and runs. Raises as :meth:`accept` and :meth:`run`.

        >>> engine.sync("prod-web").status
        'completed'
        """
        return self._execute(self.plan_sync(group), progress, cancel)

    def test_failover(
        self,
        group: str,
        *,
        networks: NameMap | None = None,
        flavors: NameMap | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Operation:
        """Rehearses: plans, accepts and runs. Raises as :meth:`accept` and :meth:`run`.

        >>> seen = []
        >>> operation = engine.test_failover(
        ...     "prod-web", networks={"net-primary-web": "net-secondary-web"}, progress=seen.append
        ... )
        >>> operation.status, operation.instances_failed, seen[-1].progress
        ('completed', 0, 100)
        >>> engine.test_cleanup("prod-web").status
        'completed'
        """
        plan = self.plan_test_failover(group, networks=networks, flavors=flavors)
        return self._execute(plan, progress, cancel)

    def test_cleanup(
        self,
        group: str,
        *,
        test: str | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Operation:
        """Removes exactly what a test made: plans, accepts and runs. Raises as :meth:`accept` and :meth:`run`."""
        return self._execute(self.plan_test_cleanup(group, test=test), progress, cancel)

    def failover(
        self,
        group: str,
        *,
        type: FailoverType = "planned",
        force: bool = False,
        reason: str | None = None,
        networks: NameMap | None = None,
        flavors: NameMap | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Operation:
        """Moves the workload to the standby site: plans, accepts and runs. Raises as :meth:`accept` and :meth:`run`.

        >>> there = engine.failover("prod-web", networks={"net-primary-web": "net-secondary-web"})
        >>> there.status, engine.protection_group_show("prod-web").status
        ('completed', 'failed_over')
        >>> back = engine.failback("prod-web", networks={"net-secondary-web": "net-primary-web"})
        >>> back.status, engine.protection_group_show("prod-web").status
        ('completed', 'active')
        """
        plan = self.plan_failover(group, type=type, force=force, reason=reason, networks=networks, flavors=flavors)
        return self._execute(plan, progress, cancel)

    def failback(
        self,
        group: str,
        *,
        networks: NameMap | None = None,
        flavors: NameMap | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Operation:
        """Moves the workload back: plans, accepts and runs. Raises as :meth:`accept` and :meth:`run`."""
        plan = self.plan_failback(group, networks=networks, flavors=flavors)
        return self._execute(plan, progress, cancel)

    def reprotect(self, group: str, *, progress: Progress | None = None, cancel: Cancel | None = None) -> Operation:
        """Protects the workload where it runs: plans, accepts and runs. Raises as :meth:`accept` and :meth:`run`."""
        return self._execute(self.plan_reprotect(group), progress, cancel)

    def commit(self, group: str, *, progress: Progress | None = None, cancel: Cancel | None = None) -> Operation:
        """Releases what earlier moves left behind: plans, accepts and runs. Raises as :meth:`accept` and :meth:`run`.

        Clones of earlier moves are destroyed on their array, recoverable until its timer ends. Volumes that the tenant
        made stay in Cinder and are no longer listed; volumes that a ledger entry names stay listed.
        """
        return self._execute(self.plan_commit(group), progress, cancel)

    def retry_failed(
        self,
        group: str,
        *,
        networks: NameMap | None = None,
        flavors: NameMap | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Operation:
        """Brings up members that did not arrive: plans, accepts and runs. Raises as :meth:`accept` and :meth:`run`."""
        return self._execute(self.plan_retry_failed(group, networks=networks, flavors=flavors), progress, cancel)

    def _execute(self, plan: Plan, progress: Progress | None, cancel: Cancel | None) -> Operation:
        return self.run(self.accept(plan).id, progress=progress, cancel=cancel)

    def operation_cancel(
        self, operation: str, *, reason: str | None = None, by: str | None = None, wait: float | None = None
    ) -> Operation:
        """Asks whoever runs the operation, here or in another process, to stop at the next step boundary.

        The journal is kept, and :meth:`run` continues. Returns at once, with the request in
        :attr:`~protector.values.Operation.stop`; ``wait`` waits so many seconds until nobody is at work on it.
        ``reason`` and ``by`` (who asks) go into the journal.

        Raises ``NotFound``, ``PreconditionFailed`` naming what leads on if nobody runs it or it has ended, and
        ``DeadlineExceeded`` after ``wait`` seconds.

        >>> operation = engine.accept(engine.plan_sync("prod-web")).id
        >>> engine.operation_cancel(operation)
        Traceback (most recent call last):
        protector.exceptions.PreconditionFailed: ... stands still already: it is pending ...
        """
        asked = Operation.from_json(self._native.operation_cancel(operation, _json(reason=reason, by=by)))
        return asked if wait is None else self._await_stop(asked, wait)

    def operation_abort(
        self,
        operation: str,
        *,
        reason: str | None = None,
        by: str | None = None,
        leave_peer: bool = False,
        wait: float | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Operation:
        """Gives an operation up: restores the start, as long as its pivot is not done; a test or a sync just ends.

        Nobody runs it: that is done here, with ``progress`` and ``cancel`` as in :meth:`run`. Somebody does: they are
        asked to, and the call returns at once; ``wait`` waits so many seconds for them, and does it here if they die
        meanwhile. ``leave_peer`` is the consent to end also if the other site stays silent, with the mark of
        divergence.

        Raises ``NotFound``, ``PreconditionFailed`` naming the way forward if the pivot is done or it has ended
        otherwise (nothing was changed), ``Cancelled`` if ``cancel`` stopped it, and ``DeadlineExceeded`` after ``wait``
        seconds.

        >>> operation = engine.accept(engine.plan_sync("prod-web")).id
        >>> engine.operation_abort(operation, reason="wrong group").status
        'cancelled'
        """
        options, report = _json(reason=reason, by=by, leave_peer=leave_peer), _reports(progress)

        def ask() -> Operation:
            return Operation.from_json(self._native.operation_abort(operation, options, cancel, report))

        return ask() if wait is None else self._await_stop(ask(), wait, ask)

    def operation_takeover(
        self, operation: str, *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> Operation:
        """Runs an operation here although another executor has it: one that was not heard of for a minute, or whose
        process is certainly gone. :attr:`~protector.values.Operation.taken_from` tells whose it was.

        Raises as :meth:`run`; ``Conflict`` while that executor lives, and ``PreconditionFailed`` if it has ended.
        """
        return Operation.from_json(self._native.operation_takeover(operation, cancel, _reports(progress)))

    def _await_stop(
        self, operation: Operation, seconds: float, ask_again: Callable[[], Operation] | None = None
    ) -> Operation:
        """Until nobody is at work on it."""
        end = time.monotonic() + seconds
        while True:
            executor_died = operation.status != "running" and (operation.stop or "").startswith("stopping")
            was_refused = operation.status == "running" and operation.stop is None
            if ask_again and (executor_died or was_refused):
                operation = ask_again()
            if operation.status != "running":
                return operation
            if time.monotonic() >= end:
                raise DeadlineExceeded(
                    f"{operation.id} was asked to stop and still runs after {seconds:g} s, at {operation.progress} %",
                    f"openstack protector operation show {operation.id}",
                )
            time.sleep(0.2)
            operation = self.operation_show(operation.id)

    def plan_site_failover(
        self,
        site: str,
        *,
        type: FailoverType = "planned",
        force: bool = False,
        reason: str | None = None,
        networks: NameMap | None = None,
        flavors: NameMap | None = None,
    ) -> SitePlan:
        """Plans to move everything that runs on ``site``, in order of priority; each group as :meth:`plan_failover`.

        A group whose move is open on this site already is gone on with. Raises ``NotFound`` and ``InvalidRequest``.
        """
        mappings = _mappings(networks, flavors)
        request = _json(type=type, force=force, reason=reason, mappings=mappings)
        return SitePlan.from_json(self._native.plan_site_failover(site, request))

    def site_failover(
        self,
        plan: SitePlan,
        *,
        skip_blocked: bool = False,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> SiteFailover:
        """Moves the groups of a site: those of the lowest priority number first, those of one number side by side.

        A group that fails keeps no other from moving; look at the outcomes. To go on after an interruption, plan again
        and run that. Raises ``PlanBlocked`` if a group is blocked and ``skip_blocked`` is not set (nothing has begun
        then), and ``Cancelled``.

        >>> plan = engine.plan_site_failover("site-a", networks={"net-primary-web": "net-secondary-web"})
        >>> outcome = engine.site_failover(plan)
        >>> [(each.protection_group, each.outcome) for each in outcome.groups]
        [('prod-web', 'moved')]
        >>> back = engine.site_failover(
        ...     engine.plan_site_failover("site-b", networks={"net-secondary-web": "net-primary-web"})
        ... )
        >>> back.moved, back.not_moved
        (1, 0)
        """
        options, report = _json(skip_blocked=skip_blocked), _reports(progress)
        return SiteFailover.from_json(self._native.site_failover(plan.json, options, cancel, report))

    def operation_show(self, operation: str) -> Operation:
        """One operation of this site. Raises ``NotFound``."""
        return Operation.from_json(self._native.operation_show(operation))

    def operation_list(self) -> list[Operation]:
        """The operations of this site, newest first; the other site keeps its own."""
        return Operation.list_from_json(self._native.operation_list())

    def operation_plan(self, operation: str) -> Plan:
        """The plan that an operation follows. Raises ``NotFound``."""
        return Plan.from_json(self._native.operation_plan(operation))

    def operation_graph(self, operation: str, format: GraphFormat = "mermaid") -> str:
        """The plan of an operation as a picture in which each step says how it stands now.

        The same picture shows progress while the operation runs, and what is left after a failure. ``svg`` and ``html``
        are whole documents. Raises ``NotFound`` and, for another format, ``InvalidRequest``.

        >>> done = engine.sync("prod-web")
        >>> print(engine.operation_graph(done.id))
        flowchart LR
        ...done...
        """
        return self._native.operation_graph(operation, format)

    def operation_report(self, operation: str) -> OperationReport:
        """What an operation came to, for people who were not there. Raises ``NotFound``, and ``StorageError`` if its
        journal does not verify.

        >>> engine.operation_report(engine.sync("prod-web").id).headline
        'Sync completed'
        """
        return OperationReport.from_json(self._native.operation_report(operation))

    def health(self) -> list[Health]:
        """Health of every group: link, metadata, RPO, and whether a planned failover would be accepted now.

        >>> [(each.protection_group, each.failover_ready) for each in engine.health()]
        [('prod-web', True)]
        """
        return Health.list_from_json(self._native.health())


def _reports(progress: Progress | None) -> Callable[[str], object] | None:
    return None if progress is None else lambda text: progress(Event.from_json(text))


def _json(**fields: Any) -> str:
    """JSON of the fields that were given."""
    return json.dumps({name: value for name, value in fields.items() if value is not None})


def _mappings(networks: NameMap | None, flavors: NameMap | None) -> dict[str, dict[str, str]]:
    return {"networks": dict(networks or {}), "flavors": dict(flavors or {})}
