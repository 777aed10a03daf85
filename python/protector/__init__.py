"""Disaster recovery for OpenStack clouds on replicated Pure Storage FlashArrays.

>>> from protector.testing import mock_deployment
>>> with mock_deployment() as deployment:
...     engine = deployment.engine("site-a")
...     sorted(site.name for site in engine.site_list())
['site-a', 'site-b']

In somebody's process:

* Importing this package starts no thread and opens no file and no connection.
* Every call may be made from any thread, and lets other threads run. Lines of the log come out of :mod:`logging`, under
  the loggers below ``protector``, with the context variables and the request of oslo.context of whoever made the call.
* Under eventlet a call blocks all greenthreads of its thread; in eventlet's pool of threads it blocks none:
  ``tpool.execute(engine.failover, "prod-web")``, and for :meth:`Engine.events` ``tpool.execute(next, events, None)``.
  Callbacks of progress run in the thread of the pool. What knows the request goes along by
  ``tpool.execute(contextvars.copy_context().run, …)``, and that of oslo.context by its ``update_store()`` over there.
* A process that is forked opens engines of its own; those of its parent raise ``NotSupported`` there. So does
  everything if calls were under way at the fork, and a SQLite database that the parent had open.
* The interpreter may end while an operation runs; the next process continues it.
* It works in the main interpreter of a process alone; to import it in another one raises ``ImportError``. Without a GIL
  the native module needs none: its objects do not change, and what they share is locked. This is not tried so far, as
  free-threaded builds of Python have no stable ABI, and the wheel needs one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# before anything native is loaded
from protector import _interpreter  # noqa: F401

try:
    from protector._native import Cancel, Settings, __version__
except ImportError as error:
    raise ImportError(
        f"'{__name__}' is not installed whole: its compiled part, {__name__}._native, is missing or does not fit this "
        f"Python: {error}\nWhat to do: pip install --force-reinstall openstack-protector",
        name=f"{__name__}._native",
    ) from error

from protector import _native, exceptions
from protector.exceptions import ProtectorException

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oslo_config.cfg import ConfigOpts

    from protector.engine.manager import Engine
    from protector.plans import Plan

__all__ = ["Cancel", "Engine", "Plan", "ProtectorException", "Settings", "__version__", "exceptions", "plan"]


def plan(facts: str | Mapping[str, Any], request: str | Mapping[str, Any]) -> Plan:
    """Plans a request on facts that somebody gathered: no engine, no I/O, and the same plan in every language.

    Both are JSON text or the data behind it. What the world objects to is a finding of the plan; an exception means
    that the input itself is wrong.

    >>> plan({}, {"operation": "sync"})
    Traceback (most recent call last):
    ...
    protector.exceptions.InvalidRequest: ...
    """
    import json

    from protector.plans import Plan

    texts = (data if isinstance(data, str) else json.dumps(data) for data in (facts, request))
    return Plan._of(_native.plan(*texts))


def _from_oslo(conf: ConfigOpts) -> Settings:
    """See ``_native.pyi``."""
    from protector.from_oslo import settings

    return settings(conf)


# the one way to make settings that is written in Python: oslo.config is
Settings.from_oslo = staticmethod(_from_oslo)  # type: ignore[method-assign]


#: Loaded when they are first asked for: most of the time that importing them takes goes into the values.
_LATE = {"Engine": "protector.engine.manager", "Plan": "protector.plans"}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(_LATE[name]), name)
    return found
