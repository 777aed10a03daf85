use super::*;
use crate::mock::Promotion::{Demoted, Promoted, Promoting};

fn demote(pair: &Pair) -> Result<()> {
    pair.with("a", "p", |tx, pod| tx.demote_pod(pod, false))
}

fn promote(pair: &Pair, from: Option<&str>) -> Result<()> {
    pair.with("a", "p", |tx, pod| tx.promote_pod(pod, from, false))
}

fn pod_with_volume() -> Pair {
    let pair = Pair::new();
    pair.on("a", |tx| tx.create_pod("p")).unwrap();
    pair.volume("a", "p::v");
    pair
}

#[test]
fn a_demoted_pod_takes_no_writes_and_promotion_takes_a_while() {
    let pair = pod_with_volume();
    demote(&pair).unwrap();
    assert_eq!(pair.pod("a", "p").promotion, Demoted);
    assert_refused(pair.write("a", "p::v"), Precondition, &["'p'", "demoted"]);
    demote(&pair).unwrap();
    promote(&pair, None).unwrap();
    assert_eq!((pair.pod("a", "p").promotion, pair.pod("a", "p").wants_promoted), (Promoting, true));
    assert_refused(pair.write("a", "p::v"), Precondition, &["still being promoted"]);
    assert_refused(demote(&pair), Precondition, &["still being promoted"]);
    promote(&pair, None).unwrap();
    pair.wait(1000);
    assert_eq!(pair.pod("a", "p").promotion, Promoted);
    pair.write("a", "p::v").unwrap();
    promote(&pair, None).unwrap();
    assert_eq!(pair.pod("a", "p").promotion, Promoted, "what is promoted stays so");
}

#[test]
fn a_demotion_keeps_the_state_to_go_back_to() {
    let pair = pod_with_volume();
    pair.write("a", "p::v").unwrap();
    demote(&pair).unwrap();
    let kept = pair.pod("a", "p.undo-demote");
    assert!(kept.destroyed_ms.is_some());
    assert_eq!(
        (pair.content("a", "p.undo-demote::v"), pair.stored("a", "p.undo-demote::v").unwrap().destroyed),
        (2, true)
    );
    assert_refused(promote(&pair, Some("q.undo-demote")), NotFound, &["q.undo-demote"]);
    let stale = "UPDATE volumes SET content = 99 WHERE name = 'p::v'";
    pair.on("a", |tx| tx.tx.execute(stale, [])).unwrap();
    promote(&pair, Some("p.undo-demote")).unwrap();
    assert_eq!(pair.content("a", "p::v"), 2);
    assert_eq!(pair.find("a", "p.undo-demote"), None, "it is used up");
    assert_refused(promote(&pair, Some("p.undo-demote")), Precondition, &["not demoted"]);
}

#[test]
fn a_second_demotion_replaces_what_the_first_has_kept() {
    let pair = pod_with_volume();
    demote(&pair).unwrap();
    promote(&pair, None).unwrap();
    pair.wait(1000);
    pair.write("a", "p::v").unwrap();
    demote(&pair).unwrap();
    assert_eq!(pair.content("a", "p.undo-demote::v"), 2);
}

#[test]
fn a_stretched_pod_is_neither_demoted_nor_promoted() {
    let pair = Pair::stretched();
    assert_refused(demote(&pair), Precondition, &["'p'", "stretched"]);
    assert_refused(promote(&pair, None), Precondition, &["'p'", "stretched"]);
    assert_eq!(pair.find("a", "p.undo-demote"), None);
    pair.write("a", "p::v").unwrap();
}
