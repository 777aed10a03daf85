"""A mechanism driver that binds every port at once: there are no agents, and no packet flows."""

from __future__ import annotations

from typing import Any

# ports are joined with them, whether or not the service plugin that brings them is loaded
from neutron.db.models import port_forwarding  # noqa: F401
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api
from sqlalchemy import orm


class BindsAll(api.MechanismDriver):
    """Takes the first segment on any host."""

    def initialize(self) -> None:
        # SQLAlchemy 2.1 makes the attribute of those port forwardings only then
        orm.configure_mappers()

    @property
    def connectivity(self) -> str:
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context: Any) -> None:
        segment = context.segments_to_bind[0][api.ID]
        details = {portbindings.CAP_PORT_FILTER: False}
        context.set_binding(segment, portbindings.VIF_TYPE_OVS, details, status="ACTIVE")

    def filter_hosts_with_segment_access(
        self, context: Any, segments: Any, candidate_hosts: Any, agent_getter: Any
    ) -> set[str]:
        return set(candidate_hosts)
