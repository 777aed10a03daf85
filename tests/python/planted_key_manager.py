"""A backend for Castellan that keeps two secrets, and one that is broken."""

from __future__ import annotations

import time
from typing import Any

import planted
from castellan.common import exception
from castellan.common.objects.passphrase import Passphrase

SECRET = planted.token("key-manager")
SECRETS = {"7b1c": SECRET, "two-words": f"{SECRET} {SECRET}", "empty": ""}


class KeyManager:
    """As much of one as is asked for."""

    def __init__(self, configuration: Any) -> None:
        self.configuration = configuration

    def get(self, context: Any, managed_object_id: str, metadata_only: bool = False) -> Any:
        """The secret."""
        assert not metadata_only
        if managed_object_id == "broken":
            raise ConnectionError(f"Barbican sent back {SECRET}")
        if managed_object_id == "silent":
            time.sleep(60)
        if managed_object_id == "binary":
            return Passphrase(SECRET.encode() + b"\xff")
        if managed_object_id == "who-asks":
            return Passphrase(f"{context.auth_url}".encode())
        if managed_object_id not in SECRETS:
            raise exception.ManagedObjectNotFoundError(uuid=managed_object_id)
        return Passphrase(SECRETS[managed_object_id].encode())
