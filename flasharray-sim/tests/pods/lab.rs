//! What the tests of pods share.

use crate::client::{Client, read, start};
use flasharray_sim::{Links, Options, Simulator};
use protector_core::mock::WorldTime;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) struct Lab {
    pub(crate) simulator: Simulator,
    pub(crate) a: Client,
    pub(crate) b: Client,
}

impl Lab {
    /// Two arrays with a sync connection in a world whose clock moves only when told to; data take a second.
    pub(crate) async fn new() -> Self {
        let options = Options {
            links: Links::Sync,
            time: WorldTime::Virtual,
            transfer_time: Duration::from_secs(1),
            ..Options::default()
        };
        let simulator = start(options).await;
        let a = Client::logged_in(&simulator.arrays()[0]).await;
        let b = Client::logged_in(&simulator.arrays()[1]).await;
        Self { simulator, a, b }
    }

    pub(crate) async fn wait(&self, millis: u64) {
        self.simulator.world().clock().sleep(Duration::from_millis(millis)).await;
    }

    pub(crate) fn link(&self, connected: bool) {
        self.simulator.world().set_link_connected(connected).unwrap();
    }

    /// Pod `p` of arrA with volume `p::v`.
    pub(crate) async fn pod(&self) {
        done(&self.a, Method::POST, "pods?names=p", json!({})).await;
        done(&self.a, Method::POST, "volumes?names=p%3A%3Av", json!({"provisioned": 1_073_741_824})).await;
    }

    /// The same on both arrays, up to date.
    pub(crate) async fn stretched_pod(&self) {
        self.pod().await;
        done(&self.a, Method::POST, "pods/members?pod_names=p&member_names=arrB", Value::Null).await;
        self.wait(1000).await;
    }
}

pub(crate) async fn ask(client: &Client, method: Method, path: &str, body: Value) -> (u16, Value) {
    match body {
        Value::Null => read(client.request(method, path).send().await.unwrap()).await,
        body => client.send(method, path, &body).await,
    }
}

/// The items of a request that succeeds.
pub(crate) async fn done(client: &Client, method: Method, path: &str, body: Value) -> Vec<Value> {
    let (status, reply) = ask(client, method.clone(), path, body).await;
    assert_eq!(status, 200, "{method} {path}: {reply}");
    reply["items"].as_array().cloned().unwrap_or_default()
}

pub(crate) async fn items(client: &Client, path: &str) -> Vec<Value> {
    done(client, Method::GET, path, Value::Null).await
}

pub(crate) async fn item(client: &Client, path: &str) -> Value {
    let [item] = <[_; 1]>::try_from(items(client, path).await).unwrap();
    item
}

/// What a request is refused with: `context: message`, one after the other.
pub(crate) async fn refused(client: &Client, method: Method, path: &str, body: Value) -> String {
    let (status, reply) = ask(client, method.clone(), path, body).await;
    assert_eq!(status, 400, "{method} {path}: {reply}");
    let text = |error: &Value| {
        format!("{}: {}", error["context"].as_str().unwrap_or_default(), error["message"].as_str().unwrap())
    };
    reply["errors"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(" | ")
}

pub(crate) fn statuses(pod: &Value) -> Vec<(&str, &str)> {
    let arrays = pod["arrays"].as_array().unwrap().iter();
    arrays.map(|array| (array["name"].as_str().unwrap(), array["status"].as_str().unwrap())).collect()
}
