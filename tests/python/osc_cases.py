"""What each command asks of the engine, for :mod:`test_osc_classes`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import ANY, call

from protector.values import BootCheck

GROUP = ["web"]
MAPPINGS = ["--network-mapping", "a=b", "--network-mapping", "c=d", "--flavor-mapping", "e=f"]
MAPPED: dict[str, Any] = {"networks": {"a": "b", "c": "d"}, "flavors": {"e": "f"}}
UNMAPPED: dict[str, Any] = {"networks": None, "flavors": None}
START = ["--tier", "2", "--depends-on", "db", "--depends-on", "cache", "--start-timeout", "900"]
TCP, COMMAND = ["--check-tcp", "80", "--check-timeout", "30"], ["--check-command", "/bin/probe --fast 'a b'"]
CREATE = ["--replication-type", "async", "--primary-site", "a", "--secondary-site", "b", "--volume-type", "ssd"]
CREATED = {"replication_type": "async", "primary_site": "a", "secondary_site": "b", "volume_type": "ssd"}


@dataclass(frozen=True)
class Case:
    """What is typed after the command, and what the engine is asked for."""

    argv: Sequence[str]
    calls: Sequence[Any] = ()
    code: int = 0
    #: Attributes of what the engine answers.
    answers: dict[str, Any] = field(default_factory=dict)


def planned(verb: str, *given: Any, **options: Any) -> list[Any]:
    """Planned, accepted and run."""
    return [getattr(call, f"plan_{verb}")("web", *given, **options), call.accept(ANY), call.run("op-1", progress=None)]


def policy(**given: Any) -> Any:
    names = ("primary_fa_url", "primary_fa_api_token", "secondary_fa_url", "secondary_fa_api_token", "pure_pg_name")
    unset = dict.fromkeys((*names, "replication_interval", "rpo_minutes"), None)
    return call.policy_create("web", **(unset | {"adopt": False} | given))


def added(**given: Any) -> Any:
    unset = {"tier": 0, "depends_on": (), "required": False, "start_timeout_seconds": None, "boot_check": None}
    return call.member_add("web", "uuid", **(unset | given))


def updated(**given: Any) -> Any:
    unset: dict[str, Any] = dict.fromkeys(("tier", "depends_on", "required", "start_timeout_seconds"), None)
    unset |= {"no_start_timeout": False, "boot_check": None, "no_boot_check": False, "check_in_tests": None}
    return call.member_update("web", "uuid", **(unset | given))


def failover(**given: Any) -> list[Any]:
    unset = {"type": "planned", "force": False, "reason": None, **UNMAPPED}
    return planned("failover", **(unset | given))


URLS = ["--primary-fa-url", "https://a", "--secondary-fa-url", "https://b"]
SHOWN = call.operation_show("op-1")
RUN = call.run("op-1", progress=ANY)
STOPPED: dict[str, Any] = {"reason": None, "by": ANY, "wait": 600.0}
SITE: dict[str, Any] = {"type": "planned", "force": False, "reason": None, **UNMAPPED}

CASES: dict[str, list[Case]] = {
    "site create": [
        Case(
            ["--name", "c", "--auth-url", "https://k", "--cloud", "cc", "--description", "d"],
            [call.site_create("c", auth_url="https://k", cloud="cc", description="d")],
        ),
    ],
    "site list": [Case(["--long"], [call.site_list()])],
    "site show": [Case(["a"], [call.site_show("a")])],
    "site delete": [Case(["a"], [call.site_delete("a")])],
    "site validate": [
        Case(["a"], [call.site_validate("a")], answers={"valid": True}),
        Case(["a"], [call.site_validate("a")], code=1, answers={"valid": False}),
    ],
    "site list-volume-types": [Case(["a", "--long"], [call.site_list_volume_types("a")])],
    "site failover": [
        Case(
            ["a", "--type", "unplanned", "--force", "--reason", "r", "--skip-blocked", "--wait", "--long", *MAPPINGS],
            [
                call.plan_site_failover("a", type="unplanned", force=True, reason="r", **MAPPED),
                call.site_failover(ANY, skip_blocked=True, progress=ANY),
            ],
            answers={"not_moved": 0},
        ),
        Case(
            ["a"],
            [call.plan_site_failover("a", **SITE), call.site_failover(ANY, skip_blocked=False, progress=None)],
            code=1,
            answers={"not_moved": 1},
        ),
        Case(["a", "--dry-run"], [call.plan_site_failover("a", **SITE)], answers={"acceptable": True}),
        Case(["a", "--dry-run"], [call.plan_site_failover("a", **SITE)], code=1, answers={"acceptable": False}),
    ],
    "protection-group create": [
        Case(
            ["--name", "web", "--description", "d", "--priority", "3", "--long", *CREATE],
            [call.protection_group_create("web", description="d", priority=3, **CREATED)],
        ),
        Case(
            ["--name", "web", *CREATE],
            [call.protection_group_create("web", description=None, priority=0, **CREATED)],
        ),
    ],
    "protection-group list": [Case(["--long"], [call.protection_group_list()])],
    "protection-group show": [Case(GROUP, [call.protection_group_show("web")])],
    "protection-group update": [
        Case(
            ["web", "--name", "n", "--description", "d", "--priority", "1", "--long", *MAPPINGS],
            [call.protection_group_update("web", name="n", description="d", priority=1, **MAPPED)],
        ),
        Case(GROUP, [call.protection_group_update("web", name=None, description=None, priority=None, **UNMAPPED)]),
    ],
    "protection-group delete": [Case(GROUP, [call.protection_group_delete("web")])],
    "protection-group mapping set": [
        Case(
            ["web", "--suggested", "--security-group-mapping", "s=t", *MAPPINGS],
            [call.mapping_set("web", security_groups={"s": "t"}, suggested=True, **MAPPED)],
        ),
    ],
    "protection-group mapping show": [Case(GROUP, [call.mapping_show("web")])],
    "protection-group mapping suggest": [Case(GROUP, [call.mapping_suggest("web")])],
    "policy create": [
        Case(
            ["web", *URLS, "--pure-pg-name", "p", "--replication-interval", "300", "--rpo-minutes", "15", "--adopt"],
            [
                policy(
                    primary_fa_url="https://a",
                    secondary_fa_url="https://b",
                    pure_pg_name="p",
                    replication_interval=300,
                    rpo_minutes=15,
                    adopt=True,
                )
            ],
        ),
        Case(
            ["web", "--primary-fa-token", "T-1", "--secondary-fa-token", "T-2", "--long"],
            [policy(primary_fa_api_token="T-1", secondary_fa_api_token="T-2")],
        ),
        Case(
            ["web", "--primary-fa-api-token", "T-1", "--secondary-fa-api-token", "T-2"],
            [policy(primary_fa_api_token="T-1", secondary_fa_api_token="T-2")],
        ),
    ],
    "policy show": [Case(["web", "--long"], [call.policy_show("web")])],
    "policy drift": [Case(["--long"], [call.policy_drift()])],
    "member add": [
        Case(
            ["web", "--instance-id", "uuid", "--required", "--check-in-tests", *START, *TCP],
            [
                added(
                    tier=2,
                    depends_on=["db", "cache"],
                    required=True,
                    start_timeout_seconds=900,
                    boot_check=BootCheck.tcp(80, timeout_seconds=30, in_tests=True),
                )
            ],
        ),
        Case(
            ["web", "--instance-id", "uuid", *COMMAND],
            [added(boot_check=BootCheck.command("/bin/probe", "--fast", "a b", timeout_seconds=120, in_tests=False))],
        ),
        Case(["web", "--instance-id", "uuid"], [added()]),
    ],
    "member update": [
        Case(
            ["web", "--instance-id", "uuid", "--required", "--check-in-tests", *START, *TCP],
            [
                updated(
                    tier=2,
                    depends_on=["db", "cache"],
                    required=True,
                    start_timeout_seconds=900,
                    boot_check=BootCheck.tcp(80, timeout_seconds=30, in_tests=True),
                    check_in_tests=True,
                )
            ],
        ),
        Case(
            ["web", "--instance-id", "uuid", "--no-depends-on", "--no-start-timeout", "--no-check", "--no-required"],
            [updated(depends_on=(), no_start_timeout=True, no_boot_check=True, required=False)],
        ),
        Case(["web", "--instance-id", "uuid", *COMMAND], [updated(boot_check=ANY)]),
    ],
    "member remove": [Case(["web", "--instance-id", "uuid"], [call.member_remove("web", "uuid")])],
    "member list": [Case(["web", "--long"], [call.member_list("web")])],
    "protection-group sync-status": [Case(GROUP, [call.sync_status("web")])],
    "protection-group sync": [Case(GROUP, [call.sync_metadata("web")])],
    "protection-group reconcile": [
        Case(
            ["web", "--winner", "a", "--yes", "--hash", "h"],
            [call.plan_reconcile("web", winner="a"), call.reconcile(ANY)],
            answers={"hash": "h"},
        ),
        Case(["web", "--winner", "a"], [call.plan_reconcile("web", winner="a")]),
        Case(["web", "--winner", "a", "--yes", "--dry-run"], [call.plan_reconcile("web", winner="a")]),
    ],
    "protection-group divergence list": [Case(["web", "--long"], [call.divergence_list("web")])],
    "protection-group divergence discard": [
        Case(
            ["web", "diverged-1", "--reason", "r", "--long"],
            [call.divergence_discard("web", "diverged-1", reason="r", by=ANY)],
        ),
    ],
    "consistency-group show": [Case(GROUP, [call.consistency_group_show("web")])],
    "consistency-group volumes": [Case(GROUP, [call.consistency_group_volumes("web")])],
    "consistency-group sync": [
        Case(["web", "--long"], planned("sync")),
        Case(["web", "--wait"], [*planned("sync")[:2], SHOWN, RUN]),
        Case(["web", "--dry-run"], [call.plan_sync("web")]),
        Case(["web", "--dry-run"], [call.plan_sync("web")], code=1, answers={"acceptable": False}),
        Case(GROUP, planned("sync"), code=1, answers={"status": "failed"}),
    ],
    "failover": [
        Case(
            ["web", "--type", "unplanned", "--force", "--reason", "r", "--long", *MAPPINGS],
            failover(type="unplanned", force=True, reason="r", **MAPPED),
        ),
        Case(["web", "--force"], failover(type="unplanned", force=True)),
        Case(["web", "--wait"], [*failover()[:2], SHOWN, RUN]),
        Case(["web", "--dry-run"], failover()[:1]),
        Case(["web", "--retry-failed", *MAPPINGS], planned("retry_failed", **MAPPED)),
        Case(GROUP, failover(), code=1, answers={"status": "completed_partial"}),
    ],
    "failback": [
        Case(["web", "--long", *MAPPINGS], planned("failback", **MAPPED)),
        Case(["web", "--wait"], [*planned("failback", **UNMAPPED)[:2], SHOWN, RUN]),
        Case(["web", "--dry-run"], [call.plan_failback("web", **UNMAPPED)]),
    ],
    "reprotect": [
        Case(["web", "--long"], planned("reprotect")),
        Case(["web", "--wait"], [*planned("reprotect")[:2], SHOWN, RUN]),
        Case(["web", "--dry-run"], [call.plan_reprotect("web")]),
    ],
    "commit": [
        Case(["web", "--long"], planned("commit")),
        Case(["web", "--wait"], [*planned("commit")[:2], SHOWN, RUN]),
        Case(["web", "--dry-run"], [call.plan_commit("web")]),
    ],
    "test-failover": [
        Case(["web", "--retain-primary", "--long", *MAPPINGS], planned("test_failover", retain_primary=True, **MAPPED)),
        Case(["web", "--wait"], [*planned("test_failover", retain_primary=False, **UNMAPPED)[:2], SHOWN, RUN]),
        Case(["web", "--dry-run"], [call.plan_test_failover("web", retain_primary=False, **UNMAPPED)]),
    ],
    "test-cleanup": [
        Case(["web", "--test", "op-0", "--long"], planned("test_cleanup", test="op-0")),
        Case(["web", "--wait"], [*planned("test_cleanup", test=None)[:2], SHOWN, RUN]),
        Case(["web", "--dry-run"], [call.plan_test_cleanup("web", test=None)]),
    ],
    "operation list": [Case(["--long"], [call.operation_list()])],
    "operation show": [
        Case(["op-1", "--long"], [SHOWN]),
        Case(["op-1", "--graph", "svg"], [call.operation_graph("op-1", "svg")], answers={"text": True}),
        Case(
            ["op-1", "--graph", "dot", "--output", "{tmp}/out"],
            [call.operation_graph("op-1", "dot")],
            answers={"text": True},
        ),
    ],
    "operation report": [
        Case(["op-1", "--html"], [call.operation_report("op-1")]),
        Case(["op-1", "--json", "--output", "{tmp}/out"], [call.operation_report("op-1")]),
    ],
    "operation watch": [
        Case(["op-1", "--timeout", "1", "--long"], [SHOWN, SHOWN]),
        Case(["op-1"], [SHOWN, SHOWN], code=1, answers={"status": "interrupted"}),
    ],
    "operation resume": [
        Case(["op-1", "--long"], [call.run("op-1", progress=None)]),
        Case(["op-1", "--wait"], [SHOWN, RUN]),
    ],
    "operation takeover": [
        Case(["op-1", "--long"], [call.operation_takeover("op-1", progress=None)]),
        Case(["op-1", "--wait"], [SHOWN, call.operation_takeover("op-1", progress=ANY)]),
    ],
    "operation cancel": [
        Case(
            ["op-1", "--reason", "r", "--timeout", "5", "--wait", "--long"],
            [call.operation_cancel("op-1", **(STOPPED | {"reason": "r", "wait": 5.0}))],
            answers={"status": "interrupted"},
        ),
        Case(["op-1", "--no-wait"], [call.operation_cancel("op-1", **(STOPPED | {"wait": None}))]),
        Case(["op-1"], [call.operation_cancel("op-1", **STOPPED)], code=1),
    ],
    "operation abort": [
        Case(
            ["op-1", "--reason", "r", "--timeout", "5", "--leave-peer", "--long"],
            [call.operation_abort("op-1", **(STOPPED | {"reason": "r", "wait": 5.0, "leave_peer": True}))],
            answers={"status": "cancelled"},
        ),
        Case(
            ["op-1", "--no-wait"],
            [call.operation_abort("op-1", **(STOPPED | {"wait": None, "leave_peer": False}))],
            answers={"status": "running"},
        ),
    ],
    "plan show": [
        Case(["op-1"], [call.operation_plan("op-1")]),
        Case(["op-1", "--format", "json", "--output", "{tmp}/out"], [call.operation_plan("op-1")]),
        Case(["op-1", "--graph", "svg"], [call.operation_plan("op-1")]),
    ],
    "health metrics": [
        Case([], [call.metrics()], answers={"text": True}),
        Case(["--output", "{tmp}/out"], [call.metrics()], answers={"text": True}),
    ],
    "health show": [
        Case(["--long"], [call.health()]),
        Case(["a", "b"], [call.health_show("a"), call.health_show("b")]),
    ],
    "health sweep": [Case([], [call.sweep_rpo()])],
}
SAME = {
    f"protection-group {noun}-{verb}": f"{noun} {verb}"
    for noun, verbs in {"policy": ("create", "show", "drift"), "member": ("add", "update", "remove", "list")}.items()
    for verb in verbs
} | {"protection-group test-failover": "test-failover"}
