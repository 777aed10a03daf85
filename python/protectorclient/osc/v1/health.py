"""Health."""

from __future__ import annotations

import argparse
from typing import Any

from protectorclient.osc.v1.base import Lister


class ShowHealth(Lister):
    """Show link, metadata, RPO and failover readiness of each protection group"""

    columns = ("protection_group", "status", "link", "sync_status", "rpo", "failover_ready", "reasons")
    more = ("recovery_point_age_seconds", "rpo_minutes", "ledger")

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return self.list(self.engine.health(), parsed_args)
