use super::*;

fn one(line: &str) -> Fault {
    let mut faults = parse(line).unwrap();
    assert_eq!(faults.len(), 1, "{line}");
    faults.remove(0)
}

fn on(line: &str) -> RequestFault {
    match one(line).effect {
        Effect::Request(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_fault_can_be_written() {
    let arr_a = || Some("arrA".to_owned());
    let table = [
        ("array=arrB down", Effect::Array { name: "arrB".to_owned(), up: false }),
        ("array=arrB up", Effect::Array { name: "arrB".to_owned(), up: true }),
        ("link down", Effect::Link { up: false }),
        ("link up", Effect::Link { up: true }),
        ("slow-link 10x", Effect::SlowLink { factor: 10.0 }),
        ("slow-link 0.5x", Effect::SlowLink { factor: 0.5 }),
        ("limit volumes=100", Effect::Limit { noun: "volumes".to_owned(), most: 100 }),
        ("clock-skew array=arrA +90s", Effect::ClockSkew { array: arr_a(), ms: 90_000 }),
        ("clock-skew -1m", Effect::ClockSkew { array: None, ms: -60_000 }),
        ("revoke-token array=arrA", Effect::Token { array: arr_a(), accepted: false }),
        ("restore-token", Effect::Token { array: None, accepted: true }),
        ("expire-sessions array=arrA", Effect::ExpireSessions { array: arr_a() }),
    ];
    for (line, effect) in table {
        assert_eq!(one(line).effect, effect, "{line}");
    }
}

#[test]
fn a_request_is_hit_where_and_when_the_line_says() {
    let fault = on("on POST volumes/batch array=arrB nth=2 status=500 message=\"Server is \\\"busy\\\"\"");
    assert_eq!(fault.method, Some(Method::POST));
    assert_eq!((fault.path.as_str(), fault.array.as_deref()), ("volumes/batch", Some("arrB")));
    assert_eq!((fault.nth, fault.times), (2, Some(1)));
    let message = Some("Server is \"busy\"".to_owned());
    let reply = Outcome::Reply { status: 500, message, body: None, as_errors: None, retry_after: None };
    assert_eq!(fault.outcome, reply);
    let fault = on("on * volumes* probability=0.1 delay=2s times=3");
    assert_eq!((fault.method, fault.path.as_str()), (None, "volumes*"));
    assert_eq!((fault.probability, fault.delay), (Some(0.1), Duration::from_secs(2)));
    assert_eq!((fault.nth, fault.times, fault.outcome), (1, Some(3), Outcome::Serve));
    assert_eq!(on("on GET arrays status=503").times, None);
}

#[test]
fn a_hit_request_ends_as_the_line_says() {
    assert_eq!(on("on GET arrays reply=lost").outcome, Outcome::LoseReply);
    assert_eq!(on("on GET arrays reply=refused").outcome, Outcome::Close);
    assert_eq!(on("on GET arrays status=201").outcome, Outcome::ServeAs { status: 201 });
    let reply = |status, body: Option<&str>, as_errors, retry_after| Outcome::Reply {
        status,
        message: None,
        body: body.map(str::to_owned),
        as_errors,
        retry_after,
    };
    assert_eq!(on("on GET arrays status=429 retry-after=1").outcome, reply(429, None, None, Some(1)));
    assert_eq!(on("on GET arrays status=200 body=\"{}\"").outcome, reply(200, Some("{}"), None, None));
    assert_eq!(on("on GET arrays status=403 form=errors").outcome, reply(403, None, Some(true), None));
}

#[test]
fn a_fault_may_begin_later() {
    assert_eq!(one("array=arrB down after 5 requests").after, 5);
    assert_eq!(one("after 1 request link down").after, 1);
    assert_eq!(one("link down").after, 0);
}

#[test]
fn comments_and_empty_lines_are_skipped() {
    assert_eq!(parse("\n# nothing\n  link down\n\n\tlink up  \n").unwrap().len(), 2);
}

#[test]
fn what_cannot_be_read_is_quoted() {
    let table = [
        ("explode", "'explode' is no fault"),
        ("array=arrB", "'' is no fault"),
        ("down", "array= is missing"),
        ("link", "a link is 'down' or 'up', not ''"),
        ("link down now", "'now' has no meaning here"),
        ("slow-link 10", "'10' is not a factor such as 10x"),
        ("slow-link -1x", "'-1x' is not a factor such as 10x"),
        ("limit volumes=many", "'many' is not a number"),
        ("limit", "a limit is NOUN=NUMBER, for example volumes=100"),
        ("clock-skew soon", "'soon' is not a time such as +90s or -2m"),
        ("on FETCH volumes status=500", "'FETCH' is not a method: GET, POST, PUT, PATCH, DELETE or *"),
        ("on GET", "the path is missing, for example volumes/batch"),
        ("on GET volumes", "nothing would happen: give status=, reply= or delay="),
        ("on GET volumes status=99", "99 is not a status between 200 and 599"),
        ("on GET volumes status=500 reply=lost", "a reply that is lost or refused has no status"),
        ("on GET volumes reply=late", "a reply is 'lost' or 'refused', not 'late'"),
        ("on GET volumes status=403 form=odd", "a form is 'errors' or 'gateway', not 'odd'"),
        ("on GET volumes nth=0 status=500", "0 is too small: 1 is the first"),
        ("on GET volumes probability=2 status=500", "'2' is not a probability between 0 and 1"),
        ("on GET volumes delay=-1s", "'-1s' is not a time such as 500ms or 2s"),
        ("on GET volumes status=500 colour=red", "'colour=' has no meaning here"),
        ("on GET volumes message=\"x", "a text in quotes does not end"),
        ("link down after 5", "'after' is followed by a number and 'requests'"),
    ];
    for (line, why) in table {
        let refused = parse(&format!("link up\n{line}")).unwrap_err();
        assert_eq!(refused.message(), format!("line 2 of the fault script, '{line}': {why}"));
    }
}
