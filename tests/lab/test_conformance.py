"""What the port of a cloud promises, held against genuine services."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import seed
from console import arrays
from places import CLOUDS, ROOT


@pytest.mark.parametrize("site", ["a", "b"])
def test_a_genuine_cloud_keeps_what_the_port_promises(site: str, tmp_path: Path) -> None:
    served = {array["name"]: {key: array[key] for key in ("url", "api_token")} for array in arrays()["arrays"]}
    network, cidr = next(iter(seed.NETWORKS[site].items()))
    cloud = {
        "cloud": f"site-{site}",
        "array": served.pop(f"arr-{site}"),
        "other_array": served.popitem()[1],
        "setting": {
            "volume_type": seed.VOLUME_TYPE,
            "other_volume_type": seed.PLAIN_TYPE,
            "unoffered_volume_type": seed.UNOFFERED_TYPE,
            "sync_volume_type": seed.SYNC_TYPE,
            "network": network,
            # the last one that is no broadcast address
            "free_address": cidr.replace(".0/24", ".254"),
            "flavor": seed.FLAVOR,
        },
        "skipped": [],
    }
    file = tmp_path / "cloud.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(cloud), encoding="utf-8")
    words = [
        "cargo",
        "test",
        "--locked",
        "-p",
        "protector-tests",
        "--test",
        "openstack_conformance",
        "--",
        "--nocapture",
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    kept |= {"PROTECTOR_TEST_CLOUD": str(file), "OS_CLIENT_CONFIG_FILE": str(CLOUDS)}
    done = subprocess.run(words, cwd=ROOT, env=kept, capture_output=True, text=True, timeout=1800)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed, 0 failed, 0 skipped" in done.stdout, "it must not have been left out"
