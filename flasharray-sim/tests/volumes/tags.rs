//! Tags.

use crate::lab::{Lab, said};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn tags_are_put_changed_listed_and_removed() {
    let lab = Lab::new().await;
    lab.post("volumes?names=v1,v2", json!({})).await;
    let tags = json!([
        {"key": "ProjectId", "value": "p", "namespace": "openstack", "copyable": false},
        {"key": "Plain", "value": "1"},
    ]);
    let (status, body) = lab.ask(Method::PUT, "volumes/tags/batch?resource_names=v1,v2", tags).await;
    assert_eq!((status, body["items"].as_array().unwrap().len()), (200, 4));
    lab.ask(Method::PUT, "volumes/tags/batch?resource_names=v1", json!([{"key": "Plain", "value": "2"}])).await;
    let keys = async |path: &str| {
        let found = lab.get(path).await;
        let text = |tag: &Value, field: &str| tag[field].as_str().unwrap().to_owned();
        found.iter().map(|tag| format!("{}:{}", text(tag, "key"), text(tag, "value"))).collect::<Vec<_>>()
    };
    assert_eq!(keys("volumes/tags?resource_names=v1").await, ["Plain:2", "ProjectId:p"]);
    assert_eq!(keys("volumes/tags?resource_names=v1&namespaces=openstack").await, ["ProjectId:p"]);
    assert_eq!(keys("volumes/tags?filter=value%3D'1'").await, ["Plain:1"]);
    assert_eq!(keys("volumes/tags").await.len(), 4);
    let removed = lab.ask(Method::DELETE, "volumes/tags?namespaces=openstack&resource_names=v1", Value::Null).await;
    assert_eq!(removed, (200, Value::Null));
    assert_eq!(keys("volumes/tags?resource_names=v1").await, ["Plain:2"]);
    assert_eq!(lab.ask(Method::DELETE, "volumes/tags?keys=Plain&resource_names=v1", Value::Null).await.0, 200);
    assert!(keys("volumes/tags?resource_names=v1").await.is_empty());
}

#[tokio::test]
async fn tags_that_cannot_be_are_refused_and_change_nothing() {
    let lab = Lab::new().await;
    lab.post("volumes?names=v1", json!({})).await;
    let put = "volumes/tags/batch";
    let fine = json!([{"key": "k", "value": "v"}]);
    let long = json!([{"key": "k", "value": "v"}, {"key": "k".repeat(65), "value": "v"}]);
    let table = [
        (Method::PUT, put, "?resource_names=v1,nope", fine.clone(), "nope", "Volume does not exist"),
        (Method::PUT, put, "", fine, "resource_names", "required"),
        (Method::PUT, put, "?resource_names=v1", long, "v1", "Tag key must be between 1 and 64"),
        (
            Method::DELETE,
            "volumes/tags",
            "?resource_names=v1&keys=k",
            Value::Null,
            "v1",
            "Tag default:k does not exist",
        ),
        (Method::DELETE, "volumes/tags", "?resource_names=v1&namespaces=a,b", Value::Null, "namespaces", "b"),
    ];
    for (method, path, query, body, context, part) in table {
        said(&lab.refused(method, &format!("{path}{query}"), body).await, context, part);
        assert!(lab.get("volumes/tags").await.is_empty(), "{query}");
    }
}

#[tokio::test]
async fn each_collection_has_tags_from_its_version_on() {
    let mut lab = Lab::new().await;
    lab.post("hosts?names=h1", json!({})).await;
    let tags = json!([{"key": "k", "value": "v"}]);
    assert_eq!(lab.ask(Method::PUT, "hosts/tags/batch?resource_names=h1", tags).await.0, 200);
    assert_eq!(lab.get("hosts/tags").await[0]["resource"]["name"], "h1");
    for path in ["protection-groups/tags", "pods/tags", "protection-group-snapshots/tags"] {
        assert_eq!(lab.a.get(path).await.0, 404, "{path} at 2.37");
    }
    lab.a.version = "2.1";
    assert_eq!(lab.a.get("volumes/tags").await.0, 404);
}
