"""The driver for Pure Storage FlashArrays."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from protector.engine.storage import StorageDriver
from protector.exceptions import InvalidRequest

LOG = logging.getLogger(__name__)


class PureStorageDriver(StorageDriver):
    """Two FlashArrays that replicate to each other. Tokens are kept out of ``repr``, logs and errors.

    >>> PureStorageDriver(
    ...     primary_array_url="https://fa-boston-01.example.com", primary_array_api_token="T-1",
    ...     secondary_array_url="https://fa-seattle-01.example.com", secondary_array_api_token="T-2",
    ... )
    PureStorageDriver(primary=fa-boston-01.example.com, secondary=fa-seattle-01.example.com)
    """

    def __init__(
        self,
        *,
        primary_array_url: str,
        primary_array_api_token: str,
        secondary_array_url: str,
        secondary_array_api_token: str,
    ) -> None:
        """Raises ``InvalidRequest`` for a URL that is not ``https://HOST[:PORT]``, or an empty token."""
        self.primary = _host("primary_array_url", primary_array_url)
        self.secondary = _host("secondary_array_url", secondary_array_url)
        if self.primary == self.secondary:
            raise InvalidRequest(
                f"primary_array_url and secondary_array_url name the same array '{self.primary}'",
                remedy="name the two arrays that replicate to each other",
            )
        self._tokens = (
            _token("primary_array_api_token", primary_array_api_token),
            _token("secondary_array_api_token", secondary_array_api_token),
        )
        LOG.info("PureStorageDriver initialized: primary=%s secondary=%s", self.primary, self.secondary)

    def __repr__(self) -> str:
        return f"PureStorageDriver(primary={self.primary}, secondary={self.secondary})"


def _host(name: str, url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme != "https":
        raise InvalidRequest(f"{name} '{_shown(url)}' is not an HTTPS URL", remedy="write https://<array address>")
    if not parts.hostname or parts.username or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise InvalidRequest(
            f"{name} '{_shown(url)}' is not the address of an array", remedy="write https://<array address>[:port]"
        )
    return parts.netloc.lower()


def _shown(url: str) -> str:
    """The URL as an error may show it: without user and password."""
    before, at, after = url.rpartition("@")
    return f"***@{after}" if at else before + after


def _token(name: str, token: str) -> str:
    if not token.strip():
        raise InvalidRequest(f"{name} is empty", remedy=f"set [storage] {name}")
    return token
