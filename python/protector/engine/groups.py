"""Protection groups with their policies, members and metadata."""

from __future__ import annotations

from collections.abc import Sequence

from protector.engine.calls import NameMap, Part, ReplicationType, mappings_of, to_json
from protector.mappings import MappingView
from protector.metadata import ReconcilePlan, SyncStatus
from protector.values import (
    BootCheck,
    ConsistencyGroup,
    LedgerEntry,
    Member,
    Policy,
    PolicyDrift,
    ProtectionGroup,
    Volume,
)


class ProtectionGroups(Part):
    """What is protected, and how."""

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
        request = to_json(
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

    def protection_group_list(self, *, marker: str | None = None, limit: int | None = None) -> list[ProtectionGroup]:
        """Protection groups by name: all, or at most ``limit`` behind the one with id ``marker``.

        Raises ``InvalidRequest`` if the marker's group is gone.

        >>> [group.name for group in engine.protection_group_list(limit=1)]
        ['prod-web']
        """
        page = to_json(marker=marker, limit=limit)
        return ProtectionGroup.list_from_json(self._native.protection_group_page(page))

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
                "security_groups": old.security_groups,
                "networks": dict(old.networks if networks is None else networks),
                "flavors": dict(old.flavors if flavors is None else flavors),
            }
        change = to_json(name=name, description=description, priority=priority, mappings=mappings)
        return ProtectionGroup.from_json(self._native.protection_group_update(group, change))

    def protection_group_delete(self, group: str) -> None:
        """Deletes a group and what Protector made for it; the servers and their volumes stay.

        Raises ``NotFound``, ``Conflict`` while an operation is open or members are left, and ``PeerUnreachable``.
        """
        self._native.protection_group_delete(group)

    # --------------------------------------------------------------------------------------------------------- mappings

    def mapping_show(self, group: str) -> MappingView:
        """The stored mappings of a group, what is wrong with them as both clouds are now, and what its members use that
        is not mapped. Raises ``NotFound``."""
        return MappingView.from_json(self._native.mapping_show(group))

    def mapping_suggest(self, group: str) -> MappingView:
        """The same, with what could stand for what is not mapped: the thing of the same name; else the only network
        with an address range in common, or the only flavor of that size. If several might be meant, none is suggested
        and all are candidates. Raises ``NotFound``, and ``Unreachable`` if a cloud does not answer.

        >>> rows = engine.mapping_suggest("prod-web").mappings
        >>> [(row.source, row.suggested, row.because) for row in rows if row.kind == "security-group"]
        [('default', 'default', 'name'), ('web', 'web', 'name')]
        """
        return MappingView.from_json(self._native.mapping_suggest(group))

    def mapping_set(
        self,
        group: str,
        *,
        networks: NameMap | None = None,
        flavors: NameMap | None = None,
        security_groups: NameMap | None = None,
        suggested: bool = False,
    ) -> MappingView:
        """Puts mappings from the primary to the secondary site over the stored ones, name by name. ``suggested`` takes
        also every suggestion for what is not mapped.

        Raises ``NotFound``, ``InvalidRequest`` for what is not there on its site or cannot be inverted for the way
        back, ``Conflict`` while an operation is open, ``Unreachable`` and ``PeerUnreachable``; nothing is changed then.
        """
        mappings = mappings_of(networks, flavors) | {"security_groups": dict(security_groups or {})}
        return MappingView.from_json(self._native.mapping_set(group, to_json(mappings=mappings, suggested=suggested)))

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
        change = to_json(
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

    def policy_drift(self) -> list[PolicyDrift]:
        """Where policies and what ``[storage]`` says by now are not the same: defaults apply when a policy is created,
        and never reach one that exists.

        >>> engine.policy_drift()
        []
        """
        return PolicyDrift.list_from_json(self._native.policy_drift())

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
        request = to_json(
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
        change = to_json(
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
        """Stops protecting a server, named by its id on either site or by its name; the server stays.

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

    def answer_peer(self, question: str) -> str:
        """Answers a question of the engine of the other site, for a service between the two. JSON in, JSON out; what a
        site refuses is in the answer, too. The answer may hold array tokens and is for the other site alone.

        Raises ``InvalidRequest`` for what is not a question of an engine.

        >>> engine.answer_peer('{"protocol": 1, "from": "site-b", "to": "site-a", "call": "ping"}')
        '{"done":{}}'
        """
        return self._native.answer_peer(question)

    def sync_status(self, group: str) -> SyncStatus:
        """Whether both sites hold the same metadata of a group. Raises ``NotFound``; a silent peer is no error.

        >>> engine.sync_status("prod-web").sync_status
        'IN SYNC'
        """
        return SyncStatus.from_json(self._native.sync_status(group))

    def sync_metadata(self, group: str) -> SyncStatus:
        """Pushes the metadata of a group to the other site. Raises ``NotFound``, ``PeerUnreachable`` and, if the other
        site did something that this one does not know, ``Conflict``. ``Indeterminate``: call it again."""
        return SyncStatus.from_json(self._native.sync_metadata(group))

    def plan_reconcile(self, group: str, *, winner: str) -> ReconcilePlan:
        """What it would come to if ``winner`` wins over the other site. Changes nothing.

        Raises ``NotFound``, ``InvalidRequest`` for a site that is none of the group's, ``PreconditionFailed`` if both
        sites agree, ``Conflict`` for an open operation, and ``PeerUnreachable``.
        """
        return ReconcilePlan.from_json(self._native.plan_reconcile(group, winner))

    def reconcile(self, plan: ReconcilePlan) -> SyncStatus:
        """Makes both sites hold what the plan says.

        Raises as :meth:`plan_reconcile`, and ``PlanStale`` if either side has changed since. ``Indeterminate``: plan
        again; nothing that either side knew is lost.
        """
        return SyncStatus.from_json(self._native.reconcile(plan.json))

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
        request = to_json(entry=entry, reason=reason, by=by)
        return LedgerEntry.from_json(self._native.divergence_discard(group, request))
