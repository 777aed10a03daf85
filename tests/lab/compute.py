"""nova-compute with a fake hypervisor whose guests run on while it is down, as those of real ones do."""

from __future__ import annotations

import sys

# first, because it settles what threads are before anything else is imported
from nova.cmd import compute  # isort: split

from nova import context, objects
from nova.compute import power_state, vm_states
from nova.virt import fake


class LastingDriver(fake.PredictableNodeUUIDDriver):
    """Finds the guests again that Nova knows to be on this host. There is room for as many as anybody likes."""

    vcpus = 1000
    memory_mb = 1_000_000
    local_gb = 1_000_000

    def init_host(self, host: str) -> None:
        super().init_host(host)
        for server in objects.InstanceList.get_by_host(context.get_admin_context(), host):
            if server.vm_state in (vm_states.ACTIVE, vm_states.STOPPED):
                state = power_state.RUNNING if server.vm_state == vm_states.ACTIVE else power_state.SHUTDOWN
                self.instances[server.uuid] = fake.FakeInstance(server.name, state, server.uuid)


if __name__ == "__main__":
    # Nova looks for drivers in this package alone
    fake.LastingDriver = LastingDriver
    sys.exit(compute.main())
