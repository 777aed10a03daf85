"""The ids of Cinder's objects, which both a session and its test have to know."""

import uuid


def identifier(name: str) -> str:
    """The same for the same name, so that traces can be compared."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))
