use super::*;
use crate::ErrorKind;
use crate::rules::testing::record;
use proptest::prelude::*;

/// A member with its tier and what it depends on, all by one letter; the letter is its name, too.
fn member(name: &str, tier: u16, depends_on: &[&str]) -> Member {
    let mut member = record("x").members.remove(0);
    member.id = format!("id-{name}").into();
    member.name = name.to_owned();
    member.tier = tier;
    member.start.depends_on = depends_on.iter().map(|other| format!("id-{other}").into()).collect();
    member
}

fn names(members: &[Member]) -> Vec<(u16, String)> {
    let tiers = tiers(members).into_iter();
    tiers.map(|(tier, members)| (tier, members.iter().map(|m| m.name.as_str()).collect())).collect()
}

#[test]
fn members_start_by_tier_then_dependency_then_name() {
    /// Members, and the names of each tier in their order.
    type Case<'a> = (&'a [Member], &'a [(u16, &'a str)]);
    let table: [Case<'_>; 4] = [
        (&[member("b", 0, &[]), member("a", 0, &[])], &[(0, "ab")]),
        (&[member("a", 0, &["c"]), member("b", 0, &[]), member("c", 0, &[])], &[(0, "bca")]),
        (&[member("a", 0, &["b"]), member("b", 0, &["c"]), member("c", 0, &[])], &[(0, "cba")]),
        (&[member("a", 2, &["c"]), member("b", 2, &[]), member("c", 1, &[])], &[(1, "c"), (2, "ab")]),
    ];
    for (members, expected) in table {
        let expected: Vec<_> = expected.iter().map(|(tier, names)| (*tier, (*names).to_owned())).collect();
        assert_eq!(names(members), expected);
    }
}

#[test]
fn what_cannot_be_started_is_refused_by_name() {
    let table: [(&[Member], &str); 5] = [
        (&[member("a", 0, &["z"])], "'a' depends on 'id-z', which is not a member"),
        (&[member("a", 0, &["a"])], "circle: a -> a"),
        (&[member("a", 0, &["b"]), member("b", 0, &["a"])], "circle: a -> b -> a"),
        (
            &[member("a", 0, &["b"]), member("b", 0, &["c"]), member("c", 0, &["b"]), member("d", 0, &[])],
            "circle: b -> c -> b",
        ),
        (&[member("a", 0, &["b"]), member("b", 1, &[])], "'a' of tier 0 depends on 'b' of tier 1, which starts later"),
    ];
    for (members, part) in table {
        let refused = check_dependencies(members).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
        assert!(refused.message().contains(part), "{refused}");
        assert!(refused.remedy_text().is_some());
    }
    check_dependencies(&[member("a", 1, &["b", "c"]), member("b", 0, &[]), member("c", 1, &[])]).unwrap();
}

#[test]
fn what_a_required_member_depends_on_is_required() {
    let mut members = [member("a", 1, &["b"]), member("b", 1, &["c"]), member("c", 0, &[]), member("d", 0, &[])];
    assert!(required(&members).is_empty());
    members[0].start.required = true;
    assert_eq!(required(&members).into_iter().map(ServerId::as_str).collect::<Vec<_>>(), ["id-a", "id-b", "id-c"]);
    assert_eq!(dependents(&members, &"id-c".into()), ["b"]);
}

#[test]
fn options_out_of_bounds_are_refused() {
    let tcp = |port, timeout_seconds| Some(BootCheck::Tcp { port, timeout_seconds, in_tests: false });
    let command = |program: &str| {
        Some(BootCheck::Command {
            program: program.to_owned(),
            arguments: Vec::new(),
            timeout_seconds: 60,
            in_tests: false,
        })
    };
    let timed = |seconds| StartOptions { start_timeout_seconds: Some(seconds), ..StartOptions::default() };
    let checked = |boot_check| StartOptions { boot_check, ..StartOptions::default() };
    for good in [timed(1), timed(86400), checked(tcp(22, 60)), checked(command("/usr/bin/true"))] {
        check_options("web", &good).unwrap();
    }
    for (bad, part) in [
        (timed(0), "start time-out of 'web' is 0 s"),
        (timed(86401), "86401 s"),
        (checked(tcp(22, 0)), "time-out of the check of 'web' is 0 s"),
        (checked(tcp(0, 60)), "port"),
        (checked(command("true")), "program 'true'"),
        (checked(command("")), "absolute"),
    ] {
        let refused = check_options("web", &bad).unwrap_err();
        assert!(refused.message().contains(part), "{refused}");
    }
}

#[test]
fn a_thousand_members_in_a_chain_are_put_in_order() {
    let name = |n: usize| format!("{:04}", 1000 - n);
    let members: Vec<Member> = (0..1000)
        .map(|n| {
            member(
                &name(n),
                0,
                &if n == 0 { vec![] } else { vec![name(n - 1)] }.iter().map(String::as_str).collect::<Vec<_>>(),
            )
        })
        .collect();
    check_dependencies(&members).unwrap();
    let order: Vec<_> = tiers(&members).remove(&0).unwrap().into_iter().map(|m| m.name.clone()).collect();
    assert_eq!(order, (0..1000).map(name).collect::<Vec<_>>());
}

proptest! {
    /// Whatever the dependencies are, everybody is in the order once, and what is accepted is kept.
    #[test]
    fn everybody_has_one_place(edges in prop::collection::vec((0..8_usize, 0..8_usize), 0..16), tiered in prop::collection::vec(0..3_u16, 8)) {
        let mut members: Vec<Member> = (0..8).map(|n| member(&n.to_string(), tiered[n], &[])).collect();
        for (from, to) in edges {
            members[from].start.depends_on.insert(format!("id-{to}").into());
        }
        let order: Vec<_> = tiers(&members).into_values().flatten().map(|m| m.id.clone()).collect();
        prop_assert_eq!(order.len(), 8);
        prop_assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), 8);
        if check_dependencies(&members).is_ok() {
            for member in &members {
                let at = |id: &ServerId| order.iter().position(|other| other == id);
                for before in &member.start.depends_on {
                    prop_assert!(at(before) < at(&member.id));
                }
            }
        }
    }
}
