"""Storage drivers: :class:`StorageDriver` is the base of those written in Python.

The engine opens its own drivers itself, from the configuration. :mod:`~protector.engine.storage.pure` and
:mod:`~protector.engine.storage.mock` are the names that services and runbooks import for them: they check their
configuration, and :mod:`~protector.engine.storage.pure` asks the arrays. A change is never made through them
(``NotSupported``): :class:`protector.Engine` makes changes, by plans that it journals.
"""

from __future__ import annotations

from protector.engine.storage.driver import StorageDriver as StorageDriver
from protector.exceptions import NotSupported


class ConfiguredArrays:
    """What the names for the engine's own drivers have in common."""

    def create_protection_group_snapshot(self, group: str) -> None:
        """Replicates ``group`` now. Raises ``NotSupported``: use :meth:`protector.Engine.sync`."""
        raise NotSupported(
            f"{type(self).__name__} changes nothing on its own: no snapshot of '{group}' was taken",
            remedy="openstack protector consistency-group sync <protection-group>",
        )
