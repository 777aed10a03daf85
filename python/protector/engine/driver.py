"""What drivers of arrays and of clouds have in common, for those who write one in Python.

A driver is a class: :class:`protector.engine.storage.StorageDriver` or :class:`protector.engine.cloud.Cloud`. Its
methods may be plain or ``async``; those of one driver run in one event loop. They are called from threads of the
engine, several at a time. What holds for all of them:

* A call never waits for long work: it returns :class:`InProgress` and is made again. After 60 seconds without an answer
  a read counts as unreachable, and a change as one whose effect is not known.
* A change may be made again with the same :attr:`CallContext.op_key` and ends in the same state.
* A change under a lower :attr:`CallContext.epoch` than one that was seen for the group has no effect: it raises
  ``Conflict``.
* Errors are those of :mod:`protector.exceptions`. ``TimeoutError`` and ``ConnectionError`` mean that an answer is
  missing: ``Unreachable`` for a read, ``Indeterminate`` for a change. Anything else is a defect of the driver and stops
  the operation; only its class and where it was raised are told, since its text may hold a secret.
* Nothing is eradicated, overwritten or deleted by a pattern of names.

Cancelled and late calls are not made at all, and names that no array takes do not get through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar, Union

from protector._value import Value, value

if TYPE_CHECKING:
    from typing import TypeAlias

_T = TypeVar("_T")

#: What a method returns: the value, or an awaitable of it.
Answer: TypeAlias = Union[_T, Awaitable[_T]]  # "|" cannot be subscripted later


@value
class CallContext(Value):
    """What goes with each change."""

    #: Idempotency key: the same for each repeat of the call.
    op_key: str
    #: Generation of the group's roles, as the caller knows it.
    epoch: int
    #: When the caller stops waiting.
    deadline: datetime


@dataclass(frozen=True)
class Done(Generic[_T]):
    """This call made it so."""

    value: _T


@dataclass(frozen=True)
class AlreadyDone(Generic[_T]):
    """It was so before this call."""

    value: _T


@dataclass(frozen=True)
class InProgress:
    """Under way. The same call is made again ``poll_after``, which is held between 10 ms and a minute."""

    poll_after: timedelta = timedelta(seconds=1)


#: How a change ended.
Outcome: TypeAlias = Union[Done[_T], AlreadyDone[_T], InProgress]


class DriverOptions(Mapping[str, str]):
    """The section ``[driver:<name>]`` of ``protector.conf``, as it is written. Printing it shows no value.

    >>> options = DriverOptions({"directory": "/srv/arrays", "token": "env:TOKEN"}, lambda option: "T-1")
    >>> options["directory"], options.secret("token"), options.secret("no-such-option")
    ('/srv/arrays', 'T-1', None)
    >>> options
    DriverOptions(directory, token)
    """

    def __init__(self, options: Mapping[str, str], secret: Callable[[str], str | None] | None = None) -> None:
        """``secret`` reads what ``env:``, ``file:`` and ``castellan:`` name."""
        self._options = dict(options)
        self._secret = secret

    def __getitem__(self, option: str) -> str:
        return self._options[option]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)

    def __repr__(self) -> str:
        return f"DriverOptions({', '.join(self._options)})"

    def secret(self, option: str) -> str | None:
        """An option that may be a reference to a secret: ``env:NAME``, ``file:PATH`` or ``castellan:<id>``.

        ``None`` if it is not set. Raises ``InvalidConfiguration`` if there is nothing where it points.
        """
        if option not in self._options:
            return None
        return self._options[option] if self._secret is None else self._secret(option)
