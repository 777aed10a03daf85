"""The storage part of a failover as a capable engineer writes it with py-pure-client.

``batch`` in the order: all clones in one request (``POST volumes/batch``, REST 2.32 and later); else one after another.
"""

from __future__ import annotations

from contender import client, items, measured, order
from pypureclient.flasharray import Reference, VolumeBatchPost, VolumePost


def fail_over() -> int:
    transfers = items(array.get_protection_group_snapshots_transfer(names=[asked.group], destroyed=False))
    complete = [each for each in transfers if each.progress == 1.0 and getattr(each, "completed", None)]
    newest = max(complete, key=lambda each: each.started).name
    snapshots = items(array.get_volume_snapshots(filter=f"name='{newest}.*'", destroyed=False))
    clones = {f"{asked.prefix}-{each.name.rpartition('.')[2]}": each.name for each in snapshots}
    if asked.batch:
        bodies = [VolumeBatchPost(name=name, source=Reference(name=source)) for name, source in clones.items()]
        items(array.post_volumes_batch(volume=bodies, with_default_protection=False))
    else:
        for name, source in clones.items():
            body = VolumePost(source=Reference(name=source))
            items(array.post_volumes(names=[name], volume=body, with_default_protection=False))
    found = items(array.get_volumes(filter=f"name='{asked.prefix}-*'", destroyed=False))
    verified = [each for each in found if is_of(clones[each.name], each.source.name)]
    if len(verified) != len(clones):
        raise SystemExit(f"{len(verified)} of {len(clones)} clones are there")
    return len(verified)


def is_of(snapshot: str, source: str) -> bool:
    """Whether a clone's source is that snapshot: of a replicated one the array names the volume on the source array."""
    return source == f"{snapshot.partition(':')[0]}:{snapshot.rpartition('.')[2]}"


asked = order()
array = client(asked)
items(array.get_arrays())
measured(fail_over, counts="clones")
