use super::*;
use proptest::prelude::*;

fn said(sentence: &str) -> Vec<ArrayError> {
    vec![ArrayError { context: Some("x".to_owned()), message: sentence.to_owned() }]
}

#[test]
fn each_sentence_of_an_array_has_its_kind() {
    use ErrorKind::{AlreadyExists, InvalidRequest, LimitReached, NotFound, PendingEradication, Precondition};
    for (sentence, kind) in [
        ("Volume does not exist.", NotFound),
        ("Host does not exist.", NotFound),
        ("Connection does not exist.", NotFound),
        ("Protection group does not exist", NotFound),
        ("Resource does not exist.", NotFound),
        ("No such volume or snapshot.", NotFound),
        ("Volume could not be found.", NotFound),
        ("Volume has been deleted.", NotFound),
        ("Connection already exists.", AlreadyExists),
        ("Protection group already includes arrB.", AlreadyExists),
        ("Protection group is already allowed on arrB.", AlreadyExists),
        ("Volume already belongs to pg.", AlreadyExists),
        ("Volume has been destroyed.", PendingEradication),
        (
            "Volume snapshot has been destroyed. It can be recovered by purevol recover and eradicated by purevol \
             eradicate.",
            PendingEradication,
        ),
        ("Volume limit reached.", LimitReached),
        ("Host cannot be deleted due to existing connections.", Precondition),
        ("The specified IQN is already in use.", Precondition),
        ("Pod contains file systems or policies.", Precondition),
        ("No attribute specified.", InvalidRequest),
        (
            "Snapshot suffix must be between 1 and 63 characters (alphanumeric and '-') in length and begin and end with \
             a letter or number. The suffix must include at least one letter or '-'.",
            InvalidRequest,
        ),
        ("with_default_protection cannot be provided when overwrite is true.", InvalidRequest),
        ("A sentence nobody has seen.", Precondition),
    ] {
        assert_eq!(classify(400, Some(&said(sentence))), Verdict::last(kind), "{sentence}");
    }
}

#[test]
fn a_busy_array_and_a_lost_session_may_be_tried_again() {
    let busy = Verdict::new(ErrorKind::Transient, Advice::Later);
    let session = Verdict::new(ErrorKind::Unauthenticated, Advice::NewSession);
    assert_eq!(classify(500, Some(&said("Server is busy"))), busy);
    assert_eq!(classify(400, Some(&said("Server is busy."))), busy);
    assert_eq!(classify(401, Some(&said("Invalid session."))), session);
    assert_eq!(classify(401, None), session);
}

#[test]
fn the_status_decides_where_it_says_more() {
    let text = said("Something.");
    for (status, errors, kind, retry) in [
        (403, None, ErrorKind::Forbidden, Advice::Never),
        (403, Some(&text[..]), ErrorKind::Forbidden, Advice::Never),
        (404, None, ErrorKind::Unsupported, Advice::Never),
        (404, Some(&text[..]), ErrorKind::Unsupported, Advice::Never),
        (405, None, ErrorKind::Unsupported, Advice::Never),
        (408, None, ErrorKind::Transient, Advice::Unsure),
        (409, Some(&text[..]), ErrorKind::Conflict, Advice::Never),
        (422, Some(&text[..]), ErrorKind::InvalidRequest, Advice::Never),
        (429, None, ErrorKind::Transient, Advice::Later),
        (500, Some(&text[..]), ErrorKind::Transient, Advice::Unsure),
        (502, None, ErrorKind::Transient, Advice::Unsure),
        (503, None, ErrorKind::Transient, Advice::Later),
        (207, Some(&text[..]), ErrorKind::Indeterminate, Advice::Never),
        (302, None, ErrorKind::Unsupported, Advice::Never),
        (400, None, ErrorKind::Internal, Advice::Never),
        (400, Some(&[][..]), ErrorKind::Internal, Advice::Never),
    ] {
        assert_eq!(classify(status, errors), Verdict::new(kind, retry), "{status} {errors:?}");
    }
    assert_eq!(classify(404, Some(&said("Volume does not exist."))).kind, ErrorKind::NotFound);
}

#[test]
fn a_failing_server_is_not_believed_about_objects() {
    let verdict = classify(500, Some(&said("Volume does not exist.")));
    assert_eq!(verdict, Verdict::new(ErrorKind::Transient, Advice::Unsure));
}

#[test]
fn sentences_that_disagree_do_not_pass_for_one_of_them() {
    let both = [said("Volume already exists."), said("Volume does not exist.")].concat();
    assert_eq!(classify(400, Some(&both)).kind, ErrorKind::Precondition);
    let unknown = [said("Volume already exists."), said("Who knows.")].concat();
    assert_eq!(classify(400, Some(&unknown)).kind, ErrorKind::Precondition);
    let same = [said("Volume does not exist."), said("Host does not exist.")].concat();
    assert_eq!(classify(400, Some(&same)).kind, ErrorKind::NotFound);
}

#[test]
fn a_login_that_is_refused_is_about_the_token() {
    for status in [400, 401, 403] {
        let verdict = classify_login(status, Some(&said("Invalid token.")));
        assert_eq!(verdict, Verdict::last(ErrorKind::Unauthenticated), "{status}");
    }
    assert_eq!(classify_login(500, Some(&said("Server is busy"))).retry, Advice::Later);
    assert_eq!(classify_login(503, None).kind, ErrorKind::Transient);
}

#[test]
fn sentences_are_shown_with_their_objects_and_cut() {
    let errors: Vec<ArrayError> =
        (0..7).map(|n| ArrayError { context: Some(format!("v{n}")), message: "No\u{1b}[31m.".to_owned() }).collect();
    let text = shown(&errors);
    assert!(text.starts_with("v0: No\\u{1b}[31m.; v1: "), "{text}");
    assert!(text.ends_with("; and 2 more"), "{text}");
    assert_eq!(shown(&[ArrayError { context: None, message: "Alone.".to_owned() }]), "Alone.");
}

proptest! {
    #[test]
    fn no_text_and_no_status_reads_as_success(status in 0u16..1000, texts in prop::collection::vec(".{0,80}", 0..4)) {
        let errors: Vec<ArrayError> =
            texts.iter().map(|text| ArrayError { context: None, message: text.clone() }).collect();
        for errors in [None, Some(&errors[..])] {
            let verdict = classify(status, errors);
            let login = classify_login(status, errors);
            prop_assert!(ErrorKind::ALL.contains(&verdict.kind) && ErrorKind::ALL.contains(&login.kind));
            // what means "it was so already" is only ever said by a sentence
            if verdict.kind == ErrorKind::AlreadyExists {
                prop_assert!(texts.iter().any(|text| text.to_lowercase().contains("already")));
            }
        }
        prop_assert!(shown(&errors).chars().all(|c| !c.is_control()));
    }
}
