"""Secrets that a key manager of OpenStack keeps: ``castellan:<id>`` in ``protector.conf``.

Castellan reads its own sections of the same files, ``[key_manager]`` and that of its backend (``[barbican]`` or
``[vault]``); see https://docs.openstack.org/castellan. It is an extra: ``pip install openstack-protector[castellan]``.
"""

from __future__ import annotations

import contextvars
import os
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from protector.exceptions import InvalidConfiguration, NotFound, Unreachable

#: Seconds that a key manager may take. The clients behind Castellan wait for ever by themselves.
PATIENCE = 30.0
_SECTION = "see [key_manager] in protector.conf, and the section of its backend"


def read(identity: str, files: Sequence[str | os.PathLike[str]]) -> str:
    """The secret with that id. ``files`` are those of the configuration.

    Raises ``InvalidConfiguration`` if Castellan is not installed or cannot be set up so, ``NotFound`` if the key
    manager has no such secret, and ``Unreachable`` if it cannot be asked. No message repeats what the key manager said:
    it may hold what it was asked for.
    """
    try:
        from castellan import key_manager
        from castellan.common import exception
    except ModuleNotFoundError as missing:
        raise InvalidConfiguration(
            f"castellan:{identity} is kept by a key manager, and {missing.name} is not installed",
            "pip install 'openstack-protector[castellan]'",
        ) from missing
    conf = _configuration(files)

    def ask() -> str:
        encoded = key_manager.API(conf).get(_context(conf), identity).get_encoded() or b""
        return encoded if isinstance(encoded, str) else encoded.decode()

    try:
        return _within(PATIENCE, ask)
    except exception.ManagedObjectNotFoundError as error:
        raise NotFound(f"the key manager has no secret '{identity}'", "openstack secret list") from error
    except Exception as error:  # each backend raises what its client does, and may put into it what it got
        reason = type(error).__name__
        raise Unreachable(f"the key manager does not give secret '{identity}' ({reason})", _SECTION) from None


def _within(seconds: float, ask: Callable[[], str]) -> str:
    """The answer. Raises what the call raises, and ``TimeoutError``; then its thread is left behind."""
    answers: queue.SimpleQueue[str | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(ask())
        except Exception as error:
            answers.put(error)

    # what the backend logs belongs to the request, too
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="protector-key-manager", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _configuration(files: Sequence[str | os.PathLike[str]]) -> Any:
    from oslo_config import cfg

    conf = cfg.ConfigOpts()
    try:
        conf([], project="protector", default_config_files=[os.fspath(file) for file in files], default_config_dirs=[])
    except cfg.Error as error:
        raise InvalidConfiguration(f"Castellan cannot read the configuration: {error}", _SECTION) from error
    return conf


def _context(conf: Any) -> Any:
    """Who asks: ``[key_manager] auth_type`` and what belongs to it; without it the backend must know by itself."""
    from castellan.common import utils

    conf.register_opts(utils.credential_opts, group=utils.OPT_GROUP)
    return utils.credential_factory(conf) if conf.key_manager.auth_type else None
