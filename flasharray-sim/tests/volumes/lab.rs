//! What the tests of volumes share.

use crate::client::{Client, read, start};
use flasharray_sim::{Options, Simulator};
use reqwest::Method;
use serde_json::Value;

/// Two arrays, and a client of the first.
pub(crate) struct Lab {
    pub(crate) simulator: Simulator,
    pub(crate) a: Client,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let simulator = start(options).await;
        let a = Client::logged_in(&simulator.arrays()[0]).await;
        Self { simulator, a }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.a.request(method, path);
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        read(request.send().await.unwrap()).await
    }

    /// The items of a reply that is 200.
    #[track_caller]
    pub(crate) fn items((status, body): (u16, Value)) -> Vec<Value> {
        assert_eq!(status, 200, "{body}");
        body["items"].as_array().cloned().unwrap_or_default()
    }

    pub(crate) async fn get(&self, path: &str) -> Vec<Value> {
        Self::items(self.a.get(path).await)
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Vec<Value> {
        Self::items(self.ask(Method::POST, path, body).await)
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Vec<Value> {
        Self::items(self.ask(Method::PATCH, path, body).await)
    }

    /// Contexts and messages of a reply that is 400.
    pub(crate) async fn refused(&self, method: Method, path: &str, body: Value) -> Vec<(String, String)> {
        let (status, reply) = self.ask(method, path, body).await;
        assert_eq!(status, 400, "{path}: {reply}");
        let text = |error: &Value, field: &str| error[field].as_str().unwrap_or_default().to_owned();
        reply["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| (text(error, "context"), text(error, "message")))
            .collect()
    }

    pub(crate) async fn names(&self, path: &str) -> Vec<String> {
        self.get(path).await.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    }
}

/// One of the refusals is of that object and says that.
#[track_caller]
pub(crate) fn said(refused: &[(String, String)], context: &str, part: &str) {
    let found = refused.iter().any(|(of, message)| of == context && message.contains(part));
    assert!(found, "nothing says '{part}' of '{context}': {refused:?}");
}
