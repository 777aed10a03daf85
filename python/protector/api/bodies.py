"""What requests may hold."""

from __future__ import annotations

from protector.api.schemas import COUNT, FLAG, NAME, NAME_MAP, POSITIVE, SECRET, TEXT, Schema, record

_CHECK = {
    "oneOf": [
        record(
            ("kind", "port"),
            kind={"const": "tcp"},
            port={"type": "integer", "minimum": 1, "maximum": 65535},
            timeout_seconds=POSITIVE,
            in_tests=FLAG,
        ),
        record(
            ("kind", "program"),
            kind={"const": "command"},
            program={"type": "string", "pattern": "^/", "maxLength": 4096},
            arguments={"type": "array", "items": TEXT, "maxItems": 64},
            timeout_seconds=POSITIVE,
            in_tests=FLAG,
        ),
    ]
}
_START = {
    "tier": COUNT,
    "depends_on": {"type": "array", "items": NAME, "maxItems": 1000},
    "required": FLAG,
}
_MAPPINGS = {"networks": NAME_MAP, "flavors": NAME_MAP}

SITE = record(
    ("site",),
    site=record(("name",), name=NAME, auth_url={"type": "string", "maxLength": 1024}, cloud=NAME, description=TEXT),
)
GROUP = record(
    ("protection_group",),
    protection_group=record(
        ("name", "replication_type", "primary_site", "secondary_site", "volume_type"),
        name=NAME,
        description=TEXT,
        replication_type={"enum": ["async", "sync"]},
        primary_site=NAME,
        secondary_site=NAME,
        volume_type=NAME,
        priority=COUNT,
    ),
)
GROUP_CHANGE = record(
    ("protection_group",),
    protection_group=record(name=NAME, description=TEXT, priority=COUNT, **_MAPPINGS),
)
POLICY = record(
    ("policy",),
    policy=record(
        primary_fa_url={"type": "string", "maxLength": 1024},
        primary_fa_api_token=SECRET,
        secondary_fa_url={"type": "string", "maxLength": 1024},
        secondary_fa_api_token=SECRET,
        pure_pg_name=NAME,
        replication_interval=POSITIVE,
        rpo_minutes=POSITIVE,
        adopt=FLAG,
    ),
)
MEMBER = record(
    ("member",),
    member=record(("instance_id",), instance_id=NAME, **_START, start_timeout_seconds=POSITIVE, boot_check=_CHECK),
)
MEMBER_CHANGE = record(
    ("member",),
    member=record(
        **_START,
        start_timeout_seconds={**POSITIVE, "type": ["integer", "null"]},
        boot_check={"oneOf": [*_CHECK["oneOf"], {"type": "null"}]},
        check_in_tests=FLAG,
    ),
)
#: Only the core knows what is in it.
QUESTION = record(("question",), question={"type": "object", "writeOnly": True})
MAPPING = record(("mapping",), mapping=record(**_MAPPINGS, security_groups=NAME_MAP, suggested=FLAG))
RECONCILE_PLAN = record(("reconcile",), reconcile=record(("winner",), winner=NAME))
RECONCILE = record(
    ("reconcile",),
    # what was not shown is not done
    reconcile=record(("winner", "hash"), winner=NAME, hash={"type": "string", "pattern": "^[0-9a-f]{64}$"}),
)
DISCARD = record(("discard",), discard=record(("reason",), reason={**TEXT, "minLength": 1}))


def one_of(**verbs: Schema) -> Schema:
    """An object with exactly one of these keys, as the actions of OpenStack have it."""
    return {**record(**verbs), "minProperties": 1, "maxProperties": 1}


_FAILOVER = {"type": {"enum": ["planned", "unplanned"]}, "force": FLAG, "reason": TEXT, **_MAPPINGS}
ACTION = one_of(
    sync=record(),
    test_failover=record(**_MAPPINGS, retain_primary=FLAG),
    test_cleanup=record(test=NAME),
    failover=record(**_FAILOVER),
    failback=record(**_MAPPINGS),
    reprotect=record(),
    commit=record(),
    retry_failed=record(**_MAPPINGS),
)
CHANGE_OF_COURSE = one_of(cancel=record(reason=TEXT), abort=record(reason=TEXT, leave_peer=FLAG), resume=record())
SITE_PLAN = one_of(failover=record(**_FAILOVER))
SITE_ACTION = one_of(failover=record(**_FAILOVER, skip_blocked=FLAG))
