//! Snapshots of volumes.

use crate::lab::{Lab, said};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn snapshots_are_taken_numbered_and_shown_as_an_array_shows_them() {
    let lab = Lab::new().await;
    let volumes = lab.post("volumes?names=v1,v2", json!({"provisioned": 1 << 30})).await;
    let made = lab.post("volume-snapshots?source_names=v1,v2", json!({"suffix": "s1"})).await;
    let item = &made[0];
    assert_eq!((&item["name"], &item["suffix"]), (&json!("v1.s1"), &json!("s1")));
    assert_eq!(item["source"], json!({"id": volumes[0]["id"], "name": "v1"}));
    assert_eq!(item["pod"], json!({"id": null, "name": null}));
    assert_eq!((&item["destroyed"], &item["time_remaining"]), (&json!(false), &Value::Null));
    assert_eq!((&item["provisioned"], item["serial"].as_str().unwrap().len()), (&json!(1 << 30), 24));
    let query = lab.post("volume-snapshots?source_names=v1&suffix=s2", Value::Null).await;
    assert_eq!(query[0]["name"], "v1.s2", "a suffix in the query");
    let numbered = lab.post("volume-snapshots?source_names=v1", Value::Null).await;
    assert_eq!(numbered[0]["name"], "v1.1");
    assert_eq!(lab.names("volume-snapshots?source_names=v2").await, ["v2.s1"]);
    let id = volumes[0]["id"].as_str().unwrap();
    assert_eq!(lab.names(&format!("volume-snapshots?source_ids={id}")).await, ["v1.1", "v1.s1", "v1.s2"]);
    assert_eq!(lab.names("volume-snapshots?filter=source.name%3D'v2'").await, ["v2.s1"]);
    let transfer = lab.get("volume-snapshots/transfer?names=v1.s1").await;
    assert_eq!((&transfer[0]["progress"], &transfer[0]["completed"]), (&Value::Null, &Value::Null), "it went nowhere");
}

#[tokio::test]
async fn snapshots_are_renamed_destroyed_recovered_and_eradicated() {
    let lab = Lab::new().await;
    lab.post("volumes?names=v1", json!({})).await;
    lab.post("volume-snapshots?source_names=v1", json!({"suffix": "s1"})).await;
    assert_eq!(lab.patch("volume-snapshots?names=v1.s1", json!({"name": "s2"})).await[0]["name"], "v1.s2");
    assert_eq!(lab.patch("volume-snapshots?names=v1.s2", json!({"name": "v1.s3"})).await[0]["name"], "v1.s3");
    said(&lab.refused(Method::DELETE, "volume-snapshots?names=v1.s3", Value::Null).await, "v1.s3", "not destroyed");
    let gone = lab.patch("volume-snapshots?names=v1.s3", json!({"destroyed": true})).await;
    assert!(gone[0]["destroyed"] == true && gone[0]["time_remaining"].is_u64());
    let again = lab.refused(Method::POST, "volume-snapshots?source_names=v1", json!({"suffix": "s3"})).await;
    said(&again, "v1.s3", "has been destroyed");
    assert_eq!(lab.patch("volume-snapshots?names=v1.s3", json!({"destroyed": false})).await[0]["destroyed"], false);
    lab.patch("volume-snapshots?names=v1.s3", json!({"destroyed": true})).await;
    assert_eq!(lab.ask(Method::DELETE, "volume-snapshots?names=v1.s3", Value::Null).await, (200, Value::Null));
    assert!(lab.names("volume-snapshots").await.is_empty());
}

#[tokio::test]
async fn what_no_snapshot_can_be_is_refused() {
    let lab = Lab::new().await;
    lab.post("volumes?names=v1", json!({})).await;
    lab.post("volume-snapshots?source_names=v1", json!({"suffix": "s1"})).await;
    let suffix = "Snapshot suffix must be between 1 and 63 characters";
    let table = [
        (Method::POST, "source_names=v1", json!({"suffix": "s1"}), "v1.s1", "already exists"),
        (Method::POST, "source_names=v1", json!({"suffix": "12"}), "suffix", suffix),
        (Method::POST, "source_names=v1", json!({"suffix": "a.b"}), "suffix", suffix),
        (Method::POST, "source_names=nope", json!({}), "nope", "Volume does not exist"),
        (Method::POST, "source_names=v1&on=arrB", json!({}), "on", "not simulated"),
        (Method::POST, "", json!({}), "source_names", "required"),
        (Method::PATCH, "names=v1.s1", json!({}), "v1.s1", "No attribute specified."),
        (Method::PATCH, "names=v1.s1", json!({"name": "12"}), "suffix", suffix),
        (Method::PATCH, "names=v1.s1", json!({"destroyed": false}), "v1.s1", "not destroyed"),
        (Method::PATCH, "names=v1.s9", json!({"destroyed": true}), "v1.s9", "Volume snapshot does not exist"),
        (Method::GET, "source_names=nope", Value::Null, "nope", "Volume does not exist"),
    ];
    for (method, query, body, context, part) in table {
        said(&lab.refused(method, &format!("volume-snapshots?{query}"), body).await, context, part);
        assert_eq!(lab.names("volume-snapshots").await, ["v1.s1"], "{query}");
    }
}

#[tokio::test]
async fn what_is_part_of_the_snapshot_of_a_group_is_copied_and_else_left_alone() {
    let lab = Lab::new().await;
    lab.post("volumes?names=v1", json!({"provisioned": 1 << 30})).await;
    lab.post("protection-groups?names=pg", Value::Null).await;
    lab.post("protection-groups/volumes?group_names=pg&member_names=v1", Value::Null).await;
    lab.post("protection-group-snapshots?source_names=pg", json!({"suffix": "s1"})).await;
    let found = lab.get("volume-snapshots?filter=name%3D'pg.s1.*'").await;
    assert_eq!((&found[0]["name"], &found[0]["suffix"]), (&json!("pg.s1.v1"), &json!("s1")));
    assert_eq!(found[0]["source"]["name"], "v1");
    assert_eq!(lab.get("volume-snapshots?names=pg.s1.v1").await, found);
    let id = found[0]["id"].as_str().unwrap();
    assert_eq!(lab.get(&format!("volume-snapshots?ids={id}")).await, found);
    for (method, body) in [
        (Method::PATCH, json!({"destroyed": true})),
        (Method::PATCH, json!({"name": "s2"})),
        (Method::DELETE, Value::Null),
    ] {
        let refused = lab.refused(method, "volume-snapshots?names=pg.s1.v1", body).await;
        said(&refused, "pg.s1.v1", "part of a protection group snapshot");
    }
    let copy = lab.post("volumes?names=c1", json!({"source": {"name": "pg.s1.v1"}})).await;
    assert_eq!((&copy[0]["source"]["name"], &copy[0]["provisioned"]), (&json!("v1"), &json!(1 << 30)));
    let by_id = lab.post("volumes?names=c2", json!({"source": {"id": id}})).await;
    assert_eq!(by_id[0]["source"], copy[0]["source"]);
    lab.patch("protection-group-snapshots?names=pg.s1", json!({"destroyed": true})).await;
    let refused = lab.refused(Method::POST, "volumes?names=c3", json!({"source": {"name": "pg.s1.v1"}})).await;
    said(&refused, "pg.s1.v1", "has been destroyed");
}

/// All names of a list, page after page.
async fn pages(lab: &Lab, query: &str) -> Vec<String> {
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let (status, page) = lab.a.get(&format!("volume-snapshots?{query}{token}")).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        match page["continuation_token"].as_str() {
            Some(next) => token = format!("&continuation_token={next}"),
            None => return names,
        }
        assert!(page["more_items_remaining"] == true && names.len() < 100, "{page}");
    }
}

#[tokio::test]
async fn the_pages_of_a_list_together_are_the_list_whatever_is_asked_for() {
    let lab = Lab::new().await;
    lab.post("volumes?names=v1,v2,PG,w", json!({"provisioned": 1 << 30})).await;
    for group in ["pg", "pg-2", "Pod"] {
        lab.post(&format!("protection-groups?names={group}"), Value::Null).await;
        lab.post(&format!("protection-groups/volumes?group_names={group}&member_names=v1,v2,w"), Value::Null).await;
        for suffix in ["s1", "s10", "s2"] {
            let body = json!({"suffix": suffix});
            lab.post(&format!("protection-group-snapshots?source_names={group}"), body).await;
        }
    }
    for suffix in ["s1", "s2"] {
        lab.post("volume-snapshots?source_names=v1,v2,PG,w", json!({"suffix": suffix})).await;
    }
    lab.patch("protection-group-snapshots?names=pg.s10", json!({"destroyed": true})).await;
    lab.patch("volume-snapshots?names=PG.s2", json!({"destroyed": true})).await;
    let all = lab.get("volume-snapshots?sort=name").await;
    assert_eq!(all.len(), 3 * 3 * 3 + 4 * 2);
    for prefix in ["", "p", "pg", "pg.", "pg.s1", "pg.s1.", "pg.s10.v", "PG.S2.w", "v1.", "w.s2", "nothing"] {
        for destroyed in [None, Some(true), Some(false)] {
            let wanted = |item: &&Value| {
                item["name"].as_str().unwrap().to_lowercase().starts_with(&prefix.to_lowercase())
                    && destroyed.is_none_or(|destroyed| item["destroyed"] == destroyed)
            };
            let expected: Vec<&str> = all.iter().filter(wanted).map(|item| item["name"].as_str().unwrap()).collect();
            let flag = destroyed.map(|destroyed| format!("&destroyed={destroyed}")).unwrap_or_default();
            for limit in [1, 2, 7, 100] {
                let query = format!("limit={limit}&filter=name%3D'{prefix}*'{flag}");
                assert_eq!(pages(&lab, &query).await, expected, "{query}");
            }
            let rest = expected.get(3..).unwrap_or_default();
            let offset = format!("offset=3&total_item_count=true&filter=name%3D'{prefix}*'{flag}");
            let (_, page) = lab.a.get(&format!("volume-snapshots?{offset}")).await;
            assert_eq!(page["total_item_count"], expected.len(), "{offset}");
            assert_eq!(lab.names(&format!("volume-snapshots?{offset}")).await, rest, "{offset}");
        }
    }
    let others = lab.names("volume-snapshots?limit=2&filter=name%3D'pg*'%20and%20source.name%3D'w'").await;
    assert_eq!(others, ["pg-2.s1.w", "pg-2.s10.w"], "a filter on more than names looks at every row");
}
