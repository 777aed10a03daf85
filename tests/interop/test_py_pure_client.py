"""The steps of a disaster recovery, taken by py-pure-client 1.96 at several REST versions."""

from __future__ import annotations

from typing import Any

import pytest
from pypureclient import flasharray as fa
from pypureclient.exceptions import PureError
from replies import done, item, items, names, refusal
from simulator import Simulator, wait_for

GIB = 1 << 30
SNAPSHOT = "arrA:pg1.dr-1"


def version(sim: Simulator) -> tuple[int, ...]:
    return tuple(map(int, sim.a.get_rest_version().split(".")))


def volumes(sim: Simulator) -> list[Any]:
    return items(sim.a.post_volumes(names=["v1", "v2"], volume=fa.VolumePost(provisioned=GIB)))


def replicated_group(sim: Simulator) -> None:
    """Group ``pg1`` of ``v1`` and ``v2``, which arrB allows to replicate."""
    volumes(sim)
    done(sim.a.post_protection_groups(names=["pg1"]))
    done(sim.a.post_protection_groups_volumes(group_names=["pg1"], member_names=["v1", "v2"]))
    done(sim.a.post_protection_groups_targets(group_names=["pg1"], member_names=["arrB"]))
    allow = fa.TargetProtectionGroupPostPatch(allowed=True)
    done(sim.b.patch_protection_groups_targets(group_names=["arrA:pg1"], target=allow))


def replicate(sim: Simulator, suffix: str = "dr-1") -> Any:
    """Takes a snapshot of ``pg1`` and sends it."""
    body = fa.ProtectionGroupSnapshotPost(suffix=suffix)
    return item(
        sim.a.post_protection_group_snapshots(
            source_names=["pg1"], replicate_now=True, apply_retention=True, protection_group_snapshot=body
        )
    )


def transfers(sim: Simulator) -> list[Any]:
    """What Cinder asks for: the complete transfers of the group, the newest first."""
    reply = sim.b.get_protection_group_snapshots_transfer(
        names=["arrA:pg1"], destroyed=False, filter='progress="1.0"', sort=["started-"]
    )
    return items(reply)


def replicated(sim: Simulator) -> None:
    replicated_group(sim)
    replicate(sim)
    wait_for(lambda: transfers(sim))


def test_the_client_takes_the_newest_version_that_is_advertised(sim: Simulator, rest: str) -> None:
    assert sim.a.get_rest_version() == rest
    array = item(sim.a.get_arrays())
    assert (array.name, array.os) == ("arrA", "Purity//FA")
    assert array.id != item(sim.b.get_arrays()).id
    assert item(sim.a.get_array_connections()).name == "arrB"


def test_volumes_are_made_once(sim: Simulator) -> None:
    made = volumes(sim)
    assert [(each.name, each.provisioned, each.destroyed) for each in made] == [("v1", GIB, False), ("v2", GIB, False)]
    assert len({each.serial for each in made}) == 2
    assert all(len(each.serial) == 24 for each in made)
    again = sim.a.post_volumes(names=["v1"], volume=fa.VolumePost(provisioned=GIB))
    assert refusal(again) == [("v1", "Volume already exists.")]
    assert refusal(sim.a.get_volumes(names=["nope"])) == [("nope", "Volume does not exist.")]
    assert sorted(names(sim.a.get_volumes(names=["v2", "v1"]))) == ["v1", "v2"]


def test_what_is_absent_cannot_be_read(sim: Simulator) -> None:
    """Cinder relies on it."""
    made = volumes(sim)[0]
    with pytest.raises(AttributeError):
        _ = made.pod.name
    with pytest.raises(AttributeError):
        _ = made.time_remaining


def test_a_group_is_replicated_once_its_target_allows_it(sim: Simulator) -> None:
    volumes(sim)
    group = item(sim.a.post_protection_groups(names=["pg1"]))
    assert (group.name, group.is_local, group.source.name, group.volume_count) == ("pg1", True, "arrA", 0)
    members = items(sim.a.post_protection_groups_volumes(group_names=["pg1"], member_names=["v1", "v2"]))
    assert [(each.group.name, each.member.name) for each in members] == [("pg1", "v1"), ("pg1", "v2")]
    again = refusal(sim.a.post_protection_groups_volumes(group_names=["pg1"], member_names=["v1"]))
    assert "already belongs to" in again[0][1]
    target = item(sim.a.post_protection_groups_targets(group_names=["pg1"], member_names=["arrB"]))
    assert (target.group.name, target.member.name, target.allowed) == ("pg1", "arrB", False)
    again = refusal(sim.a.post_protection_groups_targets(group_names=["pg1"], member_names=["arrB"]))
    assert "already includes" in again[0][1]
    image = item(sim.b.get_protection_groups(names=["arrA:pg1"]))
    assert (image.is_local, image.source.name, image.volume_count) == (False, "arrA", 2)
    allow = fa.TargetProtectionGroupPostPatch(allowed=True)
    assert item(sim.b.patch_protection_groups_targets(group_names=["arrA:pg1"], target=allow)).allowed
    again = refusal(sim.b.patch_protection_groups_targets(group_names=["arrA:pg1"], target=allow))
    assert "already allowed on" in again[0][1]
    seen = item(sim.a.get_protection_groups_targets(group_names=["pg1"]))
    assert seen.allowed
    if version(sim) >= (2, 37):
        assert seen.status == "replicating"


def test_a_schedule_is_kept_in_milliseconds_and_retention_in_seconds(sim: Simulator) -> None:
    replicated_group(sim)
    asked = fa.ProtectionGroup(
        replication_schedule=fa.ReplicationSchedule(frequency=300_000, enabled=True),
        target_retention=fa.RetentionPolicy(all_for_sec=3600, per_day=1, days=1),
    )
    done(sim.a.patch_protection_groups(names=["pg1"], protection_group=asked))
    group = item(sim.a.get_protection_groups(names=["pg1"]))
    assert (group.replication_schedule.enabled, group.replication_schedule.frequency) == (True, 300_000)
    retention = group.target_retention
    assert (retention.all_for_sec, retention.per_day, retention.days) == (3600, 1, 1)


def test_a_snapshot_arrives_complete(sim: Simulator) -> None:
    replicated_group(sim)
    taken = replicate(sim)
    assert (taken.name, taken.suffix, taken.source.name) == ("pg1.dr-1", "dr-1", "pg1")
    newest = wait_for(lambda: transfers(sim))[0]
    assert (newest.name, newest.progress) == (SNAPSHOT, 1.0)
    assert newest.started <= newest.completed
    named = item(sim.b.get_protection_group_snapshots_transfer(names=[SNAPSHOT]))
    assert named.completed == newest.completed
    held = items(sim.b.get_volume_snapshots(filter=f"name='{SNAPSHOT}.*'"))
    assert sorted(each.name for each in held) == [f"{SNAPSHOT}.v1", f"{SNAPSHOT}.v2"]
    assert {each.provisioned for each in held} == {GIB}
    replicate(sim, "dr-2")
    wait_for(lambda: len(transfers(sim)) == 2)
    assert [each.name for each in transfers(sim)] == ["arrA:pg1.dr-2", SNAPSHOT]
    assert set(names(sim.b.get_protection_group_snapshots(names=["arrA:pg1"]))) == {SNAPSHOT, "arrA:pg1.dr-2"}


def test_a_transfer_under_way_is_seen_and_not_taken_for_complete(start: Any) -> None:
    sim = start("--transfer-time", "1h")
    replicated_group(sim)
    replicate(sim)
    under_way = item(sim.b.get_protection_group_snapshots_transfer(names=[SNAPSHOT]))
    assert under_way.progress < 1
    with pytest.raises(AttributeError):
        _ = under_way.completed
    assert transfers(sim) == []
    assert names(sim.b.get_protection_group_snapshots(names=[SNAPSHOT])) == [SNAPSHOT]


def test_a_plain_snapshot_stays_where_it_was_taken(sim: Simulator) -> None:
    replicated_group(sim)
    body = fa.ProtectionGroupSnapshotPost(suffix="local-1")
    done(sim.a.post_protection_group_snapshots(source_names=["pg1"], protection_group_snapshot=body))
    replicate(sim)
    wait_for(lambda: transfers(sim))
    assert names(sim.b.get_protection_group_snapshots(names=["arrA:pg1"])) == [SNAPSHOT]


def test_many_volumes_are_copied_out_of_a_snapshot_at_once(sim: Simulator) -> None:
    replicated(sim)
    copies = [
        fa.VolumeBatchPost(name=f"dr-{name}", source=fa.Reference(name=f"{SNAPSHOT}.{name}")) for name in ("v1", "v2")
    ]
    if version(sim) < (2, 32):
        with pytest.raises((AttributeError, PureError)):
            sim.b.post_volumes_batch(volume=copies)
        return
    made = items(sim.b.post_volumes_batch(volume=copies, with_default_protection=False))
    assert [(each.name, each.provisioned) for each in made] == [("dr-v1", GIB), ("dr-v2", GIB)]
    assert [each.source.name for each in made] == ["arrA:v1", "arrA:v2"]
    again = sim.b.post_volumes_batch(volume=copies, with_default_protection=False)
    assert ("dr-v1", "Volume already exists.") in refusal(again)


def test_a_group_is_copied_out_of_a_snapshot(sim: Simulator) -> None:
    replicated(sim)
    copy = item(sim.b.post_protection_groups(names=["drpg"], source_names=[SNAPSHOT], overwrite=False))
    assert (copy.name, copy.is_local, copy.volume_count) == ("drpg", True, 2)
    assert sorted(names(sim.b.get_volumes(destroyed=False))) == ["v1", "v2"]


def test_a_volume_is_overwritten_from_a_snapshot(sim: Simulator) -> None:
    replicated(sim)
    copy = fa.VolumePost(source=fa.Reference(name=f"{SNAPSHOT}.v1"))
    made = item(sim.b.post_volumes(names=["dr-v1"], volume=copy))
    assert "already exists" in refusal(sim.b.post_volumes(names=["dr-v1"], volume=copy))[0][1]
    over = item(sim.b.post_volumes(names=["dr-v1"], overwrite=True, volume=copy))
    assert (over.id, over.serial, over.source.name) == (made.id, made.serial, "arrA:v1")


def test_destroyed_volumes_keep_their_names_until_they_are_eradicated(sim: Simulator) -> None:
    volumes(sim)
    both = ["v1", "v2"]
    assert refusal(sim.a.delete_volumes(names=["v1"])) == [("v1", "Volume is not destroyed.")]
    gone = items(sim.a.patch_volumes(names=both, volume=fa.VolumePatch(destroyed=True)))
    assert all(each.destroyed and 0 < each.time_remaining <= 86_400_000 for each in gone)
    assert names(sim.a.get_volumes(destroyed=False)) == []
    assert names(sim.a.get_volumes(destroyed=True)) == both
    assert refusal(sim.a.post_volumes(names=["v1"], volume=fa.VolumePost(provisioned=GIB)))
    done(sim.a.patch_volumes(names=["v1"], volume=fa.VolumePatch(destroyed=False)))
    done(sim.a.patch_volumes(names=["v1"], volume=fa.VolumePatch(destroyed=True)))
    done(sim.a.delete_volumes(names=both))
    assert names(sim.a.get_volumes()) == []
    assert len(volumes(sim)) == 2


def stretched(sim: Simulator) -> Any:
    """Pod ``pod1`` with volume ``pv``, on both arrays."""
    done(sim.a.post_pods(names=["pod1"], pod=fa.PodPost()))
    done(sim.a.post_volumes(names=["pod1::pv"], volume=fa.VolumePost(provisioned=GIB)))
    if version(sim) >= (2, 36):
        done(sim.a.post_pods_members(pod_names=["pod1"], member_names=["arrB"]))
    else:
        done(sim.a.post_pods_arrays(group_names=["pod1"], member_names=["arrB"]))

    def online() -> Any:
        pod = item(sim.a.get_pods(names=["pod1"]))
        return {each.name: each.status for each in pod.arrays} == {"arrA": "online", "arrB": "online"} and pod

    return wait_for(online)


def test_a_pod_is_stretched_and_its_volumes_are_on_both_arrays(sync_sim: Simulator) -> None:
    pod = stretched(sync_sim)
    assert (pod.array_count, pod.promotion_status) == (2, "promoted")
    there = item(sync_sim.b.get_volumes(filter="pod.name='pod1'"))
    here = item(sync_sim.a.get_volumes(names=["pod1::pv"]))
    assert (there.name, there.serial, there.pod.name) == ("pod1::pv", here.serial, "pod1")


def test_a_stretched_pod_is_not_demoted(sync_sim: Simulator) -> None:
    stretched(sync_sim)
    demoted = fa.PodPatch(requested_promotion_state="demoted")
    assert refusal(sync_sim.a.patch_pods(names=["pod1"], pod=demoted, skip_quiesce=True))
    assert item(sync_sim.a.get_pods(names=["pod1"])).promotion_status == "promoted"


def test_a_pod_is_not_stretched_over_a_connection_for_asynchronous_replication(sim: Simulator) -> None:
    done(sim.a.post_pods(names=["pod1"], pod=fa.PodPost()))
    assert refusal(sim.a.post_pods_arrays(group_names=["pod1"], member_names=["arrB"]))
    assert item(sim.a.get_pods(names=["pod1"])).array_count == 1
