"""What both sites stand on: a MariaDB, a RabbitMQ, and the simulated arrays."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import secrets
import shutil
from pathlib import Path

from flash_array import Array
from places import ARRAYS, LAB, POD, ROOT, SITES, array_port, port
from processes import LabError, answers, is_taken, need_free, pid_of, run, spawn, wait

_DB = LAB / "mariadb"
_SOCKET = _DB / "socket"
_MQ = LAB / "rabbitmq"


def missing_packages() -> list[str]:
    """Debian packages that are not there."""
    return run("missing-packages", ROOT / ".ci/missing-packages", "--lab").decode().split()


def sql(statement: str | bytes, database: str = "", name: str = "sql") -> bytes:
    """Runs SQL as root, over the socket."""
    text = statement if isinstance(statement, bytes) else statement.encode()
    words = (
        "mariadb",
        "--no-defaults",
        f"--socket={_SOCKET}",
        "--user=root",
        "--batch",
        *([database] if database else []),
    )
    return run(name, *words, stdin=text)


def dump(database: str) -> bytes:
    return run("sql", "mariadb-dump", "--no-defaults", f"--socket={_SOCKET}", "--user=root", database)


def up(simulator: Path) -> None:
    """Starts what is not running, and waits for it."""
    _arrays_up(simulator)
    _mariadb_up()
    _rabbitmq_up()
    wait("MariaDB", lambda: is_taken(port("mariadb")) and _SOCKET.exists(), "mariadb")
    sql("create user if not exists lab@'127.0.0.1' identified by 'lab'; grant all on *.* to lab@'127.0.0.1'")
    wait("RabbitMQ", lambda: is_taken(port("rabbitmq")), "rabbitmq")


def _mariadb_up() -> None:
    need_free("mariadb", port("mariadb"))
    data = _DB / "data"
    user = f"--user={getpass.getuser()}"
    if not (data / "mysql").is_dir():
        _DB.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(data, ignore_errors=True)
        made = ("--auth-root-authentication-method=normal", "--skip-test-db")
        run("mariadb-install", "mariadb-install-db", "--no-defaults", user, f"--datadir={data}", *made)
    where = (f"--datadir={data}", f"--socket={_SOCKET}", f"--pid-file={_DB / 'pid'}")
    net = (f"--port={port('mariadb')}", "--bind-address=127.0.0.1", "--max-connections=600", "--skip-name-resolve")
    spawn(
        "mariadb",
        "mariadbd",
        "--no-defaults",
        user,
        *where,
        *net,
        "--innodb-flush-log-at-trx-commit=0",
        "--skip-log-bin",
    )


def _rabbitmq_environment() -> dict[str, str]:
    """Nothing of /etc/rabbitmq, a cookie and an epmd of its own, and the loopback alone."""
    loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
    peers = port("rabbitmq-peers")
    return {
        "HOME": str(_MQ),
        "RABBITMQ_NODENAME": "lab@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port("rabbitmq")),
        "RABBITMQ_DIST_PORT": str(peers),
        "RABBITMQ_CTL_DIST_PORT_MIN": str(peers + 1),
        "RABBITMQ_CTL_DIST_PORT_MAX": str(peers + 12),
        "RABBITMQ_MNESIA_BASE": str(_MQ / "mnesia"),
        "RABBITMQ_LOG_BASE": str(_MQ / "log"),
        "RABBITMQ_CONF_ENV_FILE": str(_MQ / "none"),
        "RABBITMQ_CONFIG_FILE": str(_MQ / "none"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(_MQ / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(_MQ / "plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(_MQ / "config"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": loopback,
        "RABBITMQ_CTL_ERL_ARGS": loopback,
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(port("epmd")),
    }


def _rabbitmq_up() -> None:
    for name in ("epmd", "rabbitmq"):
        need_free(name, port(name))
    for folder in ("mnesia", "log", "config"):
        (_MQ / folder).mkdir(parents=True, exist_ok=True)
    # RabbitMQ would start one that outlives it
    spawn("epmd", "epmd", "-address", "127.0.0.1", "-port", str(port("epmd")))
    # the command in /usr/sbin changes to the user of the package; this one runs as whoever starts it
    spawn("rabbitmq", "/usr/lib/rabbitmq/bin/rabbitmq-server", **_rabbitmq_environment())


def virtual_host(name: str) -> None:
    """Makes the part of the broker that a site has to itself, empty."""

    def ctl(*words: str) -> None:
        run("rabbitmqctl", "/usr/lib/rabbitmq/bin/rabbitmqctl", "-q", *words, **_rabbitmq_environment())

    with contextlib.suppress(LabError):  # there is none yet
        ctl("delete_vhost", name)
    ctl("add_vhost", name)
    ctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")


def simulator() -> Path:
    """The simulator that is to serve the arrays; of several builds the newest."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    given = os.environ.get("FLASHARRAY_SIM")
    candidates = [Path(given)] if given else [target / kind / "flasharray-sim" for kind in ("debug", "release")]
    built = [path for path in candidates if path.exists()]
    if not built:
        raise LabError("flasharray-sim is not built: cargo build -p flasharray-sim")
    return max(built, key=lambda path: path.stat().st_mtime)


def _arrays_up(simulator: Path) -> None:
    if pid_of("arrays") is not None:
        return
    words = [
        f"--control=127.0.0.1:{port('control')}",
        f"--db={LAB / 'arrays.db'}",
        f"--ready-file={ARRAYS}",
        "--log=requests",
        "--link=both",
    ]
    for site in SITES:
        name = f"arr-{site}"
        need_free("arrays", array_port(site))
        words += [f"--array={name}=127.0.0.1:{array_port(site)}", f"--api-token={name}={_token(name)}"]
    ARRAYS.unlink(missing_ok=True)
    spawn("arrays", simulator, *words)
    wait("flasharray-sim", ARRAYS.exists, "arrays", seconds=60)
    for array in json.loads(ARRAYS.read_text(encoding="utf-8"))["arrays"]:
        wait(array["url"], lambda url=array["url"]: answers(f"{url}/api/api_version"), "arrays")
    # before both Cinders make one each, which could never be joined
    Array("arr-a").stretch(POD, "arr-b")


def _token(name: str) -> str:
    """The same at each start, since Cinder's configuration has it."""
    kept = LAB / f"{name}.token"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_hex(16), encoding="ascii")
    return kept.read_text(encoding="ascii")
