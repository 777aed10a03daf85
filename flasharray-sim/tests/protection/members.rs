use crate::lab::{A, Lab, send};
use reqwest::Method;
use serde_json::json;

fn path(groups: &str, members: &str) -> String {
    format!("protection-groups/volumes?group_names={groups}&member_names={members}")
}

#[tokio::test]
async fn members_are_added_to_several_groups_at_once() {
    let lab = Lab::new().await;
    lab.ok(&lab.a, Method::POST, "protection-groups?names=g1,g2").await;
    let [one, two, ..] = &lab.volumes[..] else { panic!() };
    let added = lab.ok(&lab.a, Method::POST, &path("g1,g2", &format!("{one},{two}"))).await;
    assert_eq!(added.len(), 4);
    assert_eq!(added[0]["group"]["name"], "g1");
    assert!(added[0]["group"]["id"].is_string() && added[0]["member"]["id"].is_string());
    // Cinder asks in which groups a volume is
    let of_volume = lab.get(&lab.a, &format!("protection-groups/volumes?member_names={one}")).await;
    let groups: Vec<_> = of_volume.iter().map(|item| item["group"]["name"].clone()).collect();
    assert_eq!(groups, ["cinder-group", "g1", "g2"]);
    assert_eq!(of_volume[0]["member"]["name"], json!(one));
    let why = [(two.as_str(), "already belongs to")];
    lab.ok(&lab.a, Method::DELETE, &path("g2", one)).await;
    lab.refused(&lab.a, Method::POST, &path("g2", &format!("{one},{two}")), "", &why).await;
}

#[tokio::test]
async fn an_empty_list_of_members_is_nothing_to_do() {
    let lab = Lab::replicating().await;
    let before = lab.world.dump().unwrap();
    for method in [Method::DELETE, Method::POST] {
        assert_eq!(send(&lab.a, method, &path("pg", ""), "").await.0, 200);
    }
    assert_eq!(lab.world.dump().unwrap(), before);
    let without = "protection-groups/volumes?group_names=pg";
    lab.refused(&lab.a, Method::DELETE, without, "", &[("member_names", "required")]).await;
}

#[tokio::test]
async fn what_is_not_there_is_named_one_by_one() {
    let lab = Lab::replicating().await;
    let third = &lab.volumes[2];
    let why = [("nope", "Volume does not exist."), ("nada", "Volume does not exist.")];
    lab.refused(&lab.a, Method::POST, &path("pg", &format!("nope,{third},nada")), "", &why).await;
    lab.refused(&lab.a, Method::POST, &path("none", third), "", &[("none", "Protection group does not exist")]).await;
    lab.refused(&lab.a, Method::DELETE, &path("pg", third), "", &[(third, "does not belong to")]).await;
    lab.refused(&lab.a, Method::GET, &path("pg", "nope"), "", &[("nope", "does not exist")]).await;
    let image = format!("{A}:pg");
    lab.refused(&lab.b, Method::POST, &path(&image, "v"), "", &[(&image, "another array")]).await;
}

#[tokio::test]
async fn only_the_members_asked_for_are_listed() {
    let lab = Lab::replicating().await;
    assert_eq!(lab.get(&lab.a, "protection-groups/volumes?group_names=pg").await.len(), 2);
    assert_eq!(lab.get(&lab.a, &path("pg", &lab.volumes[2])).await.len(), 0);
    assert_eq!(lab.get(&lab.a, "protection-groups/volumes?group_names=pg&member_destroyed=true").await.len(), 0);
    assert_eq!(lab.get(&lab.b, "protection-groups/volumes").await.len(), 0, "members are on the source");
    for kind in ["hosts", "host-groups"] {
        assert_eq!(lab.get(&lab.a, &format!("protection-groups/{kind}?group_names=pg")).await.len(), 0);
    }
}
