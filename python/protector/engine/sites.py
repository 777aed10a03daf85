"""Sites, and moving everything that runs on one."""

from __future__ import annotations

from protector._native import Cancel
from protector.engine.calls import FailoverType, NameMap, Part, Progress, mappings_of, reports, to_json
from protector.sites import SiteFailover, SitePlan
from protector.values import Site, SiteValidation, VolumeType


class Sites(Part):
    """The two sites."""

    def site_create(
        self, name: str, *, auth_url: str | None = None, cloud: str | None = None, description: str | None = None
    ) -> Site:
        """Registers a site. ``cloud`` is its name in clouds.yaml, by default the site's own.

        Raises ``AlreadyExists`` if the name is taken and ``InvalidRequest`` for an unusable name or URL.
        """
        request = to_json(name=name, auth_url=auth_url, cloud=cloud, description=description)
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
        """Looks who reaches what of a site, as whom, in which version, with how much room: cloud and array with
        credentials and clocks, quota, volume types on both sites, the link of the arrays, metadata. Raises
        ``NotFound``.

        What does not work is a failed check with the command that mends it, not an exception. What is unknown because
        the other site does not answer counts against that one.

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
        mappings = mappings_of(networks, flavors)
        request = to_json(type=type, force=force, reason=reason, mappings=mappings)
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
        options, report = to_json(skip_blocked=skip_blocked), reports(progress)
        return SiteFailover.from_json(self._native.site_failover(plan.json, options, cancel, report))
