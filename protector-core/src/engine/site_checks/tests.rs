use super::*;
use jiff::SignedDuration;

#[test]
fn a_clock_may_be_off_by_a_minute_either_way() {
    let ours = Timestamp::UNIX_EPOCH;
    for (seconds, expected) in [
        (0, Ok("as ours")),
        (1, Ok("1 s ahead of ours")),
        (60, Ok("60 s ahead of ours")),
        (-60, Ok("60 s behind ours")),
        (61, Err("61 s ahead of ours")),
        (-3600, Err("3600 s behind ours")),
    ] {
        let seen = clock(ours, ours + SignedDuration::from_secs(seconds), "array of site-a");
        match (seen, expected) {
            (Ok(detail), Ok(words)) => assert_eq!(detail, words),
            (Err(e), Err(words)) => {
                assert!(e.message().contains(words) && e.message().contains("array of site-a"), "{e}");
                assert!(e.remedy_text().is_some());
            }
            (seen, _) => panic!("{seconds}: {seen:?}"),
        }
    }
}

#[test]
fn what_is_used_up_is_named_with_the_command() {
    let unlimited = Quota { servers: None, vcpus: None, ram_mib: None, volumes: None, volume_gib: None };
    assert!(quota(&"site-b".into(), unlimited).unwrap().contains("servers unlimited"));
    let some = Quota { servers: Some(3), vcpus: Some(1), ..unlimited };
    assert!(quota(&"site-b".into(), some).unwrap().starts_with("left: 3 servers, 1 vcpus"));
    let none = Quota { servers: Some(0), volume_gib: Some(0), vcpus: Some(8), ..unlimited };
    let refused = quota(&"site-b".into(), none).unwrap_err();
    assert_eq!(refused.message(), "the project on site-b has no servers, no GiB of volumes left");
    let command = "openstack --os-cloud site-b quota set --instances <more> --gigabytes <more> <project>";
    assert_eq!(refused.remedy_text(), Some(command));
}

#[test]
fn rejected_credentials_are_an_answer_and_silence_is_not() {
    let site = SiteName::from("site-a");
    for (answer, expected) in [
        (Ok(()), [("reachable", "ok"), ("credentials", "ok")]),
        (Err(Error::new(ErrorKind::Unauthenticated, "no")), [("reachable", "ok"), ("credentials", "failed")]),
        (Err(Error::new(ErrorKind::Forbidden, "no")), [("reachable", "ok"), ("credentials", "failed")]),
        (Err(Error::new(ErrorKind::Unreachable, "no")), [("reachable", "failed"), ("credentials", "unknown")]),
    ] {
        let mut rows = Rows::new(HERE, &site, "cloud");
        let is_ok = answer.is_ok();
        assert_eq!(rows.answered("it", "mend it", answer).is_some(), is_ok);
        let seen: Vec<_> = rows.rows.iter().map(|row| (row.check.as_str(), row.result.as_str())).collect();
        assert_eq!(seen, expected);
        let mended =
            rows.rows.iter().filter(|row| row.result == "failed").all(|row| row.remedy.as_deref() == Some("mend it"));
        assert!(mended, "{:?}", rows.rows);
    }
}
