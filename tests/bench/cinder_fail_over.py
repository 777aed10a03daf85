"""``failover_host`` of Cinder's own Pure Storage driver.

It finds the newest snapshot that was replicated and copies every volume out of it; it looks at nothing afterwards.
"""

from __future__ import annotations

import unittest.mock

from cinder_session import Session, Volume, VolumeType
from contender import measured, order
from oslo_config import cfg


def main() -> None:
    asked = order()
    session = Session({"mode": "async", "directory": asked.directory, "arrays": asked.arrays})
    cfg.CONF.set_override("pure_replication_pg_name", asked.local_group, group="backend")
    session.driver.do_setup(None)
    if not asked.volumes:
        return
    volume_type = VolumeType("async")
    volumes = [Volume(name, volume_type) for name in asked.volumes]
    for volume in volumes:
        volume.provider_id = f"{volume.name}-cinder"

    def fail_over() -> int:
        _, updates, _ = session.driver.failover_host(None, volumes, "arrB")
        return sum(each["updates"].get("replication_status") == "failed-over" for each in updates)

    measured(fail_over, counts="clones")


# read from the database otherwise
with unittest.mock.patch("cinder.volume.volume_types.get_volume_type_extra_specs", return_value={}):
    main()
