"""The driver for Pure Storage FlashArrays."""

from __future__ import annotations

import logging
import os
from types import TracebackType

from protector.engine.storage import ConfiguredArrays
from protector.engine.storage.arrays import FlashArray
from protector.exceptions import InvalidRequest

LOG = logging.getLogger(__name__)


class PureStorageDriver(ConfiguredArrays):
    """Two FlashArrays that replicate to each other, to be asked. Tokens are kept out of ``repr``, logs and errors.

    >>> driver = PureStorageDriver(
    ...     primary_array_url="https://fa-boston-01.example.com", primary_array_api_token="T-1",
    ...     secondary_array_url="https://fa-seattle-01.example.com", secondary_array_api_token="T-2",
    ... )
    >>> driver
    PureStorageDriver(primary=fa-boston-01.example.com, secondary=fa-seattle-01.example.com)
    >>> driver.secondary_array
    FlashArray(fa-seattle-01.example.com)

    With arrays that answer, ``driver.secondary_array.newest_complete("fa-boston-01:pg-web").age`` is how old the data
    there is. As a context manager it ends its sessions.
    """

    def __init__(
        self,
        *,
        primary_array_url: str,
        primary_array_api_token: str,
        secondary_array_url: str,
        secondary_array_api_token: str,
        ca_file: str | os.PathLike[str] | None = None,
        primary_fingerprint: str | None = None,
        secondary_fingerprint: str | None = None,
        danger_accept_any_certificate: bool = False,
    ) -> None:
        """Sends nothing yet.

        Certificates are accepted by the narrowest of what is given: the one with the SHA-256 fingerprint; those issued
        by an authority in ``ca_file`` and no others; any at all; else those that this machine trusts.

        Raises ``InvalidRequest`` for a URL that is not ``https://HOST[:PORT]`` and for an empty token,
        ``InvalidConfiguration`` for a CA file or fingerprint that cannot be read.
        """
        self.primary_array = FlashArray(
            "primary",
            primary_array_url,
            _token("primary_array_api_token", primary_array_api_token),
            ca_file=ca_file,
            fingerprint=primary_fingerprint,
            danger_accept_any_certificate=danger_accept_any_certificate,
        )
        self.secondary_array = FlashArray(
            "secondary",
            secondary_array_url,
            _token("secondary_array_api_token", secondary_array_api_token),
            ca_file=ca_file,
            fingerprint=secondary_fingerprint,
            danger_accept_any_certificate=danger_accept_any_certificate,
        )
        if self.primary == self.secondary:
            raise InvalidRequest(
                f"primary_array_url and secondary_array_url name the same array '{self.primary}'",
                remedy="name the two arrays that replicate to each other",
            )
        LOG.info("PureStorageDriver initialized: primary=%s secondary=%s", self.primary, self.secondary)
        if danger_accept_any_certificate:
            LOG.warning("danger_accept_any_certificate is set: anybody may pass for an array and read its API token")

    def __repr__(self) -> str:
        return f"PureStorageDriver(primary={self.primary}, secondary={self.secondary})"

    def __enter__(self) -> PureStorageDriver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def primary(self) -> str:
        """``HOST[:PORT]`` of the primary array."""
        return self.primary_array.host

    @property
    def secondary(self) -> str:
        """``HOST[:PORT]`` of the secondary array."""
        return self.secondary_array.host

    def close(self) -> None:
        """Ends the sessions on both arrays, if there are any."""
        self.primary_array.close()
        self.secondary_array.close()


def _token(name: str, token: str) -> str:
    if not token.strip():
        raise InvalidRequest(f"{name} is empty", remedy=f"set [storage] {name}")
    return token
