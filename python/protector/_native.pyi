"""The compiled half. Text that crosses the boundary is JSON; ``protector`` turns it into values. Use that instead."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import final

from oslo_config.cfg import ConfigOpts

__all__ = [
    "Cancel",
    "Engine",
    "FlashArray",
    "Plan",
    "Running",
    "Settings",
    "__version__",
    "cloud_conformance",
    "config_check",
    "db_check",
    "db_sync",
    "db_version",
    "fernet_migrate",
    "fernet_rotate",
    "fernet_setup",
    "mock_seed",
    "mock_servers",
    "mock_set_site",
    "plan",
    "plan_graph",
    "plan_text",
    "reconcile_text",
    "report_html",
    "report_text",
    "storage_conformance",
]

__version__: str

@final
class Settings:
    """``protector.conf``, checked. Made by :meth:`load`, :meth:`discover`, :meth:`from_text` or :meth:`from_oslo`;
    never changes. It holds secrets, so it can be neither pickled nor copied; two are equal if they say the same.

    >>> settings = Settings.from_text("[engine]\\nstorage_driver = mock\\n")
    >>> settings.storage_driver, settings.mock_db_path
    ('mock', ':memory:')
    """

    @staticmethod
    def load(files: Sequence[str | PathLike[str]]) -> Settings:
        """Reads these files, later ones winning, under the environment variables ``OS_<SECTION>__<NAME>``.

        Raises :class:`~protector.exceptions.StorageError` if a file cannot be read, and
        :class:`~protector.exceptions.InvalidConfiguration`, naming file and line, if it is wrong.
        """
    @staticmethod
    def discover(program: str | None = None) -> Settings:
        """Reads the file named by ``PROTECTOR_CONFIG_FILE``, else what oslo.config would find. No file: all defaults.

        For a service, by the name of its ``program``, also ``<program>.conf`` and ``<program>.conf.d/*.conf`` count.

        Raises as :meth:`load`.
        """
    @staticmethod
    def from_text(text: str, files: list[str] = ...) -> Settings:
        """Reads text, without files and without environment. Raises as :meth:`load`.

        ``files`` are not read; libraries that need the same configuration find their own sections in them.
        """
    @staticmethod
    def from_oslo(conf: ConfigOpts) -> Settings:
        """What a service's oslo.config resolved: files, command line, environment, overrides.

        ``conf`` has been called, as services do first of all.

        Nothing is registered in ``conf``; an option that is registered there is taken from there, and all others from
        the files that it read, and from the environment. To take options from the command line or to override them,
        :func:`protector.opts.register` makes them known. As long as files and environment decide alone, it is as
        :meth:`load` with those files. Else what was resolved counts, and :attr:`files` are still where libraries find
        sections of their own; ``protector.api.app.application`` takes ``conf``, too.

        Raises as :meth:`load`; messages name the place as oslo.config knows it, and never a value that may be a secret.
        """
    @property
    def debug(self) -> bool:
        """``[DEFAULT] debug``."""
    @property
    def api_urls(self) -> dict[str, str]:
        """``[site:<name>] api_url``, by site: those whose ``protector-api`` is asked by the other one."""
    @property
    def fernet_key_repository(self) -> str:
        """``[storage] fernet_key_repository``."""
    @property
    def default_replication_interval(self) -> int | None:
        """``[storage] default_replication_interval``, in seconds."""
    @property
    def default_rpo_minutes(self) -> int | None:
        """``[storage] default_rpo_minutes``."""
    @property
    def log_dir(self) -> str | None:
        """``[DEFAULT] log_dir``."""
    @property
    def services(self) -> str:
        """``[api]`` and the worker's part of ``[engine]``, as JSON; see ``protector.service.options``."""
    @property
    def state_path(self) -> str:
        """``[DEFAULT] state_path``."""
    @property
    def storage_driver(self) -> str:
        """``pure``, ``mock``, or the name of an installed driver."""
    @property
    def mock_db_path(self) -> str:
        """Where the simulated world is kept: a file, or ``:memory:``."""
    @property
    def cloud_driver(self) -> str:
        """``openstack``, ``mock``, or the name of an installed driver."""
    @staticmethod
    def drivers_in(files: list[str]) -> dict[str, dict[str, str]]:
        """The sections ``[driver:<name>]`` of these files, as they are written. Any value may be a secret.

        Raises as :meth:`load`.
        """
    @property
    def driver_places(self) -> dict[str, str]:
        """Where ``[engine] storage_driver`` and ``cloud_driver`` were set, as ``file:line``, by option."""
    def driver_options(self, name: str) -> dict[str, str]:
        """The section ``[driver:<name>]``, as it is written. Any of its values may be a secret."""
    def driver_secret(self, name: str, option: str) -> str | None:
        """An option of ``[driver:<name>]``, with what ``env:``, ``file:`` or ``castellan:`` name; ``None``: not set.

        Raises ``InvalidConfiguration`` if there is nothing where it points.
        """
    @property
    def local_site(self) -> str | None:
        """``[engine] local_site``."""
    @property
    def sites(self) -> dict[str, str | None]:
        """``[site:<name>]`` sections: name of the site, and its ``cloud``."""
    @property
    def warnings(self) -> list[str]:
        """What people should look at, with ``file:line``."""
    @property
    def files(self) -> list[str]:
        """The files that were read, in order."""

@final
class Cancel:
    """A request to stop at the next safe place. May be used from any thread."""

    def __new__(cls) -> Cancel: ...
    def request(self) -> None:
        """Asks to stop. Cannot be taken back."""
    @property
    def requested(self) -> bool:
        """Whether somebody asked."""

@final
class Engine:
    """An engine; see :class:`protector.Engine`."""

    def __new__(cls, settings: Settings, site: str | None = None) -> Engine: ...
    def for_project(self, project: str) -> Engine: ...
    @property
    def project(self) -> str | None: ...
    @property
    def site(self) -> str: ...
    def site_create(self, request: str) -> str: ...
    def site_list(self) -> str: ...
    def site_show(self, name: str) -> str: ...
    def site_delete(self, name: str) -> None: ...
    def site_validate(self, name: str) -> str: ...
    def site_list_volume_types(self, name: str) -> str: ...
    def protection_group_create(self, request: str) -> str: ...
    def protection_group_page(self, page: str) -> str: ...
    def protection_group_show(self, group: str) -> str: ...
    def protection_group_update(self, group: str, change: str) -> str: ...
    def protection_group_delete(self, group: str) -> None: ...
    def mapping_show(self, group: str) -> str: ...
    def mapping_suggest(self, group: str) -> str: ...
    def mapping_set(self, group: str, request: str) -> str: ...
    def policy_create(self, group: str, change: str) -> str: ...
    def policy_show(self, group: str) -> str: ...
    def policy_drift(self) -> str: ...
    def member_add(self, group: str, request: str) -> str: ...
    def member_update(self, group: str, instance: str, change: str) -> str: ...
    def member_remove(self, group: str, instance: str) -> None: ...
    def member_list(self, group: str) -> str: ...
    def consistency_group_show(self, group: str) -> str: ...
    def consistency_group_volumes(self, group: str) -> str: ...
    def answer_peer(self, question: str) -> str: ...
    def sync_status(self, group: str) -> str: ...
    def sync_metadata(self, group: str) -> str: ...
    def plan_reconcile(self, group: str, winner: str) -> str: ...
    def reconcile(self, plan: str) -> str: ...
    def divergence_list(self, group: str) -> str: ...
    def divergence_discard(self, group: str, request: str) -> str: ...
    def plan(self, group: str, request: str) -> Plan: ...
    def accept(self, plan: str) -> str: ...
    def run(
        self, operation: str, cancel: Cancel | None = None, progress: Callable[[str], object] | None = None
    ) -> str: ...
    def start(self, operation: str, cancel: Cancel | None = None) -> Running: ...
    def plan_site_failover(self, site: str, request: str) -> str: ...
    def site_failover(
        self,
        plan: str,
        options: str,
        cancel: Cancel | None = None,
        progress: Callable[[str], object] | None = None,
    ) -> str: ...
    def operation_cancel(self, operation: str, options: str) -> str: ...
    def operation_abort(
        self,
        operation: str,
        options: str,
        cancel: Cancel | None = None,
        progress: Callable[[str], object] | None = None,
    ) -> str: ...
    def operation_takeover(
        self, operation: str, cancel: Cancel | None = None, progress: Callable[[str], object] | None = None
    ) -> str: ...
    def operation_show(self, operation: str) -> str: ...
    def operation_list(self, open_only: bool = False) -> str: ...
    def operation_plan(self, operation: str) -> str: ...
    def operation_graph(self, operation: str, graph_format: str) -> str: ...
    def operation_report(self, operation: str) -> str: ...
    def health(self) -> str: ...
    def health_show(self, group: str) -> str: ...
    def metrics(self) -> str: ...
    def sweep_rpo(self) -> str: ...
    def record_worker(self, report: str) -> None: ...
    def workers(self) -> str: ...

@final
class Running:
    """An operation that runs beside its caller; see :meth:`protector.Engine.events`. May be used from any thread."""

    def next(self) -> str | None:
        """Waits for the next event. ``None``: the operation has ended, and has not raised."""
    def stop(self) -> None:
        """Asks it to stop at the next safe place, and waits for that. Does nothing once it has ended."""

@final
class FlashArray:
    """What one array says; see :class:`protector.engine.storage.arrays.FlashArray`."""

    def __new__(
        cls,
        role: str,
        url: str,
        api_token: str,
        *,
        ca_file: str | PathLike[str] | None = None,
        fingerprint: str | None = None,
        danger_accept_any_certificate: bool = False,
    ) -> FlashArray: ...
    @property
    def host(self) -> str:
        """``HOST[:PORT]``."""
    def info(self) -> str: ...
    def peers(self) -> str: ...
    def group(self, name: str) -> str: ...
    def recovery_points(self, group: str) -> str: ...
    def newest_complete(self, group: str) -> str: ...
    def replication_status(self, group: str) -> str: ...
    def volumes(self, *, names: Sequence[str] | None = None, ids: Sequence[str] | None = None) -> str: ...
    def counters(self) -> str: ...
    def close(self) -> None: ...

@final
class Plan:
    """A plan that was just made; :class:`protector.Plan` shows it."""

    @property
    def head(self) -> str:
        """Everything but its steps, which are an empty list here."""
    @property
    def json(self) -> str:
        """The whole plan; written each time."""

def plan(facts: str, request: str) -> Plan:
    """See :func:`protector.plan`."""

def plan_text(plan: str) -> str:
    """See :meth:`protector.values.Plan.to_text`."""

def plan_graph(plan: str, graph_format: str) -> str:
    """See :meth:`protector.plans.Plan.to_svg` and its siblings."""

def reconcile_text(plan: str) -> str:
    """See :meth:`protector.metadata.ReconcilePlan.to_text`."""

def report_text(report: str) -> str:
    """See :meth:`protector.reports.OperationReport.to_text`."""

def report_html(report: str) -> str:
    """See :meth:`protector.reports.OperationReport.to_html`."""

def db_sync(settings: Settings) -> str:
    """Brings the database of each site to the newest schema, and tells what was done."""

def db_version(settings: Settings) -> str:
    """The schema versions of the databases: found, and what a sync would lead to."""

def db_check(settings: Settings) -> str:
    """Reads the databases from end to end, and tells what was found."""

def fernet_setup(settings: Settings) -> str:
    """Makes the key repository that tokens are encrypted with, unless there is one, and tells what was done."""

def fernet_rotate(settings: Settings) -> str:
    """Makes the staged key the primary one, stages a new one, and tells what was done."""

def fernet_migrate(settings: Settings) -> str:
    """Encrypts the tokens in the database of each site with the primary key, and tells what was done."""

def config_check(settings: Settings) -> str:
    """What is wrong with these settings, beyond what reading them tells."""

def storage_conformance(make: Callable[[], tuple[object, ...]], only: list[str] | None = None) -> str:
    """Runs the suite of storage drivers; see :func:`protector.testing.driver_conformance`."""

def cloud_conformance(make: Callable[[], tuple[object, ...]], only: list[str] | None = None) -> str:
    """Runs the suite of clouds; see :func:`protector.testing.cloud_conformance`."""

def mock_seed(settings: Settings, servers: int = 0, sync_servers: int = 0) -> str:
    """Fills the simulated world with the example of the documents, ``servers`` more servers, and ``sync_servers`` whose
    volumes lie in a pod that is stretched over both arrays."""

def mock_servers(settings: Settings, site: str | None = None) -> str:
    """The servers of the simulated clouds."""

def mock_set_site(settings: Settings, site: str, available: bool) -> None:
    """Makes a simulated site fail, or come back."""
