"""The line between the engines of two sites. Both ends of it are in the core; this is only the wire."""

from __future__ import annotations

import json
from typing import Any

from protector.api.asked import Asked

#: Longest question, in bytes: a group of some thousand servers with all that is known about them.
LONGEST = 64 * 1024 * 1024


def ask(asked: Asked) -> dict[str, Any]:
    """Answers the engine of the other site. Questions and answers may hold array tokens; no person needs them."""
    return {"answer": json.loads(asked.engine.answer_peer(json.dumps(asked.body["question"])))}
