"""Storage drivers by name: :mod:`~protector.engine.storage.pure` and :mod:`~protector.engine.storage.mock`.

The engine opens its drivers itself, from the configuration. The classes here are the names that services and runbooks
import: they check their configuration, and :mod:`~protector.engine.storage.pure` asks the arrays. A change is never
made through them (``NotSupported``): :class:`protector.Engine` makes changes, by plans that it journals.
"""

from __future__ import annotations

from protector.exceptions import NotSupported


class StorageDriver:
    """Base class of the storage drivers."""

    def create_protection_group_snapshot(self, group: str) -> None:
        """Replicates ``group`` now. Raises ``NotSupported``: use :meth:`protector.Engine.sync`."""
        raise NotSupported(
            f"{type(self).__name__} changes nothing on its own: no snapshot of '{group}' was taken",
            remedy="openstack protector consistency-group sync <protection-group>",
        )
