"""Lists every volume snapshot of a group with py-pure-client; without ``list`` in the order, does all but that."""

from __future__ import annotations

from contender import client, items, measured, order


def volume_snapshots() -> int:
    if asked.list:
        # kept until the end, as by anyone who works on them
        found.extend(array.get_volume_snapshots(filter=f"name='{asked.group}.*'", destroyed=False).items)
    return len(found)


asked = order()
array = client(asked)
found: list[object] = []
items(array.get_arrays())
measured(volume_snapshots, counts="items")
