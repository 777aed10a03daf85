use super::*;
use crate::model::{
    ArrayVolumeId, Discard, DiskCopy, Divergence, Epoch, LedgerEntry, LedgerState, LedgerVolume, MemberStatus,
    MetadataVersion, RetainedCopy, Unfinished, UnimportedClone,
};
use crate::rules::testing;
use proptest::prelude::*;

const A: &str = "site-a";
const B: &str = "site-b";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn copy(volume: &str) -> DiskCopy {
    DiskCopy {
        volume_id: volume.into(),
        array_volume: format!("array-{volume}").into(),
        array_volume_id: format!("id-{volume}").into(),
        cloned_under: Some("op-forced/clone_volumes".into()),
    }
}

fn entry(id: &str, site: &str, volume: &str, state: LedgerState) -> LedgerEntry {
    let DiskCopy { volume_id, array_volume, array_volume_id, .. } = copy(volume);
    LedgerEntry {
        id: id.into(),
        operation: "op-forced".into(),
        site: site.into(),
        group: "pg-web".into(),
        point: "arrA:pg-web.5".into(),
        data_time: at(5),
        volumes: vec![LedgerVolume {
            disk: "web-volume".into(),
            volume_id: Some(volume_id),
            array_volume,
            array_volume_id,
        }],
        since: at(6),
        state,
        evidence: None,
        snapshot: (state == LedgerState::Preserved).then(|| "kept".into()),
        discarded: None,
    }
}

/// At home, as both sites hold it.
fn base() -> GroupRecord {
    let mut record = testing::record("web");
    record.version = MetadataVersion(5);
    record.members[0].disks[0].copies.insert(A.into(), copy("original"));
    record
}

/// site-b took over without a word to site-a.
fn forced() -> GroupRecord {
    let mut record = base();
    record.version = MetadataVersion(8);
    record.group.epoch = Epoch(2);
    record.group.current_primary_site = B.into();
    record.group.protection = Protection::Unprotected;
    let member = &mut record.members[0];
    member.status = MemberStatus::FailedOver;
    member.servers.insert(B.into(), "made-server".into());
    member.disks[0].copies.insert(B.into(), copy("clone"));
    record.divergence = Some(Divergence { operation: "op-forced".into(), since: at(6), absent_site: A.into() });
    record.ledger.push(entry("diverged-forced", A, "original", LedgerState::Suspected));
    record.fences_due.push(FenceDue {
        site: A.into(),
        group: "pg-web".into(),
        servers: vec!["web-server".into()],
        since: at(6),
        operation: "op-forced".into(),
    });
    record
}

/// site-a went on meanwhile, at home.
fn stayed() -> GroupRecord {
    let mut record = base();
    record.version = MetadataVersion(6);
    record.group.priority = 7;
    record
}

fn won(winner: &str, wins: &GroupRecord, loses: &GroupRecord) -> GroupRecord {
    reconcile(Sides { winner: &winner.into(), wins, loses }, &"reconcile-1".into(), at(100))
}

fn volumes(record: &GroupRecord) -> BTreeSet<(SiteName, ArrayVolumeId)> {
    let copies = record.disks().flat_map(|(_, disk)| disk.copies.iter());
    let copies = copies.map(|(site, copy)| (site.clone(), copy.array_volume_id.clone()));
    let retained = record.retained.iter().map(|copy| (copy.site.clone(), copy.array_volume_id.clone()));
    let of = |entry: &LedgerEntry| {
        let site = entry.site.clone();
        entry.volumes.iter().map(move |volume| (site.clone(), volume.array_volume_id.clone())).collect::<Vec<_>>()
    };
    let clones = record.unfinished.iter().flat_map(|unfinished| &unfinished.clones);
    let clones = clones.map(|clone| (record.group.current_primary_site.clone(), clone.array_volume_id.clone()));
    copies.chain(retained).chain(record.ledger.iter().flat_map(of)).chain(clones).collect()
}

/// What is decided and known, without what says when and how often.
fn facts(record: &GroupRecord) -> GroupRecord {
    let mut bare = record.clone();
    bare.version = MetadataVersion(0);
    bare.group.updated_at = at(0);
    bare
}

#[test]
fn the_site_that_took_over_wins() {
    let next = won(B, &forced(), &stayed());
    assert_eq!((next.version, next.group.epoch), (MetadataVersion(9), Epoch(2)));
    assert_eq!((next.group.current_primary_site.as_str(), next.group.priority), (B, 0));
    assert_eq!(next.divergence, None);
    assert_eq!(next.fences_due.len(), 1, "{next:#?}");
    assert_eq!((&next.fences_due[0].servers, next.fences_due[0].since), (&vec!["web-server".into()], at(6)));
    // what site-a may hold is suspected already
    assert_eq!(next.ledger, forced().ledger);
}

#[test]
fn the_site_that_was_left_wins() {
    let next = won(A, &stayed(), &forced());
    assert_eq!((next.version, next.group.epoch), (MetadataVersion(9), Epoch(3)), "roles on site-b change by it");
    assert_eq!((next.group.current_primary_site.as_str(), next.group.priority), (A, 7));
    assert_eq!(next.group.protection, Protection::Unprotected);
    // production is neither stopped nor suspected, but site-b is
    let due: Vec<_> = next.fences_due.iter().map(|due| (due.site.as_str(), due.servers[0].as_str())).collect();
    assert_eq!(due, [(B, "made-server")]);
    let ledger: Vec<_> = next.ledger.iter().map(|e| (e.site.as_str(), e.state, e.data_time)).collect();
    assert_eq!(ledger, [(B, LedgerState::Suspected, at(5))]);
    assert_eq!(next.ledger[0].operation.as_str(), "op-forced");
    // its server and its volume stand for the member there, so that a move there finds them
    let member = &next.members[0];
    assert_eq!(member.server_on(&B.into()).map(ServerId::as_str), Some("made-server"));
    assert_eq!(member.disks[0].copies.get(&SiteName::from(B)), Some(&copy("clone")));
    assert_eq!(member.status, MemberStatus::Protected);
}

/// What a move there left before is retained, as after the move itself.
#[test]
fn older_copies_of_the_winner_are_retained() {
    let mut wins = stayed();
    wins.members[0].disks[0].copies.insert(B.into(), copy("older"));
    let mut loses = forced();
    let next = won(A, &wins, &loses);
    let retained: Vec<_> = next.retained.iter().map(|copy| (copy.site.as_str(), copy.volume_id.as_str())).collect();
    assert_eq!(retained, [(B, "older")]);
    // the loser knows that, too, and it is not said twice
    loses.retained.push(RetainedCopy { since: at(7), ..next.retained[0].clone() });
    assert_eq!(won(A, &wins, &loses).retained.len(), 1);
    // what is in use is never retained: it would be released
    loses.retained.push(RetainedCopy {
        site: A.into(),
        volume_id: "original".into(),
        array_volume_id: "id-original".into(),
        ..next.retained[0].clone()
    });
    assert_eq!(won(A, &wins, &loses).retained.len(), 1);
}

#[test]
fn members_that_the_loser_alone_has_leave_their_volumes() {
    let mut loses = forced();
    let mut app = testing::record("app").members.remove(0);
    app.servers.insert(B.into(), "app-made".into());
    app.disks[0].copies.insert(B.into(), copy("app-clone"));
    loses.members.push(app);
    let (wins, known) = (stayed(), volumes(&loses));
    let next = won(A, &wins, &loses);
    assert_eq!(next.members.len(), 1);
    assert!(volumes(&next).is_superset(&known), "{next:#?}");
    assert!(next.fences_due[0].servers.contains(&"app-made".into()), "{next:#?}");
    let sides = Sides { winner: &A.into(), wins: &wins, loses: &loses };
    let said = consequences(sides, &next).join("\n");
    for part in ["made-server", "app-made", "member 'app' leaves", "reprotect web", "divergence discard web", "epoch"] {
        assert!(said.contains(part), "'{part}' is not in:\n{said}");
    }
}

#[test]
fn clones_that_cinder_did_not_take_over_are_kept() {
    let clone =
        UnimportedClone { disk: "web-volume".into(), array_volume: "dr-1".into(), array_volume_id: "id-dr-1".into() };
    let mut loses = forced();
    loses.unfinished =
        Some(Unfinished { operation: "op-forced".into(), mappings: Default::default(), clones: vec![clone] });
    let next = won(A, &stayed(), &loses);
    assert_eq!(next.unfinished, None);
    let kept = next.ledger.iter().flat_map(|e| &e.volumes).find(|volume| volume.array_volume_id.as_str() == "id-dr-1");
    assert_eq!(kept.map(|volume| volume.volume_id.clone()), Some(None), "{:#?}", next.ledger);
}

#[test]
fn what_both_know_of_one_entry() {
    let discarded = |mut entry: LedgerEntry| {
        entry.state = LedgerState::Discarded;
        entry.discarded = Some(Discard { by: "ops".into(), reason: "old".into(), at: at(9) });
        entry
    };
    let one = |state| entry("diverged-1", A, "left", state);
    use LedgerState::{Confirmed, Discarded, Preserved, Suspected};
    let cases = [
        (one(Suspected), one(Confirmed), Confirmed),
        (one(Suspected), one(Preserved), Preserved),
        (one(Preserved), one(Suspected), Preserved),
        // giving up is a decision, and the winner decides
        (one(Preserved), discarded(one(Preserved)), Preserved),
        (discarded(one(Preserved)), one(Preserved), Discarded),
    ];
    for (ours, theirs, expected) in cases {
        let (mut wins, mut loses) = (stayed(), stayed());
        (wins.ledger, loses.ledger) = (vec![ours], vec![theirs]);
        let next = won(A, &wins, &loses);
        assert_eq!(next.ledger.iter().map(|e| e.state).collect::<Vec<_>>(), [expected]);
        assert_eq!(next.ledger[0].snapshot.is_some(), expected >= Preserved);
    }
}

/// The site where the workload stays is not to be fenced; that it may have been is said.
#[test]
fn a_fence_that_was_made_on_the_winner_is_named() {
    let mut loses = forced();
    loses.fences_due.clear();
    let wins = stayed();
    let next = won(A, &wins, &loses);
    let said = consequences(Sides { winner: &A.into(), wins: &wins, loses: &loses }, &next).join("\n");
    assert!(said.contains("has stopped the servers and fenced the volumes of site-a"), "{said}");
}

fn any_record() -> impl Strategy<Value = GroupRecord> {
    let site = prop::sample::select(vec![A, B]);
    let volume = || prop::sample::select(vec!["v1", "v2", "v3", "v4"]);
    let state = prop::sample::select(vec![LedgerState::Suspected, LedgerState::Confirmed, LedgerState::Preserved]);
    let ledger = prop::collection::vec((prop::sample::select(vec!["d1", "d2"]), site.clone(), volume(), state), 0..3);
    let retained = prop::collection::vec((site.clone(), volume()), 0..3);
    let copies = (prop::option::of(volume()), prop::option::of(volume()));
    let due = prop::option::of((site.clone(), prop::sample::select(vec!["s1", "s2"])));
    let clone = prop::option::of(volume());
    let group = (site, 1u64..9, 1u64..4, any::<bool>());
    (group, copies, retained, ledger, due, clone).prop_map(|(group, copies, retained, ledger, due, clone)| {
        let (primary, version, epoch, protected) = group;
        let mut record = base();
        record.version = MetadataVersion(version);
        record.group.epoch = Epoch(epoch);
        record.group.current_primary_site = primary.into();
        record.group.protection = if protected { Protection::Protected } else { Protection::Unprotected };
        let member = &mut record.members[0];
        member.servers.insert(primary.into(), format!("server-{primary}-{version}").into());
        for (site, copy_of) in [(A, copies.0), (B, copies.1)] {
            if let Some(volume) = copy_of {
                member.disks[0].copies.insert(site.into(), copy(volume));
            }
        }
        for (n, (site, volume)) in retained.into_iter().enumerate() {
            let DiskCopy { volume_id, array_volume, array_volume_id, cloned_under } = copy(volume);
            let (disk, operation) = ("web-volume".into(), format!("op-{n}").into());
            let site = site.into();
            record.retained.push(RetainedCopy {
                site,
                disk,
                volume_id,
                array_volume,
                array_volume_id,
                cloned_under,
                operation,
                since: at(1),
            });
        }
        let named =
            ledger.into_iter().map(|(id, site, volume, state)| entry(&format!("{id}-{site}"), site, volume, state));
        for entry in named {
            if record.ledger.iter().all(|known| known.id != entry.id) {
                record.ledger.push(entry);
            }
        }
        if let Some((site, server)) = due {
            let (site, group) = (site.into(), "pg-web".into());
            let servers = vec![server.into()];
            record.fences_due.push(FenceDue { site, group, servers, since: at(2), operation: "op-due".into() });
        }
        record.unfinished = clone.map(|volume| Unfinished {
            operation: "op-unfinished".into(),
            mappings: Default::default(),
            clones: vec![UnimportedClone {
                disk: "web-volume".into(),
                array_volume: format!("dr-{volume}").into(),
                array_volume_id: format!("id-dr-{volume}").into(),
            }],
        });
        record
    })
}

proptest! {
    /// I-15, I-46: whoever wins, no volume that either side knew is lost, and the site that is left waits to be fenced.
    #[test]
    fn nothing_is_lost(wins in any_record(), loses in any_record()) {
        let next = won(A, &wins, &loses);
        let mut known = volumes(&wins);
        known.extend(volumes(&loses));
        let kept = volumes(&next);
        prop_assert!(kept.is_superset(&known), "lost {:?} of {next:#?}", known.difference(&kept).collect::<Vec<_>>());
        let left = &loses.group.current_primary_site;
        let stays = &next.group.current_primary_site;
        prop_assert!(left == stays || next.owes_fence(left));
        prop_assert!(!next.owes_fence(stays), "production waits to be fenced");
        // what would be released is in use nowhere
        let in_use: BTreeSet<_> = next.disks().flat_map(|(_, d)| d.copies.iter()).map(|(s, c)| (s, &c.array_volume_id)).collect();
        prop_assert!(next.retained.iter().all(|copy| !in_use.contains(&(&copy.site, &copy.array_volume_id))));
    }

    #[test]
    fn the_winner_decides(wins in any_record(), loses in any_record()) {
        let next = won(A, &wins, &loses);
        prop_assert_eq!(&next.group.current_primary_site, &wins.group.current_primary_site);
        prop_assert_eq!(&next.policy, &wins.policy);
        prop_assert_eq!(&next.unfinished, &wins.unfinished);
        let names = |record: &GroupRecord| record.members.iter().map(|m| (m.id.clone(), m.status)).collect::<Vec<_>>();
        prop_assert_eq!(names(&next), names(&wins));
        let stays = &wins.group.current_primary_site;
        let there = |record: &GroupRecord| {
            record.disks().map(|(m, d)| (m.server_on(stays).cloned(), d.copies.get(stays).cloned())).collect::<Vec<_>>()
        };
        prop_assert_eq!(there(&next), there(&wins), "what is there where the workload stays");
        prop_assert!(next.version > wins.version && next.version > loses.version);
        prop_assert!(next.group.epoch >= wins.group.epoch && next.group.epoch >= loses.group.epoch);
        let moved = wins.group.current_primary_site != loses.group.current_primary_site;
        prop_assert!(!moved || next.group.epoch > loses.group.epoch, "I-06");
    }

    /// Done again, from wherever it got to, it changes nothing more.
    #[test]
    fn again_changes_nothing(wins in any_record(), loses in any_record()) {
        let next = won(A, &wins, &loses);
        prop_assert_eq!(facts(&won(A, &next, &next)), facts(&next), "both hold it");
        prop_assert_eq!(facts(&won(A, &next, &loses)), facts(&next), "the winner holds it");
    }
}
