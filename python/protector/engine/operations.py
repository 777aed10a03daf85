"""Operations: accepting a plan, running it, stopping it, looking at it."""

from __future__ import annotations

import time
from collections.abc import Callable

from protector._native import Cancel
from protector.engine.calls import FailoverType, GraphFormat, NameMap, Progress, reports, to_json
from protector.engine.planning import Plans
from protector.exceptions import DeadlineExceeded, PlanBlocked
from protector.health import EngineService, Health, RpoSweep
from protector.plans import Plan
from protector.reports import OperationReport
from protector.values import Operation


class Operations(Plans):
    """What is done, and what was."""

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
        return Operation.from_json(self._native.run(operation, cancel, reports(progress)))

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
        asked = Operation.from_json(self._native.operation_cancel(operation, to_json(reason=reason, by=by)))
        return asked if wait is None else self._await_stop(asked, wait)

    def operation_abort(
        self,
        operation: str,
        *,
        reason: str | None = None,
        by: str | None = None,
        leave_peer: bool = False,
        ask_only: bool = False,
        wait: float | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Operation:
        """Gives an operation up: restores the start, as long as its pivot is not done; a test or a sync just ends.

        Nobody runs it: that is done here, with ``progress`` and ``cancel`` as in :meth:`run`. Somebody does: they are
        asked to, and the call returns at once; ``wait`` waits so many seconds for them, and does it here if they die
        meanwhile. With ``ask_only`` nothing is done here in any case: whoever runs it next obeys. ``leave_peer`` is
        the consent to end also if the other site stays silent, with the mark of divergence.

        Raises ``NotFound``, ``PreconditionFailed`` naming the way forward if the pivot is done or it has ended
        otherwise (nothing was changed), ``Cancelled`` if ``cancel`` stopped it, and ``DeadlineExceeded`` after ``wait``
        seconds.

        >>> operation = engine.accept(engine.plan_sync("prod-web")).id
        >>> engine.operation_abort(operation, reason="wrong group").status
        'cancelled'
        """
        options = to_json(reason=reason, by=by, leave_peer=leave_peer, ask_only=ask_only)
        report = reports(progress)

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
        return Operation.from_json(self._native.operation_takeover(operation, cancel, reports(progress)))

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

    def operation_show(self, operation: str) -> Operation:
        """One operation of this site. Raises ``NotFound``."""
        return Operation.from_json(self._native.operation_show(operation))

    def operation_list(self, *, open: bool = False) -> list[Operation]:
        """The operations of this site, newest first; the other site keeps its own.

        With ``open`` only those that have not ended, which costs the same however many have.

        >>> identity = engine.accept(engine.plan_sync("prod-web")).id
        >>> [operation.status for operation in engine.operation_list(open=True)]
        ['pending']
        >>> engine.run(identity).status, engine.operation_list(open=True)
        ('completed', [])
        """
        return Operation.list_from_json(self._native.operation_list(open))

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
        """Health of every group: link, metadata, recovery points, drills, how the RPO was kept, and whether a failover
        would be accepted now, planned or with the other site gone. A group or an array that fails keeps no other group
        from being reported.

        >>> [(each.protection_group, each.failover_ready, each.unplanned_ready) for each in engine.health()]
        [('prod-web', True, True)]
        """
        return Health.list_from_json(self._native.health())

    def health_show(self, group: str) -> Health:
        """Health of one group, by name or id. Raises ``NotFound``.

        >>> engine.health_show("prod-web").link
        'connected'
        """
        return Health.from_json(self._native.health_show(group))

    def metrics(self) -> str:
        """The same as text for Prometheus. What is not known has no sample.

        >>> [line for line in engine.metrics().splitlines() if line.startswith("protector_group_failover_ready")]
        ['protector_group_failover_ready{project_id="default",protection_group="prod-web"} 1']
        """
        return self._native.metrics()

    def sweep_rpo(self) -> RpoSweep:
        """Looks how every group stands against its objective, and remembers it for :meth:`health`: one list of each
        array, however many groups there are. To be called by whoever watches, more often than the shortest objective
        is long; what nobody looked at is unknown.

        >>> engine.sweep_rpo()
        RpoSweep(groups=1, within=1, breached=0, never=0, unknown=0)
        """
        return RpoSweep.from_json(self._native.sweep_rpo())

    def record_worker(self, *, under_way: int = 0, interval: int, stopped: bool = False) -> None:
        """Shows that a worker lives, or with ``stopped`` that it ends. ``protector-engine`` does this by itself.

        ``under_way`` operations are in its hands, and it means to show itself again within ``interval`` seconds.
        Raises ``Forbidden`` if this engine works for one project.
        """
        report = to_json(under_way=under_way, interval_seconds=interval, stopped=stopped)
        self._native.record_worker(report)

    def workers(self) -> EngineService:
        """Who takes up operations that were accepted on this site, and whether anybody does.

        Raises ``Forbidden`` if this engine works for one project.

        >>> engine.workers().state, engine.workers().detail
        ('unknown', 'no worker was ever seen here')
        >>> engine.record_worker(interval=2)
        >>> engine.workers().state, [worker.version for worker in engine.workers().workers]
        ('ok', ['0.1.0'])
        >>> engine.record_worker(interval=2, stopped=True)
        >>> engine.workers().state
        'failed'
        """
        return EngineService.from_json(self._native.workers())
