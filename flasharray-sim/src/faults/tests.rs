use super::*;
use crate::nouns;
use protector_core::mock::{ConnectionKind, WorldLocation, WorldTime};
use protector_core::model::ArrayName;

fn faults() -> Faults {
    let world = World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap();
    let names: [ArrayName; 2] = ["arrA".into(), "arrB".into()];
    for name in &names {
        world.ensure_array(name).unwrap();
    }
    world.connect_arrays(&names[0], &names[1], ConnectionKind::Async).unwrap();
    let served = names.map(|name| Arc::new(Served::new(name, "token".to_owned()))).to_vec();
    let sessions = Arc::new(Sessions::new(Duration::from_secs(60)));
    Faults::new(world, served, sessions, Arc::new(Routes::new(nouns::routes())), 7).unwrap()
}

fn judge(faults: &Faults) -> Outcome {
    faults.judge("arrA", &Method::GET, "arrays").outcome
}

#[test]
fn the_nth_request_is_hit_and_no_other() {
    let faults = faults();
    faults.add("on GET arrays array=arrA nth=2 times=2 reply=lost").unwrap();
    assert_eq!(faults.judge("arrB", &Method::GET, "arrays").outcome, Outcome::Serve);
    assert_eq!(faults.judge("arrA", &Method::PATCH, "arrays").outcome, Outcome::Serve);
    assert_eq!(faults.judge("arrA", &Method::GET, "arrays/space").outcome, Outcome::Serve);
    let outcomes = [(); 5].map(|()| judge(&faults));
    let lost = Outcome::LoseReply;
    assert_eq!(outcomes, [Outcome::Serve, lost.clone(), lost, Outcome::Serve, Outcome::Serve]);
    assert_eq!(faults.states()[0].matched, 5);
}

#[test]
fn a_star_stands_for_any_path_that_begins_so() {
    let faults = faults();
    faults.add("on * arrays* reply=refused").unwrap();
    assert_eq!(faults.judge("arrB", &Method::PATCH, "arrays/space").outcome, Outcome::Close);
    assert_eq!(faults.judge("arrB", &Method::GET, "volumes").outcome, Outcome::Serve);
}

#[test]
fn delays_add_up_and_the_first_outcome_decides() {
    let faults = faults();
    faults.add("on GET arrays delay=1s\non GET arrays delay=2s reply=lost\non GET arrays reply=refused").unwrap();
    let verdict = faults.judge("arrA", &Method::GET, "arrays");
    assert_eq!(verdict, Verdict { delay: Duration::from_secs(3), outcome: Outcome::LoseReply });
}

#[test]
fn the_same_seed_draws_the_same() {
    let drawn = || {
        let faults = faults();
        faults.add("on GET arrays probability=0.3 reply=lost").unwrap();
        (0..200).map(|_| judge(&faults) == Outcome::LoseReply).collect::<Vec<_>>()
    };
    assert_eq!(drawn(), drawn());
    let hits = drawn().into_iter().filter(|hit| *hit).count();
    assert!((30..90).contains(&hits), "{hits}");
}

#[test]
fn a_fault_begins_after_so_many_requests() {
    let faults = faults();
    let up = || faults.world.array_is_available(&"arrB".into()).unwrap();
    faults.add("array=arrB down after 2 requests\non GET arrays reply=lost after 1 request").unwrap();
    assert!(!faults.states()[0].begun);
    assert_eq!((judge(&faults), up()), (Outcome::Serve, true));
    assert_eq!((judge(&faults), up()), (Outcome::LoseReply, true));
    assert_eq!((judge(&faults), up()), (Outcome::LoseReply, false));
}

#[test]
fn arrays_and_links_go_down_and_come_up() {
    let faults = faults();
    let array = "arrB".into();
    faults.add("array=arrB down\nlink down").unwrap();
    assert!(!faults.world.array_is_available(&array).unwrap() && !faults.world.link_is_connected().unwrap());
    faults.add("array=arrB up\nlink up").unwrap();
    assert!(faults.world.array_is_available(&array).unwrap() && faults.world.link_is_connected().unwrap());
    assert!(faults.lines().is_empty());
}

#[test]
fn a_slow_link_stretches_transfers_by_its_factor_each_time_anew() {
    let faults = faults();
    let transfer = || faults.world.settings().unwrap().transfer_millis;
    let usual = transfer();
    faults.add("slow-link 10x").unwrap();
    assert_eq!(transfer(), usual * 10);
    faults.add("slow-link 2x").unwrap();
    assert_eq!((transfer(), faults.lines()), (usual * 2, vec!["slow-link 2x".to_owned()]));
    faults.add("slow-link 1x").unwrap();
    assert_eq!((transfer(), faults.lines().len()), (usual, 0));
}

#[test]
fn a_newer_limit_replaces_an_older_one() {
    let faults = faults();
    faults.add("limit volumes=5\nlimit hosts=1").unwrap();
    faults.add("limit volumes=7").unwrap();
    assert_eq!((faults.limit("volumes"), faults.limit("hosts"), faults.limit("pods")), (Some(7), Some(1), None));
}

#[test]
fn a_handler_may_ask_for_a_limit_while_a_fault_begins() {
    let faults = Arc::new(faults());
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let array = "arrA".into();
        let asked = faults.world.change_array(&array, |_| {
            let adding = Arc::clone(&faults);
            let adding = std::thread::spawn(move || adding.add("link down"));
            // it holds the faults by now, and waits for the world
            std::thread::sleep(Duration::from_millis(50));
            Ok::<_, Error>((adding, faults.limit("volumes")))
        });
        let (adding, limit) = asked.unwrap();
        adding.join().unwrap().unwrap();
        done.send(limit).unwrap();
    });
    assert_eq!(is_done.recv_timeout(Duration::from_secs(10)), Ok(None));
}

#[test]
fn clocks_and_tokens_go_wrong_on_the_array_that_is_named() {
    let faults = faults();
    let [a, b] = [&faults.served[0], &faults.served[1]];
    faults.add("clock-skew array=arrA +90s\nrevoke-token array=arrB").unwrap();
    assert_eq!((a.clock_skew_ms(), b.clock_skew_ms()), (90_000, 0));
    assert_eq!((a.accepts("token"), b.accepts("token")), (true, false));
    faults.add("clock-skew 0s\nrestore-token").unwrap();
    assert_eq!((a.clock_skew_ms(), b.accepts("token")), (0, true));
    assert!(faults.lines().is_empty());
}

#[test]
fn sessions_end_when_they_expire_or_their_token_is_revoked() {
    let faults = faults();
    for line in ["expire-sessions array=arrA", "revoke-token array=arrA"] {
        let session = faults.sessions.open(&"arrA".into(), 0);
        let other = faults.sessions.open(&"arrB".into(), 0);
        faults.add(line).unwrap();
        assert!(!faults.sessions.is_open(&"arrA".into(), &session, 0), "{line}");
        assert!(faults.sessions.is_open(&"arrB".into(), &other, 0), "{line}");
    }
}

#[test]
fn clearing_undoes_what_faults_did() {
    let faults = faults();
    let usual = faults.world.settings().unwrap();
    let script = "array=arrA down\nlink down\nslow-link 3x\nlimit volumes=1\nclock-skew +1s\nrevoke-token\n\
                  on GET arrays reply=lost\nlink down after 9 requests";
    faults.add(script).unwrap();
    assert_eq!(faults.lines().len(), 8);
    faults.clear().unwrap();
    assert!(faults.lines().is_empty());
    assert!(faults.world.array_is_available(&"arrA".into()).unwrap() && faults.world.link_is_connected().unwrap());
    assert_eq!((faults.world.settings().unwrap(), faults.limit("volumes")), (usual, None));
    assert!(faults.served.iter().all(|served| served.clock_skew_ms() == 0 && served.accepts("token")));
    assert_eq!(judge(&faults), Outcome::Serve);
}

#[test]
fn a_script_that_names_what_is_not_there_adds_nothing() {
    let faults = faults();
    for (line, why) in [
        ("array=arrC down", "'array=arrC down': there is no array 'arrC'"),
        ("on GET array reply=lost", "'on GET array reply=lost': there is no request to 'array'"),
        ("clock-skew array=x +1s", "'clock-skew array=x +1s': there is no array 'x'"),
    ] {
        let refused = faults.add(&format!("link down\n{line}")).unwrap_err();
        assert_eq!(refused.message(), why);
        assert!(faults.lines().is_empty() && faults.world.link_is_connected().unwrap(), "{line}");
    }
}
