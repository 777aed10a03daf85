"""libprotector from another language, over its header alone: ctypes, without anything of this package."""

from __future__ import annotations

import ctypes
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = b"""[engine]
storage_driver = mock
mock_clock = virtual
cloud_driver = mock
local_site = site-a
[database]
connection = sqlite://
"""
SCALARS = {
    "protector_status": ctypes.c_int,
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "bool": ctypes.c_bool,
    "void": None,
}


def built() -> Path | None:
    """The library that was built last; where none was, the Rust tests have not run yet."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    found = [*target.glob("*/libprotector.so"), *target.glob("*/deps/libprotector.so")]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def c_type(declared: str) -> Any:
    """The type of ctypes for one of the header. Handles are plain pointers."""
    words = declared.replace("const ", "").strip()
    if words.count("*") == 1 and words.startswith("char"):
        return ctypes.c_char_p
    if words.endswith(("_fn", "_open")) or "*" in words:
        return ctypes.c_void_p
    return SCALARS[words]


def declared(library: ctypes.CDLL) -> int:
    """Gives each function of the header its types; how many there are."""
    header = (ROOT / "include/protector.h").read_text()
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    functions = re.findall(r"^([\w ]+?\s\**)(protector_\w+)\(([^)]*)\);", code, flags=re.MULTILINE)
    for result, name, parameters in functions:
        function = getattr(library, name)
        function.restype = c_type(result)
        arguments = [] if parameters.strip() == "void" else [" ".join(p.split()) for p in parameters.split(",")]
        function.argtypes = [c_type(re.sub(r"\w+$", "", argument)) for argument in arguments]
    return len(functions)


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    path = built()
    if path is None:
        pytest.skip("libprotector.so is not built: cargo build -p protector-ffi")
    loaded = ctypes.CDLL(str(path))
    assert declared(loaded) > 90
    return loaded


class Refused(Exception):
    """What protector_error says."""


def call(library: ctypes.CDLL, name: str, *arguments: Any) -> Any:
    """Calls a function with a result in an out-parameter: text, or a handle."""
    out, error = ctypes.c_void_p(), ctypes.c_void_p()
    status = getattr(library, name)(*arguments, ctypes.byref(out), ctypes.byref(error))
    if status != 0:
        message = library.protector_error_message(error).decode()
        code = library.protector_error_code(error).decode()
        library.protector_error_free(error)
        raise Refused(f"{code}: {message}")
    if "engine" in name and name != "protector_engine_mock_servers":
        return out
    text = ctypes.string_at(out).decode() if out.value else ""
    library.protector_string_free(ctypes.cast(out, ctypes.c_char_p))
    return json.loads(text)


def test_a_drill_through_ctypes(library: ctypes.CDLL) -> None:
    engine = call(library, "protector_engine_open_text", CONFIG, None)
    request = {
        "name": "drill-web-app",
        "replication_type": "async",
        "primary_site": "site-a",
        "secondary_site": "site-b",
        "volume_type": "replicated-ssd",
    }
    call(library, "protector_protection_group_create", engine, json.dumps(request).encode())
    policy = {"pure_pg_name": "mock-pg-drill-web-app", "replication_interval": 300, "rpo_minutes": 15}
    call(library, "protector_policy_create", engine, b"drill-web-app", json.dumps(policy).encode())
    servers = call(library, "protector_engine_mock_servers", engine, b"site-a")
    server = next(server["id"] for server in servers if server["name"] == "web-server-1")
    member = json.dumps({"instance_id": server}).encode()
    call(library, "protector_member_add", engine, b"drill-web-app", member)

    plan = call(library, "protector_operation_plan", engine, b"drill-web-app", b'{"operation":"sync"}')
    golden = json.loads((ROOT / "tests/data/drill.json").read_text())
    assert plan["hash"] == golden[0]["hash"]
    operation = call(library, "protector_operation_accept", engine, json.dumps(plan).encode())
    done = call(library, "protector_operation_run", engine, operation["id"].encode(), None, None, None)
    assert done["status"] == "completed"
    assert call(library, "protector_health_show", engine, b"drill-web-app")["protection_group"] == "drill-web-app"

    with pytest.raises(Refused, match="not_found: protection group 'nobody' does not exist"):
        call(library, "protector_protection_group_show", engine, b"nobody")
    library.protector_engine_free(engine)
