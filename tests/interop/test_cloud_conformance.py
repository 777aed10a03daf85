"""The cloud suite of the engine, over Keystone and Cinder as they are published."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from cloud import Cloud
from simulator import ROOT

SETTING = {
    "volume_type": "replicated",
    "other_volume_type": "replicated-too",
    "unoffered_volume_type": "nowhere",
    "sync_volume_type": "synchronous",
    "network": "",
    "free_address": "",
    "flavor": "",
    "lacks_compute": True,
    "lacks_network": True,
}
SKIPPED = [
    "an_attached_volume_is_not_released",
    "an_attached_volume_gets_another_type",
    "a_port_is_made_once",
    "a_wanted_address_is_used_where_it_fits",
    "an_address_is_given_once",
    "a_network_must_exist",
    "a_port_is_deleted_once",
    "a_server_is_made_once",
    "what_a_server_needs_must_exist",
    "a_volume_is_attached_once",
    "a_server_stops_and_starts",
    "a_deleted_server_leaves_its_volumes_and_ports",
    "a_server_that_would_take_its_volumes_along_is_not_deleted",
    "flavors_and_quota_are_told",
    "a_missing_server_reads_as_missing",
    "a_missing_server_and_port_count_as_removed",
    "a_port_is_not_made_too_late",
]
"""What needs Nova or Neutron."""
SUITE = ["cargo", "test", "--workspace", "--locked", "--test", "openstack_conformance"]
"""As in the Makefile, so that it is compiled once."""


def test_the_cloud_suite(cloud: Cloud, tmp_path: Path) -> None:
    arrays = [cloud.simulator.arrays[name] for name in ("arrA", "arrB")]
    own, other = [{"url": f"https://{each.address}", "api_token": each.api_token} for each in arrays]
    real = {"cloud": "admin", "array": own, "other_array": other, "setting": SETTING, "skipped": SKIPPED}
    file = tmp_path / "cloud.json"
    file.write_text(json.dumps(real))
    environment = {
        **os.environ,
        "OS_CLIENT_CONFIG_FILE": str(cloud.clouds_file),
        "PROTECTOR_TEST_CLOUD": str(file),
    }
    done = subprocess.run(
        [*SUITE, "--", "--nocapture"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped: " not in done.stderr, done.stderr
    assert "a_group_is_made_once" in done.stdout
