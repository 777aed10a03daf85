use super::*;

fn stretch(pair: &Pair, pod: &str, to: &str) -> Result<()> {
    pair.with("a", pod, |tx, pod| tx.stretch_pod(pod, to))
}

#[test]
fn a_stretched_pod_is_the_same_on_both_arrays() {
    let pair = Pair::new();
    let made = pair.on("a", |tx| tx.create_pod("p")).unwrap();
    pair.volume("a", "p::v");
    pair.group("a", "p::pg", "p::v");
    assert_eq!(pair.stored("b", "p::v").map(|volume| volume.id), None);
    stretch(&pair, "p", "b").unwrap();
    let (here, there) = (pair.stored("a", "p::v").unwrap(), pair.stored("b", "p::v").unwrap());
    assert_eq!(pair.pod("b", "p").id, made.id);
    assert_eq!(here.id, there.id);
    assert_eq!(pair.group_members("b", "p::pg"), ["p::v"]);
    pair.wait(1000);
    pair.write("b", "p::v").unwrap();
    assert_eq!(pair.content("a", "p::v"), 2, "what is written through one array is on the other");
    pair.volume("b", "p::made-there");
    assert!(pair.stored("a", "p::made-there").is_some());
}

#[test]
fn a_new_array_is_brought_up_to_date_by_the_clock() {
    let pair = Pair::new();
    pair.on("a", |tx| tx.create_pod("p")).unwrap();
    pair.volume("a", "p::v");
    stretch(&pair, "p", "b").unwrap();
    assert_eq!(pair.statuses("a", "p"), ["online", "resyncing"]);
    for (waited, progress) in [(0, 0.0), (250, 0.25), (740, 0.99)] {
        pair.wait(waited);
        let member = &pair.members("b", "p")[1];
        // a wait takes a millisecond at least
        assert!((member.progress.unwrap() - progress).abs() < 0.011, "{waited}: {member:?}");
        assert_eq!(member.frozen_ms, None, "it never had any data");
    }
    assert_refused(pair.write("b", "p::v"), Precondition, &["resyncing", "'b'"]);
    pair.write("a", "p::v").unwrap();
    pair.wait(9);
    assert_eq!(pair.statuses("b", "p"), ["online", "online"]);
    assert_eq!(pair.members("a", "p")[1].progress, None);
    pair.write("b", "p::v").unwrap();
}

#[test]
fn what_cannot_be_stretched_is_refused_and_stays() {
    let pair = Pair::new();
    for name in ["p", "taken", "demoted"] {
        pair.on("a", |tx| tx.create_pod(name)).unwrap();
    }
    pair.on("b", |tx| tx.create_pod("Taken")).unwrap();
    pair.with("a", "demoted", |tx, pod| tx.demote_pod(pod, true)).unwrap();
    assert_refused(stretch(&pair, "p", "x"), NotFound, &["x", "could not be found"]);
    assert_refused(stretch(&pair, "p", "c"), Precondition, &["'c'", "synchronous"]);
    assert_refused(stretch(&pair, "taken", "b"), AlreadyExists, &["already exists on array b"]);
    assert_refused(stretch(&pair, "demoted", "b"), Precondition, &["demoted"]);
    assert_refused(stretch(&pair, "p", "a"), AlreadyExists, &["already exists"]);
    pair.up("b", false);
    assert_refused(stretch(&pair, "p", "b"), Precondition, &["'b'"]);
    pair.up("b", true);
    pair.link(false);
    assert_refused(stretch(&pair, "p", "b"), Precondition, &["'b'"]);
    assert_eq!(pair.details("a", "p").members.len(), 1);
    pair.link(true);
    stretch(&pair, "p", "b").unwrap();
    assert_refused(stretch(&pair, "p", "b"), AlreadyExists, &["already exists"]);
    assert_refused(pair.with("a", "p", |tx, pod| tx.destroy_pod(pod, true)), Precondition, &["stretched"]);
}

#[test]
fn a_cut_link_leaves_one_array_online_and_the_other_frozen_until_it_caught_up() {
    let pair = Pair::stretched();
    pair.with("a", "p", |tx, pod| tx.set_failover_preferences(pod, &["b".to_owned()])).unwrap();
    pair.wait(500);
    let cut_ms = pair.on("a", |tx| Ok(tx.now_ms())).unwrap();
    pair.link(false);
    pair.wait(500);
    assert_eq!(pair.statuses("b", "p"), ["offline", "online"]);
    assert_eq!(pair.statuses("a", "p"), ["offline", "unknown"], "who is offline cannot know");
    assert_eq!(pair.members("a", "p").map(|member| member.frozen_ms), [Some(cut_ms), None]);
    assert_eq!(pair.members("b", "p").map(|member| member.mediator_reachable), [None, Some(true)]);
    assert_refused(pair.write("a", "p::v"), Precondition, &["'p'", "offline", "'a'"]);
    pair.write("b", "p::v").unwrap();
    pair.link(true);
    assert_eq!(pair.statuses("b", "p"), ["resyncing", "online"]);
    assert_eq!(pair.members("b", "p")[0].frozen_ms, Some(cut_ms));
    assert_refused(pair.write("a", "p::v"), Precondition, &["resyncing"]);
    pair.wait(500);
    pair.link(false);
    assert_eq!(pair.statuses("b", "p"), ["offline", "online"], "a half resync is none");
    assert_eq!(pair.members("b", "p")[0].frozen_ms, Some(cut_ms));
    pair.link(true);
    pair.wait(1000);
    assert_eq!(pair.statuses("a", "p"), ["online", "online"]);
    assert_eq!(pair.members("a", "p")[0].frozen_ms, None);
    pair.write("a", "p::v").unwrap();
    assert_eq!(pair.content("b", "p::v"), 3);
    pair.link(false);
    assert_eq!(pair.statuses("b", "p"), ["offline", "online"], "it can lose the other again");
}

#[test]
fn a_lost_array_takes_the_pod_along_only_without_a_mediator() {
    let pair = Pair::stretched();
    pair.up("a", false);
    assert_eq!(pair.statuses("b", "p"), ["offline", "online"]);
    pair.write("b", "p::v").unwrap();
    pair.up("a", true);
    assert_eq!(pair.statuses("b", "p"), ["resyncing", "online"]);
    pair.wait(1000);
    pair.mediator("b", false);
    assert_eq!(pair.statuses("b", "p"), ["online", "online"], "a mediator is only asked when it has to be");
    assert_eq!(pair.members("b", "p").map(|member| member.mediator_reachable), [Some(true), Some(false)]);
    pair.up("a", false);
    assert_eq!(pair.statuses("b", "p"), ["unknown", "offline"]);
    assert_refused(pair.write("b", "p::v"), Precondition, &["offline"]);
    pair.up("a", true);
    assert_eq!(pair.statuses("b", "p"), ["online", "online"], "neither missed anything");
}

#[test]
fn without_any_mediator_the_array_elected_in_advance_stays() {
    let pair = Pair::stretched();
    pair.with("b", "p", |tx, pod| tx.set_failover_preferences(pod, &["b".to_owned()])).unwrap();
    assert_eq!(pair.members("a", "p").map(|member| member.pre_elected), [false, false]);
    pair.mediator("a", false);
    pair.mediator("b", false);
    assert_eq!(pair.members("a", "p").map(|member| member.pre_elected), [false, true]);
    pair.link(false);
    assert_eq!(pair.statuses("b", "p"), ["offline", "online"]);
}

#[test]
fn the_array_that_was_online_last_has_the_data() {
    let pair = Pair::stretched();
    pair.link(false);
    assert_eq!(pair.statuses("a", "p"), ["online", "offline"]);
    pair.write("a", "p::v").unwrap();
    pair.wait(100);
    pair.up("a", false);
    assert_eq!(pair.statuses("b", "p"), ["unknown", "offline"], "its data are old");
    pair.link(true);
    assert_eq!(pair.statuses("b", "p"), ["unknown", "offline"]);
    pair.up("a", true);
    assert_eq!(pair.statuses("b", "p"), ["online", "resyncing"]);
}

#[test]
fn a_suspended_array_serves_nobody_for_a_moment() {
    let pair = Pair::stretched();
    pair.0.suspend_pod(&"a".into(), "p", Duration::from_millis(300)).unwrap();
    assert_eq!(pair.statuses("b", "p"), ["suspended", "online"]);
    assert_refused(pair.write("a", "p::v"), Precondition, &["suspended"]);
    pair.wait(300);
    assert_eq!(pair.statuses("b", "p"), ["online", "online"]);
    assert_refused(pair.0.suspend_pod(&"a".into(), "q", Duration::ZERO), NotFound, &["'q'"]);
}

fn unstretch(pair: &Pair, on: &str, from: &str, with_unknown: bool) -> Result<()> {
    pair.with(on, "p", |tx, pod| tx.unstretch_pod(pod, from, with_unknown))
}

#[test]
fn an_array_that_leaves_keeps_what_it_had_for_a_while() {
    let pair = Pair::stretched();
    pair.group("b", "p::pg", "p::v");
    let before = pair.stored("b", "p::v").unwrap().id;
    let serial = |array: &str| {
        pair.on(array, |tx| {
            let sql = "SELECT COALESCE(serial_array_id, array_id) || serial FROM volumes WHERE id = ?1";
            tx.tx.value::<String>(sql, [&before])
        })
        .unwrap()
    };
    let serial_before = serial("b");
    assert_refused(unstretch(&pair, "a", "c", false), NotFound, &["c", "could not be found"]);
    unstretch(&pair, "b", "a", false).unwrap();
    assert_eq!((pair.stored("b", "p::v").unwrap().id, serial("b")), (before, serial_before));
    assert_eq!(pair.group_members("b", "p::pg"), ["p::v"]);
    assert!(pair.find("a", "p").is_none() && pair.stored("a", "p::v").is_none());
    assert_refused(pair.with("b", "p", |tx, pod| tx.unstretch_pod(pod, "b", false)), Precondition, &["no other array"]);
    let kept = pair.pod("a", "p.restretch");
    assert!(kept.destroyed_ms.is_some());
    assert!(pair.stored("a", "p.restretch::v").unwrap().destroyed);
    assert_refused(pair.with("a", "p.restretch", |tx, pod| tx.recover_pod(pod)), Precondition, &["recovered"]);
    pair.on("a", |tx| tx.create_pod("p")).unwrap();
    pair.volume("a", "p::v");
    pair.wait(86_400_000);
    assert_eq!(pair.find("a", "p.restretch"), None);
    pair.write("b", "p::v").unwrap();
}

#[test]
fn an_array_comes_back_in_place_of_what_it_kept() {
    let pair = Pair::stretched();
    unstretch(&pair, "a", "b", false).unwrap();
    assert!(pair.find("b", "p.restretch").is_some());
    stretch(&pair, "p", "b").unwrap();
    assert!(pair.find("b", "p.restretch").is_none());
    assert_eq!(pair.statuses("a", "p"), ["online", "resyncing"]);
}

#[test]
fn an_array_that_does_not_answer_is_taken_out_only_by_force() {
    let pair = Pair::stretched();
    pair.link(false);
    assert_refused(unstretch(&pair, "a", "b", false), Precondition, &["with_unknown"]);
    pair.link(true);
    assert_refused(unstretch(&pair, "a", "a", false), Precondition, &["no current data on 'b'"]);
    pair.link(false);
    pair.write("a", "p::v").unwrap();
    assert_refused(unstretch(&pair, "b", "b", true), Precondition, &["by force"]);
    // the array with the newest data is lost for good: go on with what the other had
    unstretch(&pair, "b", "a", true).unwrap();
    assert_eq!(pair.details("b", "p").members[0].status.as_str(), "online");
    assert_eq!(pair.content("b", "p::v"), 1, "it never had the second write");
    pair.write("b", "p::v").unwrap();
    assert!(pair.find("a", "p").is_none());
    assert_eq!(pair.content("a", "p.restretch::v"), 2);
}

#[test]
fn an_array_that_leaves_without_current_data_keeps_the_old_ones() {
    let pair = Pair::stretched();
    pair.link(false);
    pair.write("a", "p::v").unwrap();
    pair.link(true);
    unstretch(&pair, "a", "b", false).unwrap();
    assert_eq!((pair.content("a", "p::v"), pair.content("b", "p.restretch::v")), (2, 1));
}

#[test]
fn an_array_without_all_data_cannot_go_on_alone() {
    let pair = Pair::new();
    pair.on("a", |tx| tx.create_pod("p")).unwrap();
    stretch(&pair, "p", "b").unwrap();
    pair.link(false);
    assert_refused(unstretch(&pair, "b", "a", true), Precondition, &["no data on 'b'"]);
    unstretch(&pair, "a", "b", true).unwrap();
    assert_eq!(pair.find("b", "p.restretch"), None, "it had nothing to keep");
}
