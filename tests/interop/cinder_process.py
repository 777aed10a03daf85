"""Cinder's API, scheduler and volume service in one process, on SQLite and without a broker.

``cinder_process.py <cinder.conf>``: the port of the API is written to ``port`` beside that file when it can be asked.
"""

from __future__ import annotations

# Cinder's services expect the standard library like this, and it must be so before anything else is imported
from cinder import monkey_patch

monkey_patch.patch()

import sys  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402

warnings.simplefilter("ignore")  # of OpenStack's libraries about each other

import eventlet  # noqa: E402
from oslo_config import cfg  # noqa: E402
from oslo_log import log as logging  # noqa: E402


def main() -> None:
    file = Path(sys.argv[1])
    from cinder import coordination, i18n, objects, rpc, service, version
    from cinder.cmd import volume as volume_command
    from cinder.common import config
    from cinder.db import migration

    i18n.enable_lazy()
    objects.register_all()
    cfg.CONF(["--config-file", str(file)], project="cinder", version=version.version_string())
    config.set_middleware_defaults()
    logging.setup(cfg.CONF, "cinder")
    migration.db_sync()
    backend = cfg.CONF.enabled_backends[0]
    cfg.CONF.register_opt(volume_command.host_opt, group=backend)
    coordination.COORDINATOR.start()
    rpc.init(cfg.CONF)
    volume = service.Service.create(
        host=f"{cfg.CONF.host}@{backend}", service_name=backend, binary="cinder-volume", coordination=False
    )
    api = service.WSGIService("osapi_volume")
    for each in (volume, service.Service.create(binary="cinder-scheduler"), api):
        each.start()
    ready = file.parent / "port.new"
    ready.write_text(str(api.port))
    ready.rename(file.parent / "port")
    while True:
        eventlet.sleep(3600)


if __name__ == "__main__":
    main()
