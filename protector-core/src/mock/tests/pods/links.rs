use super::*;
use crate::mock::{Promotion, ReplicaLinkRow};

/// Pod `p` of `a` with volume `p::v`, replicated to `q` of `b`; all but the data are there.
fn linked() -> Pair {
    let pair = Pair::new();
    pair.on("a", |tx| tx.create_pod("p")).unwrap();
    pair.volume("a", "p::v");
    pair.group("a", "p::pg", "p::v");
    pair.on("b", |tx| tx.create_pod("q")).unwrap();
    demote(&pair, "b", "q", true).unwrap();
    create(&pair, "p", "q").unwrap();
    pair
}

fn create(pair: &Pair, local: &str, remote: &str) -> Result<ReplicaLinkRow> {
    pair.with("a", local, |tx, pod| tx.create_replica_link(pod, "b", remote, false))
}

fn demote(pair: &Pair, array: &str, pod: &str, skip_quiesce: bool) -> Result<()> {
    pair.with(array, pod, |tx, pod| tx.demote_pod(pod, skip_quiesce))
}

fn promote(pair: &Pair, array: &str, pod: &str) -> Result<()> {
    pair.with(array, pod, |tx, pod| tx.promote_pod(pod, None, false))
}

fn link(pair: &Pair, array: &str) -> ReplicaLinkRow {
    let [link] = <[_; 1]>::try_from(pair.0.read_array(&array.into(), |tx| tx.replica_links()).unwrap()).unwrap();
    link
}

fn status(pair: &Pair) -> &'static str {
    link(pair, "a").status.as_str()
}

fn lag(pair: &Pair) -> Option<i64> {
    let now = pair.on("a", |tx| Ok(tx.now_ms())).unwrap();
    link(pair, "a").recovery_point_ms.map(|point| now - point)
}

fn pause(pair: &Pair, paused: bool) {
    let link = link(pair, "b");
    pair.on("b", |tx| tx.set_replica_link_paused(&link, paused)).unwrap();
}

#[test]
fn a_target_gets_everything_first_and_then_each_write() {
    let pair = linked();
    assert_eq!((status(&pair), lag(&pair)), ("baselining", None));
    assert!(pair.stored("b", "q::v").is_none());
    assert_refused(promote(&pair, "b", "q"), Precondition, &["'q'", "baselining"]);
    pair.wait(1000);
    assert_eq!((status(&pair), lag(&pair)), ("replicating", Some(0)));
    assert_eq!(pair.content("b", "q::v"), 1);
    assert_eq!(pair.group_members("b", "q::pg"), ["q::v"]);
    pair.write("a", "p::v").unwrap();
    pair.volume("a", "p::w");
    pair.wait(60_000);
    assert_eq!((pair.content("b", "q::v"), lag(&pair)), (2, Some(0)));
    assert!(pair.stored("b", "q::w").is_some());
    let id = pair.stored("b", "q::v").unwrap().id;
    pair.write("a", "p::v").unwrap();
    assert_eq!(pair.stored("b", "q::v").unwrap().id, id, "a volume stays the same volume");
    let gone = pair.stored("a", "p::w").unwrap().id;
    pair.on("a", |tx| volumes::destroy(tx.tx, &gone)).unwrap();
    assert!(pair.stored("b", "q::w").is_none());
}

#[test]
fn both_arrays_see_a_link_from_their_side() {
    let pair = linked();
    let (here, there) = (link(&pair, "a"), link(&pair, "b"));
    assert_eq!((here.local_pod.1.as_str(), here.remote_pod.1.as_str(), here.remote.1.as_str()), ("p", "q", "b"));
    assert_eq!((there.local_pod.1.as_str(), there.remote_pod.1.as_str(), there.remote.1.as_str()), ("q", "p", "a"));
    assert!(here.outbound && !there.outbound && here.id == there.id);
    assert!(pair.0.read_array(&"c".into(), |tx| tx.replica_links()).unwrap().is_empty());
    let counts = |array, pod| (pair.details(array, pod).link_sources, pair.details(array, pod).link_targets);
    assert_eq!((counts("a", "p"), counts("b", "q")), ((0, 1), (1, 0)));
}

#[test]
fn what_cannot_be_linked_is_refused() {
    let pair = linked();
    for (array, name) in [("a", "r"), ("a", "down"), ("b", "s"), ("b", "t")] {
        pair.on(array, |tx| tx.create_pod(name)).unwrap();
    }
    demote(&pair, "a", "down", true).unwrap();
    demote(&pair, "b", "t", true).unwrap();
    assert_refused(create(&pair, "r", "x"), NotFound, &["does not exist"]);
    assert_refused(create(&pair, "r", "s"), Precondition, &["'s'", "not demoted"]);
    assert_refused(create(&pair, "down", "t"), Precondition, &["'down'", "not promoted"]);
    assert_refused(create(&pair, "p", "t"), AlreadyExists, &["'p'", "already exists"]);
    assert_refused(create(&pair, "r", "q"), AlreadyExists, &["'q'", "already exists"]);
    let elsewhere = pair.with("a", "r", |tx, pod| tx.create_replica_link(pod, "x", "t", false));
    assert_refused(elsewhere, NotFound, &["x", "could not be found"]);
    assert_refused(pair.with("a", "p", |tx, pod| tx.stretch_pod(pod, "b")), Precondition, &["replica link"]);
    assert_refused(pair.with("a", "p", |tx, pod| tx.destroy_pod(pod, true)), Precondition, &["replica link"]);
    create(&pair, "r", "t").unwrap();
}

#[test]
fn a_link_that_stands_still_keeps_its_recovery_point() {
    for (stop, go) in [
        (pause as fn(&Pair, bool), "paused"),
        (|pair, stop| pair.link(!stop), "unhealthy"),
        (|pair, stop| pair.up("b", !stop), "unhealthy"),
    ] {
        let pair = linked();
        pair.wait(1000);
        pair.write("a", "p::v").unwrap();
        stop(&pair, true);
        pair.write("a", "p::v").unwrap();
        pair.wait(5000);
        assert_eq!((status(&pair), lag(&pair)), (go, Some(5000)));
        assert_eq!(pair.content("b", "q::v"), 2);
        stop(&pair, false);
        pair.wait(999);
        assert_eq!((status(&pair), lag(&pair)), ("replicating", Some(5999)), "catching up");
        assert_eq!(pair.content("b", "q::v"), 2);
        pair.wait(1);
        assert_eq!((lag(&pair), pair.content("b", "q::v")), (Some(0), 3));
    }
}

#[test]
fn what_arrived_before_a_stop_is_there_even_if_nobody_looked() {
    let pair = linked();
    pair.wait(60_000);
    pair.link(false);
    pair.write("a", "p::v").unwrap();
    assert_eq!(pair.content("b", "q::v"), 1);
    promote(&pair, "b", "q").unwrap();
    pair.wait(1000);
    assert_eq!(pair.content("b", "q::v"), 1);
    pair.write("b", "q::v").unwrap();
}

#[test]
fn a_promoted_target_is_left_alone_until_it_is_demoted_again() {
    let pair = linked();
    pair.wait(1000);
    promote(&pair, "b", "q").unwrap();
    pair.wait(1000);
    pair.write("a", "p::v").unwrap();
    pair.write("b", "q::v").unwrap();
    pair.write("b", "q::v").unwrap();
    assert_eq!((pair.content("b", "q::v"), lag(&pair)), (3, Some(0)), "the data come, but wait");
    demote(&pair, "b", "q", true).unwrap();
    assert_eq!((status(&pair), lag(&pair)), ("baselining", None));
    pair.wait(1000);
    assert_eq!(pair.content("b", "q::v"), 2, "its own writes are gone");
    assert_eq!(pair.content("b", "q.undo-demote::v"), 3);
}

#[test]
fn a_source_that_quiesces_is_demoted_when_the_target_has_everything() {
    let pair = linked();
    pair.wait(1000);
    pause(&pair, true);
    pair.write("a", "p::v").unwrap();
    demote(&pair, "a", "p", false).unwrap();
    pair.wait(60_000);
    assert_eq!(pair.pod("a", "p").promotion, Promotion::Quiescing, "nothing flows");
    assert_refused(pair.write("a", "p::v"), Precondition, &["being demoted"]);
    pause(&pair, false);
    assert_eq!(status(&pair), "quiescing");
    pair.wait(1500);
    assert_eq!((status(&pair), pair.content("b", "q::v")), ("quiescing", 2));
    pair.wait(500);
    assert_eq!((status(&pair), pair.pod("a", "p").promotion), ("quiesced", Promotion::Demoted));
    pair.wait(1000);
    assert_eq!(lag(&pair), Some(1000), "the recovery point is that of the last write it took");
}

#[test]
fn what_arrived_while_nobody_looked_is_not_lost_to_the_end_of_quiescing() {
    let pair = linked();
    demote(&pair, "a", "p", false).unwrap();
    pair.wait(60_000);
    assert_eq!((status(&pair), pair.content("b", "q::v")), ("quiesced", 1));
    assert_eq!(lag(&pair), Some(58_000), "a second for the data, and one to quiesce");
}

#[test]
fn quiescing_can_be_taken_back() {
    let pair = linked();
    demote(&pair, "a", "p", false).unwrap();
    assert!(pair.find("a", "p.undo-demote").is_some());
    assert_refused(promote(&pair, "a", "p"), Precondition, &["abort_quiesce"]);
    pair.with("a", "p", |tx, pod| tx.promote_pod(pod, None, true)).unwrap();
    assert_eq!(pair.pod("a", "p").promotion, Promotion::Promoted);
    assert!(pair.find("a", "p.undo-demote").is_none());
    pair.write("a", "p::v").unwrap();
}

#[test]
fn a_failover_turns_the_link_and_brings_the_data_back() {
    let pair = linked();
    pair.wait(1000);
    demote(&pair, "a", "p", true).unwrap();
    assert_eq!(status(&pair), "idle");
    promote(&pair, "b", "q").unwrap();
    let there = link(&pair, "b");
    assert!(there.outbound && there.recovery_point_ms.is_none());
    assert_eq!(status(&pair), "baselining");
    pair.wait(1000);
    pair.write("b", "q::v").unwrap();
    assert_eq!((status(&pair), pair.content("a", "p::v")), ("replicating", 2));
    demote(&pair, "b", "q", false).unwrap();
    pair.wait(1000);
    promote(&pair, "a", "p").unwrap();
    pair.wait(1000);
    pair.write("a", "p::v").unwrap();
    assert!(link(&pair, "a").outbound);
    assert_eq!(pair.content("b", "q::v"), 3);
}

#[test]
fn a_deleted_link_leaves_both_pods() {
    let pair = linked();
    pair.wait(1000);
    let made = link(&pair, "a");
    pair.on("a", |tx| tx.delete_replica_link(&made)).unwrap();
    pair.write("a", "p::v").unwrap();
    assert_eq!(pair.content("b", "q::v"), 1);
    assert!(pair.0.read_array(&"b".into(), |tx| tx.replica_links()).unwrap().is_empty());
}
