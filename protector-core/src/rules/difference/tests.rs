use super::*;
use crate::rules::testing::record;

fn shown(base: Option<&GroupRecord>, here: &GroupRecord, there: &GroupRecord) -> Vec<String> {
    let (a, b) = ("site-a".into(), "site-b".into());
    let sites = ThreeWay { base, here: (&a, here), there: (&b, there) };
    differences(sites).into_iter().map(|difference| difference.text).collect()
}

/// One change, and the words for it.
type Case = (fn(&mut GroupRecord), &'static str);

const CASES: &[Case] = &[
    (|r| r.group.name = "app".into(), "name: was 'web', is 'app' on site-b"),
    (|r| r.group.current_primary_site = "site-b".into(), "current primary: was site-a, is site-b on site-b"),
    (
        |r| r.policy.as_mut().unwrap().replication_interval = 600,
        "policy: replication interval: was 300 s, is 600 s on site-b",
    ),
    (
        |r| r.policy.as_mut().unwrap().rpo_minutes = 30,
        "policy: recovery point objective: was 15 min, is 30 min on site-b",
    ),
    (
        |r| drop(r.group.mappings.networks.insert("net-a".into(), "net-b".into())),
        "network mapping of 'net-a': 'net-b', new on site-b",
    ),
    (
        |r| drop(r.group.mappings.security_groups.insert("web".into(), "app".into())),
        "security group mapping of 'web': 'app', new on site-b",
    ),
    (|r| r.group.description = None, "description: was 'of the group', gone from site-b"),
    (|r| r.members[0].tier = 2, "member 'web' (web-server): was protected, tier 0, is protected, tier 2 on site-b"),
    (
        |r| drop(r.members[0].servers.insert("site-b".into(), "new".into())),
        "member 'web' (web-server): server on site-b: new, new on site-b",
    ),
    (
        |r| {
            let copy = r.members[0].disks[0].copies.values().next().unwrap().clone();
            r.members[0].disks[0].copies.insert("site-b".into(), copy);
        },
        "member 'web' (web-server): volume 'boot' (web-volume) on site-b: web-volume ('volume-web-cinder', \
         web-array-volume), new on site-b",
    ),
];

#[test]
fn each_change_has_its_words() {
    let mut base = record("web");
    base.group.description = Some("of the group".into());
    for (change, words) in CASES {
        let mut there = base.clone();
        change(&mut there);
        there.version = base.version.next();
        assert_eq!(shown(Some(&base), &base, &there), [*words]);
        // what is not known is not invented
        let found = shown(None, &base, &there).pop().unwrap();
        assert!(found.contains(" on site-a, ") && found.ends_with(" on site-b") && !found.contains("was "), "{found}");
    }
}

#[test]
fn it_is_said_where_something_was_changed() {
    let base = record("web");
    let (mut here, mut there) = (base.clone(), base.clone());
    here.group.priority = 1;
    assert_eq!(shown(Some(&base), &here, &there), ["priority: was 0, is 1 on site-a"]);
    there.group.priority = 2;
    assert_eq!(shown(Some(&base), &here, &there), ["priority: was 0, is 1 on site-a and 2 on site-b"]);
    // the same change on both sites is no difference
    there.group.priority = 1;
    assert!(shown(Some(&base), &here, &there).is_empty());
}

/// A member that one side alone has comes with all that belongs to it.
#[test]
fn members_that_one_side_alone_has() {
    let base = record("web");
    let mut there = base.clone();
    there.members.push(record("app").members.remove(0));
    let found = shown(Some(&base), &base, &there);
    assert!(found.len() >= 4 && found.iter().all(|line| line.starts_with("member 'app' (app-server)")), "{found:#?}");
    let change = site_change(&"site-b".into(), &there, &base);
    assert_eq!((change.loses.len(), change.gains.len()), (found.len(), 0));
    let change = site_change(&"site-a".into(), &base, &there);
    assert_eq!((change.loses.len(), change.gains.len()), (0, found.len()));
}

#[test]
fn of_a_secret_only_that_it_differs() {
    let base = record("web");
    let with = |token: Option<&str>| {
        let mut record = base.clone();
        record.policy.as_mut().unwrap().secondary_fa_api_token = token.map(ApiToken::new);
        record
    };
    let found = shown(Some(&base), &with(Some("T-secret-1")), &with(Some("T-secret-2")));
    assert_eq!(found, ["policy: array token of the secondary site: changed on site-a, changed on site-b"]);
    let found = shown(Some(&base), &with(None), &with(Some("T-secret-2")));
    assert_eq!(found, ["policy: array token of the secondary site: none on site-a, changed on site-b"]);
    assert!(shown(None, &with(Some("T")), &with(Some("T"))).is_empty());
}

/// Records that differ never look the same.
#[test]
fn there_is_always_something_to_see() {
    let base = record("web");
    let mut there = base.clone();
    there.version = base.version.next();
    assert_eq!(shown(Some(&base), &base, &there), ["version: 1 on site-a, 2 on site-b"]);
    let mut there = base.clone();
    there.group.updated_at = "2026-01-01T00:00:00Z".parse().unwrap();
    assert!(shown(Some(&base), &base, &there)[0].starts_with("time of the last change: 1970"));
}
