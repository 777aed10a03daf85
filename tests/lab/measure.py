"""What a planned failover costs on the two clouds of the lab, which must be up and seeded.

Of 1, 10 and 25 servers with two disks each: how long it takes and with what, how many requests of the clouds each
server needs, and how much of the time is Protector's own. Beside ten of them the same work by ``by_hand.py``, in
which a capable engineer does one thing after another.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import by_hand
import requests_seen
import seed
from clearing import clear
from console import ROLES, arrays
from places import CLOUDS, ROOT, SITES, keystone
from rest import Cloud

from protector import Engine, Settings
from protector.reports import OperationReport, StepReport

_T = TypeVar("_T")

OUTPUT = ROOT / "target/bench/lab.json"
NETWORKS = {"net-primary-web": "net-secondary-web"}
BESIDE_BY_HAND = 10
TIMES_FASTER = 3.0
CALLS_PER_SERVER = 15.0
OWN_SHARE = 0.03
#: What a step spends its time with, by what its id begins with.
KINDS = {
    "storage": ("take_final_snapshot", "await_final_snapshot", "fence_source", "clone_volumes", "reprotect/"),
    "cloud": ("stop_server", "import_volume", "group_volumes", "ensure_port"),
    "boot": ("ensure_server",),
    "verify": ("verify_server", "confirm"),
    "metadata": ("announce", "switch_primary", "close"),
}


@dataclass(frozen=True)
class Measured:
    """A planned failover."""

    servers: int
    #: From the question for a plan to the end, in which the workload is protected again.
    seconds: float
    #: Seconds in which at least one step of that kind was at work; ``decide`` is until there is an accepted plan.
    spent: dict[str, float]
    calls_per_server: float
    calls: dict[str, int]
    most_at_once: int
    #: The processor's time of the process, as a part of all.
    own_share: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, nargs="+", default=[1, 10, 25])
    parser.add_argument("--only-protector", action="store_true", help="without the work by hand")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lab-measure-") as name:
        engine = _engine(Path(name))
        found = [_in_a_group(engine, count, _fail_over) for count in asked.servers]
        hand = None
        if BESIDE_BY_HAND in asked.servers and not asked.only_protector:
            hand = _in_a_group(engine, BESIDE_BY_HAND, lambda _, group, names: by_hand.fail_over(group, names))
    _show(found, hand)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps({"failovers": [asdict(each) for each in found], "by_hand": hand}, indent=2) + "\n")


def _engine(directory: Path) -> Engine:
    """One process for both sites: nothing but the clouds and the arrays is asked over the network."""
    served = {array["name"]: array for array in arrays()["arrays"]}
    storage = [f"fernet_key_repository = {directory}/keys", f"array_ca_file = {served['arr-a']['ca_cert']}"]
    sites = []
    for site, (role, name) in zip(SITES, ROLES.items(), strict=True):
        storage.append(f"{role}_array_url = {served[name]['url']}")
        storage.append(f"{role}_array_api_token = {served[name]['api_token']}")
        sites.append(f"[site:site-{site}]\ncloud = site-{site}\narray = {role}\n")
    text = (
        f"[DEFAULT]\nstate_path = {directory}\n[engine]\nstorage_driver = pure\ncloud_driver = openstack\n"
        "local_site = site-a\n[storage]\n" + "\n".join([*storage, *sites])
    )
    config = directory / "protector.conf"
    config.touch(mode=0o600)
    config.write_text(text, encoding="utf-8")
    os.environ |= {"OS_CLIENT_CONFIG_FILE": str(CLOUDS), "PROTECTOR_CONFIG_FILE": str(config)}
    manage = Path(sys.executable).parent / "protector-manage"
    for words in (["fernet", "setup"], ["db", "sync"]):
        subprocess.run([manage, *words], check=True, capture_output=True, timeout=120)
    engine = Engine(Settings.discover(), "site-a")
    for site in SITES:
        engine.site_create(f"site-{site}", auth_url=keystone(site), cloud=f"site-{site}")
    return engine


def _in_a_group(engine: Engine, count: int, work: Callable[[Engine, str, list[str]], _T]) -> _T:
    """Does it with a protected group of so many servers, of which nothing is left then."""
    group = f"measure-{uuid.uuid4().hex[:8]}"
    names = [f"{group}-{at:02}" for at in range(count)]
    cloud = Cloud("a")
    with ThreadPoolExecutor(4) as pool:
        servers = list(pool.map(lambda name: seed.server(cloud, name, "net-primary-web"), names))
    try:
        engine.protection_group_create(
            group,
            replication_type="async",
            primary_site="site-a",
            secondary_site="site-b",
            volume_type=seed.VOLUME_TYPE,
        )
        engine.policy_create(group, replication_interval=300, rpo_minutes=15, pure_pg_name=f"pg-{group}")
        for server in servers:
            engine.member_add(group, server["id"])
        engine.sync(group)
        return work(engine, group, names)
    finally:
        for site in ("b", "a"):
            clear(Cloud(site), group, *(server["id"] for server in servers))


def _fail_over(engine: Engine, group: str, names: list[str]) -> Measured:
    with requests_seen.seen() as requests:
        began, used = time.monotonic(), time.process_time()
        plan = engine.plan_failover(group, networks=NETWORKS)
        operation = engine.accept(plan)
        decided = time.monotonic()
        done = engine.run(operation.id)
        seconds, own = time.monotonic() - began, time.process_time() - used
    assert (done.status, done.instances_succeeded) == ("completed", len(names)), done
    report = engine.operation_report(done.id)
    spent = {"decide": decided - began, **{kind: _busy(report, words) for kind, words in KINDS.items()}}
    to_clouds = requests.to_clouds()
    return Measured(
        servers=len(names),
        seconds=seconds,
        spent=spent,
        calls_per_server=len(to_clouds) / len(names),
        calls=dict(sorted(requests.counted().items())),
        most_at_once=requests_seen.most_at_once(to_clouds),
        own_share=own / seconds,
    )


def _busy(report: OperationReport, kinds: Iterable[str]) -> float:
    """Seconds in which at least one step of these kinds was at work."""

    def at(step: StepReport) -> tuple[datetime, datetime]:
        return (_time(step.began_at["known"]), _time(step.ended_at["known"]))

    chosen = [step for step in report.steps if step.id.startswith(tuple(kinds)) and "known" in step.began_at]
    busy, until = 0.0, None
    for began, ended in sorted(map(at, chosen)):
        begins = began if until is None else max(began, until)
        if ended > begins:
            busy += (ended - begins).total_seconds()
            until = ended
    return busy


def _time(text: str) -> datetime:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}")


def _show(found: list[Measured], hand: float | None) -> None:
    kinds = list(found[0].spent)
    print(f"{'servers':>8} {'seconds':>8} " + "".join(f"{kind:>9}" for kind in kinds) + "   requests of clouds")
    for each in found:
        spent = "".join(f"{seconds:9.1f}" for seconds in each.spent.values())
        calls = ", ".join(f"{whom} {count}" for whom, count in each.calls.items())
        print(f"{each.servers:>8} {each.seconds:8.1f} {spent}   {calls}; at most {each.most_at_once} at once")
    print()
    for each in found:
        of = f"{each.servers} server(s)"
        _verdict(f"requests of clouds for each of {of}", each.calls_per_server, CALLS_PER_SERVER)
        _verdict(f"processor of Protector, of {of}", each.own_share * 100, OWN_SHARE * 100, "%")
    if hand is not None:
        ours = next(each.seconds for each in found if each.servers == BESIDE_BY_HAND)
        print(f"by hand, one after another: {hand:.1f} s")
        _verdict(f"times faster than by hand, {BESIDE_BY_HAND} servers", hand / ours, TIMES_FASTER, at_least=True)


def _verdict(measure: str, value: float, target: float, unit: str = "", at_least: bool = False) -> None:
    met = value >= target if at_least else value <= target
    bound = "at least" if at_least else "at most"
    print(f"{measure:<48} {value:8.2f} {unit:<2} {bound} {target:g}  {'met' if met else 'MISSED'}")


if __name__ == "__main__":
    main()
