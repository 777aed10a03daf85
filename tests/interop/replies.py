"""What a client of py-pure-client gets, as a test wants it."""

from __future__ import annotations

from typing import Any


def items(reply: Any) -> list[Any]:
    """The items of a success."""
    assert reply.status_code == 200, reply
    return list(reply.items)


def item(reply: Any) -> Any:
    """The one item of a success."""
    found = items(reply)
    assert len(found) == 1, found
    return found[0]


def names(reply: Any) -> list[str]:
    """The names of the items of a success."""
    return [each.name for each in items(reply)]


def done(reply: Any) -> None:
    """A success that has nothing to tell."""
    assert reply.status_code == 200, reply


def refusal(reply: Any) -> list[tuple[str | None, str]]:
    """Context and message of each error of a refused request."""
    assert reply.status_code == 400, reply
    return [(each.context, each.message) for each in reply.errors]
