"""How the disks of a group are on both arrays."""

from __future__ import annotations

from dataclasses import dataclass

import seed


@dataclass(frozen=True)
class Kind:
    """What is told to Protector, and on which type of volumes."""

    name: str
    volume_type: str
    #: Of its policy.
    timing: tuple[str, ...]


ASYNC = Kind("async", seed.VOLUME_TYPE, ("--replication-interval", "300", "--rpo-minutes", "15"))
#: In a pod that is stretched over both: there is nothing to ship, and so no interval.
SYNC = Kind("sync", seed.SYNC_TYPE, ("--rpo-minutes", "15"))
