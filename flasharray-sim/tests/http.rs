//! The simulator as a client sees it, over real TLS.

mod client;

use client::{Client, read, start};
use flasharray_sim::Options;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_session_opens_the_array() {
    let simulator = start(Options::default()).await;
    let mut client = Client::new(&simulator.arrays()[0]);
    assert_eq!(client.get("arrays").await.0, 401);
    let wrong = client.request(Method::POST, "login").header("api-token", "wrong").send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    client.log_in().await;
    let (status, body) = client.get("arrays").await;
    assert_eq!(status, 200);
    assert_eq!(body["items"][0]["name"], "arrA");
    assert_eq!(client.request(Method::POST, "logout").send().await.unwrap().status(), 200);
    let location = json!({"name": "arrA", "id": null, "resource_type": "remote-arrays"});
    let expired = json!({"errors": [{"message": "Invalid session.", "location_context": location}]});
    assert_eq!(client.get("arrays").await, (401, expired));
    simulator.stop().await;
}

#[tokio::test]
async fn the_versions_need_no_session() {
    let simulator = start(Options::default()).await;
    let client = Client::new(&simulator.arrays()[1]);
    let (status, body) = read(client.plain(Method::GET, "/api/api_version").send().await.unwrap()).await;
    assert_eq!(status, 200);
    let versions = body["version"].as_array().unwrap();
    assert_eq!((versions.first().unwrap(), versions.last().unwrap()), (&json!("2.0"), &json!("2.37")));
    assert!(!versions.contains(&json!("2.12")) && !versions.contains(&json!("2.18")));
    simulator.stop().await;
}
