"""``protector-engine``: executes what was accepted, takes over what a dead worker left, and watches.

:mod:`.service` is the loop; what it takes and what it says is decided in :mod:`.decide`, without looking at anything.
Several workers may share a store, on one host or on many: the lease of an operation lets one of them execute it, and
those that come late hear a ``Conflict``, which is no error here.
"""
