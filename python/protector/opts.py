"""The options of ``protector.conf`` for oslo.config: for sample files, and for services that register them.

``oslo-config-generator --namespace protector`` finds :func:`list_opts` by its entry point. What the engine itself reads
is the same table in Rust; a test holds the two together.
"""

from __future__ import annotations

import textwrap

from oslo_config import cfg, types

#: Prefix of the sections that describe a site.
SITE = "site:"
#: Prefix of the sections that belong to an installed driver.
DRIVER = "driver:"
#: What the name of a driver looks like.
WORD = r"\A[A-Za-z][A-Za-z0-9_-]*\Z"
#: The largest number that the engine counts with.
_MOST = 2**32 - 1


def list_opts() -> list[tuple[cfg.OptGroup | None, list[cfg.Opt]]]:
    """Groups with their options; ``None`` is ``[DEFAULT]``. Those of sites are in :func:`site_opts`.

    >>> [group.name if group else "DEFAULT" for group, _ in list_opts()]
    ['DEFAULT', 'engine', 'database', 'storage', 'api']
    """
    return [
        (None, _default_opts()),
        (cfg.OptGroup("engine", title="Engine", help=_sites()), _engine_opts()),
        (cfg.OptGroup("database", title="State", help="The state of a site."), _database_opts()),
        (cfg.OptGroup("storage", title="Arrays", help="The two FlashArrays."), _storage_opts()),
        (cfg.OptGroup("api", title="HTTP API", help="What protector-api reads."), _api_opts()),
    ]


def register(conf: cfg.ConfigOpts) -> None:
    """Registers all options, so that a service can give them on its command line or override them.

    One that is registered already stays as it is: libraries of OpenStack have some of these names, too. Register after
    oslo.log and oslo.db, which do not take it as lightly.
    """
    for group, opts in list_opts():
        for opt in opts:
            try:
                conf.register_opt(opt, group)
            except cfg.DuplicateOptError:
                continue


def _default_opts() -> list[cfg.Opt]:
    return [
        cfg.BoolOpt("debug", default=False, help="Log more."),
        cfg.StrOpt("log_dir", help="Directory of logs."),
        cfg.StrOpt("state_path", default="/var/lib/protector", help="Directory of what must survive a restart."),
        cfg.BoolOpt(
            "use_mock_storage",
            default=False,
            help="Older way to say [engine] storage_driver = mock. A contradiction between the two is an error.",
        ),
    ]


def _engine_opts() -> list[cfg.Opt]:
    return [
        _driver(
            "storage_driver",
            "pure",
            "What replicates the volumes: pure (FlashArrays), mock (simulated arrays, which protect nothing), or a "
            "name of the entry-point group protector.storage_drivers, with its options in [driver:<name>].",
        ),
        _driver(
            "cloud_driver",
            "openstack",
            "The clouds the engine talks to: openstack (two clouds of clouds.yaml), mock (two simulated clouds), or a "
            "name of the entry-point group protector.cloud_drivers, with its options in [driver:<name>].",
        ),
        cfg.StrOpt(
            "mock_db_path",
            default=":memory:",
            help="File of the simulated world; a directory stands for mock_array.db in it. If it is not set, "
            "use_mock_storage puts it below state_path, into mock_storage/.",
        ),
        cfg.StrOpt(
            "mock_clock",
            default="system",
            choices=[("system", "the time of the machine"), ("virtual", "waits take no time, and ids are counted")],
            help="Time of the simulated world.",
        ),
        cfg.BoolOpt(
            "failover_to_blank_disks",
            default=False,
            help="Whether more than tests is allowed where storage_driver = mock puts arrays under real clouds. "
            "A failover stops real servers then, and starts others with blank disks.",
        ),
        cfg.StrOpt("local_site", help="Site one works from; by default the first by name. OS_CLOUD wins."),
        _number("workers", 4, 1, 256, "Operations that protector-engine executes at once."),
        _number("poll_interval", 2, 1, 3600, "Seconds between two looks of protector-engine for accepted operations."),
        _number("watch_interval", 60, 1, 86_400, "Seconds between two looks at the health of all groups."),
        _number(
            "drill_interval_days",
            90,
            0,
            36_500,
            "Days after which a group without a passed test failover is pointed out; 0: never.",
        ),
        _number("stop_timeout", 60, 1, 86_400, "Seconds that running operations get to reach a step boundary."),
    ]


def _driver(name: str, default: str, text: str) -> cfg.Opt:
    return cfg.Opt(name, type=types.String(regex=WORD), default=default, help=text)


def _database_opts() -> list[cfg.Opt]:
    return [
        cfg.StrOpt(
            "connection",
            secret=True,
            help="Where the state is: sqlite:///<path>, or mysql+pymysql://... for a MariaDB server. {site} stands for "
            "the name of the site. By default sqlite:///$state_path/{site}.db. Never shown: it may hold a password.",
        )
    ]


def _storage_opts() -> list[cfg.Opt]:
    return [
        *(opt for role in ("primary", "secondary") for opt in _array_opts(role)),
        _number("default_replication_interval", None, 1, _MOST, "Seconds; for policies created without an interval."),
        _number("default_rpo_minutes", None, 1, _MOST, "Minutes; for policies created without an RPO."),
        cfg.StrOpt(
            "fernet_key_repository",
            default="/etc/protector/fernet-keys",
            help="Directory of the keys that tokens are encrypted with.",
        ),
        cfg.StrOpt("array_ca_file", help="Certificates that those of the arrays are checked against."),
        cfg.BoolOpt(
            "danger_accept_any_array_certificate",
            default=False,
            advanced=True,
            help="Check no certificate: anybody may pass for an array, and gets its token.",
        ),
    ]


def _array_opts(role: str) -> list[cfg.Opt]:
    return [
        cfg.StrOpt(f"{role}_array_url", help=f"Address of the {role} array, HTTPS only."),
        cfg.StrOpt(
            f"{role}_array_api_token",
            secret=True,
            help=f"API token of the {role} array, never shown; or env:NAME, file:PATH (mode 0600) or castellan:<id>, "
            "where it is.",
        ),
        cfg.StrOpt(
            f"{role}_array_fingerprint",
            help=f"SHA-256 of the one certificate that the {role} array may show.",
        ),
    ]


def _api_opts() -> list[cfg.Opt]:
    return [
        cfg.StrOpt("bind_host", default="0.0.0.0", help="Address to listen on."),  # noqa: S104
        cfg.PortOpt("bind_port", default=8788, min=0, help="Port to listen on; 0 is any free one."),
        cfg.StrOpt(
            "auth_strategy",
            default="keystone",
            choices=[
                ("keystone", "tokens, as [keystone_authtoken] says"),
                ("noauth", "everybody is an administrator, from loopback only"),
            ],
            help="How one tells who asks.",
        ),
        cfg.BoolOpt(
            "danger_noauth_beyond_loopback",
            default=False,
            advanced=True,
            help="Let everybody be an administrator from everywhere.",
        ),
        _number("threads", 8, 1, 1024, "Requests answered at once."),
        _number("max_limit", 1000, 1, 100_000, "Longest page of a list."),
    ]


def site_opts() -> list[cfg.Opt]:
    """The options of a section ``[site:<name>]``. Whoever registers them knows the names of the sites."""
    return [
        cfg.StrOpt("cloud", help="Name in clouds.yaml."),
        cfg.StrOpt(
            "array",
            choices=[("primary", "primary_array_url"), ("secondary", "secondary_array_url")],
            help="Which array of [storage] stands there. If no site says so, the first by name has the primary one.",
        ),
        cfg.StrOpt("api_url", help="protector-api of that site, when its database is on a machine of its own."),
        cfg.StrOpt("api_ca_file", help="Certificates that the service's and its Keystone's are checked against."),
        _number("api_timeout", 30, 1, 600, "Seconds that one answer may take."),
        cfg.StrOpt("auth_url", help="Keystone of that site."),
        cfg.StrOpt("application_credential_id", help="Who we are there."),
        cfg.StrOpt(
            "application_credential_secret",
            secret=True,
            help="What proves it, never shown; or env:NAME, file:PATH or castellan:<id>, where it is.",
        ),
    ]


def _number(name: str, default: int | None, least: int, most: int, purpose: str) -> cfg.Opt:
    return cfg.IntOpt(name, default=default, min=least, max=most, help=purpose)


def _sites() -> str:
    """Sections of sites as an example: the generator would write their name without a ``#`` before it, and an empty one
    is a site, too.
    """
    lines = [f"    [{SITE}<name>]"]
    for opt in site_opts():
        choices = getattr(opt.type, "choices", None)
        allowed = f" One of: {', '.join(choices)}." if choices else ""
        default = "<None>" if opt.default is None else opt.default
        help_text = textwrap.wrap(f"{opt.help}{allowed}", 60)
        lines += [*(f"    # {line}" for line in help_text), f"    #{opt.name} = {default}"]
    return "\n".join(["The engine. Each site may have a section of its own, at the end of the file::", "", *lines])
