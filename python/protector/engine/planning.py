"""Plans: what would be done. To plan is to look, no more."""

from __future__ import annotations

from typing import Any

from protector.engine.calls import FailoverType, NameMap, Part, mappings_of, to_json
from protector.plans import Plan


class Plans(Part):
    """Plans of every kind of operation."""

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
        mappings = mappings_of(networks, flavors)
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
        mappings = mappings_of(networks, flavors)
        return self._plan(group, operation="failover", type=type, force=force, reason=reason, mappings=mappings)

    def plan_failback(self, group: str, *, networks: NameMap | None = None, flavors: NameMap | None = None) -> Plan:
        """Plans to move the workload back to its primary site. Mappings lead there and win over the inverted stored
        ones. Raises ``NotFound``."""
        return self._plan(group, operation="failback", mappings=mappings_of(networks, flavors))

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
        return self._plan(group, operation="retry_failed", mappings=mappings_of(networks, flavors))

    def _plan(self, group: str, **request: Any) -> Plan:
        return Plan._of(self._native.plan(group, to_json(**request)))
