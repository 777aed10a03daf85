"""``[api]``, and the part of ``[engine]`` that is about the worker."""

from __future__ import annotations

from protector import Settings
from protector._value import Value, value


@value
class ServiceOptions(Value):
    """The options of the services, checked.

    >>> options = ServiceOptions.of(Settings.from_text("[engine]\\nstorage_driver = mock\\nworkers = 2\\n"))
    >>> options.bind_port, options.auth_strategy, options.workers
    (8788, 'keystone', 2)
    """

    #: Address that ``protector-api`` listens on.
    bind_host: str
    #: Its port; 0 is any free one.
    bind_port: int
    #: ``keystone`` or ``noauth``.
    auth_strategy: str
    #: Other machines may ask without saying who they are.
    danger_noauth_beyond_loopback: bool
    #: Requests that are answered at once.
    threads: int
    #: Longest page of a list.
    max_limit: int
    #: Operations that are executed at once.
    workers: int
    #: Seconds between two looks for accepted operations.
    poll_interval: int
    #: Seconds between two looks at the health of all groups.
    watch_interval: int
    #: Days after which a rehearsal is due again; 0: never.
    drill_interval_days: int
    #: Seconds that running operations get to reach a step boundary.
    stop_timeout: int

    @classmethod
    def of(cls, settings: Settings) -> ServiceOptions:
        """The options that the settings hold."""
        return cls.from_json(settings.services)
