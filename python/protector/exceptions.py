"""Every error of the engine, one class per kind.

A kind says what the caller may do next; the classes are written in Python so that they have attributes and pickle.

>>> try:
...     engine.protection_group_show("no-such-group")
... except NotFound as error:
...     print(error.code, error.retryable)
...     print(error.message)
not_found False
protection group 'no-such-group' does not exist
"""

from __future__ import annotations

from typing import Any, ClassVar


class ProtectorException(Exception):
    """What went wrong, with which value, and what to do about it. Base of every exception of this package."""

    #: Stable, machine-readable name of the kind.
    code: ClassVar[str] = "internal"
    #: Whether the very same call may pass later without anybody mending anything.
    retryable: ClassVar[bool] = False
    #: The message never holds a secret, so it may be shown to the tenant and logged.
    safe: ClassVar[bool] = True

    def __init__(self, message: str = "", remedy: str | None = None, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        #: What went wrong and with which value, without the remedy.
        self.message = message
        #: What to do, best as a command line.
        self.remedy = remedy
        #: What a program may want to know beside the message, for example the findings of a blocked plan.
        self.details: dict[str, Any] = dict(details or {})

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.remedy, self.details)


class InvalidRequest(ProtectorException, ValueError):
    """The request itself is wrong: mend the named field."""

    code = "invalid_request"


class InvalidConfiguration(ProtectorException, ValueError):
    """The configuration is wrong: mend the named file and line."""

    code = "invalid_configuration"


class NotFound(ProtectorException, LookupError):
    """The named object does not exist."""

    code = "not_found"


class AlreadyExists(ProtectorException):
    """An object of that name or identity exists already."""

    code = "already_exists"


class Conflict(ProtectorException):
    """Somebody else acted or owns it: a foreign array group, another version, another executor. A human decides."""

    code = "conflict"


class PreconditionFailed(ProtectorException):
    """The world differs from what the call needs (role, transfer, link). Plan again."""

    code = "precondition"


class NotEligible(ProtectorException):
    """A volume or volume type breaks an eligibility rule. Every violation is in the message."""

    code = "not_eligible"


class PlanBlocked(ProtectorException):
    """The plan has blockers. ``details["findings"]`` says which consents or remedies exist."""

    code = "plan_blocked"


class PlanStale(ProtectorException):
    """The world changed since the plan was made. Plan again."""

    code = "plan_stale"


class PeerUnreachable(ProtectorException, ConnectionError):
    """The other site cannot be reached, so the change was refused and nothing was written."""

    code = "peer_unreachable"
    retryable = True


class Unreachable(ProtectorException, ConnectionError):
    """An endpoint (array, cloud, database) cannot be reached."""

    code = "unreachable"
    retryable = True


class Unauthenticated(ProtectorException):
    """Credentials were rejected."""

    code = "unauthenticated"


class Forbidden(ProtectorException):
    """Credentials are valid but not sufficient."""

    code = "forbidden"


class TransientError(ProtectorException):
    """Would probably pass later. Retry with backoff until the deadline."""

    code = "transient"
    retryable = True


class Indeterminate(ProtectorException):
    """The request may or may not have been applied. Observe first, then decide."""

    code = "indeterminate"


class DeadlineExceeded(ProtectorException, TimeoutError):
    """The deadline passed. The journal says how far it came."""

    code = "deadline_exceeded"
    retryable = True


class Cancelled(ProtectorException):
    """The caller asked to stop. The journal is kept; ``Engine.run`` continues."""

    code = "cancelled"


class PendingEradication(ProtectorException):
    """The object was destroyed but can still be recovered."""

    code = "pending_eradication"


class LimitReached(ProtectorException):
    """A limit of the array or cloud was reached."""

    code = "limit_reached"


class NotSupported(ProtectorException):
    """The endpoint or this build cannot do it."""

    code = "unsupported"


class DataSafety(ProtectorException):
    """Executing would break a data-safety rule, for example remove the last recovery point."""

    code = "data_safety"


class StorageError(ProtectorException):
    """A local file or database cannot be read or written."""

    code = "storage"


class InternalError(ProtectorException):
    """A defect of the engine or an unreadable reply. Please report it."""

    code = "internal"


#: Class by code.
BY_CODE: dict[str, type[ProtectorException]] = {cls.code: cls for cls in ProtectorException.__subclasses__()}


def from_code(code: str, message: str, remedy: str | None) -> ProtectorException:
    """Makes the exception for an error kind; a kind that this package does not know gives the base class."""
    return BY_CODE.get(code, ProtectorException)(message, remedy)
