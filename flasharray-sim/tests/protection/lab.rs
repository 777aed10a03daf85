//! Two arrays with the volumes of the documents' world on the first, and a clock that moves when it is told to.

use crate::client::{Client, read};
use flasharray_sim::{ArrayOptions, Links, Options, Simulator};
use protector_core::mock::{SeedOptions, World, WorldLocation, WorldTime, seed};
use protector_core::ports::Cloud;
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

pub(crate) const A: &str = "flasharray-a";
pub(crate) const B: &str = "flasharray-b";
/// Milliseconds that a snapshot is on its way.
pub(crate) const TRANSFER: u64 = 1500;

pub(crate) struct Lab {
    /// The source, and the target.
    pub(crate) a: Client,
    pub(crate) b: Client,
    /// Names of the volumes of web-server-1 and web-server-2, sorted.
    pub(crate) volumes: Vec<String>,
    pub(crate) world: World,
    simulator: Simulator,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        let world = World::open(&WorldLocation::Memory, WorldTime::Virtual).unwrap();
        seed(&world, &SeedOptions::default()).unwrap();
        let servers = world.cloud(&"site-a".into()).unwrap().servers().await.unwrap();
        let web = servers.into_iter().filter(|server| server.name.starts_with("web-server"));
        let volumes = web.flat_map(|server| server.volumes).map(|attached| attached.volume.array_volume.unwrap());
        let mut volumes: Vec<String> = volumes.map(|name| name.as_str().to_owned()).collect();
        volumes.sort();
        let options = Options {
            arrays: vec![ArrayOptions::local(A), ArrayOptions::local(B)],
            links: Links::None,
            world: Some(world.clone()),
            session_time: Duration::from_secs(365 * 86_400),
            ..Options::default()
        };
        let simulator = Simulator::start(options).await.unwrap();
        let [a, b] = [0, 1].map(|index| Client::logged_in(&simulator.arrays()[index]));
        Self { a: a.await, b: b.await, volumes, world, simulator }
    }

    /// A lab with the group `pg` of two volumes, replicated and allowed.
    pub(crate) async fn replicating() -> Self {
        let lab = Self::new().await;
        lab.make_group("pg").await;
        lab
    }

    pub(crate) async fn make_group(&self, name: &str) {
        let members = self.volumes[..2].join(",");
        self.ok(&self.a, Method::POST, &format!("protection-groups?names={name}")).await;
        let path = format!("protection-groups/volumes?group_names={name}&member_names={members}");
        self.ok(&self.a, Method::POST, &path).await;
        let path = format!("protection-groups/targets?group_names={name}&member_names={B}");
        self.ok(&self.a, Method::POST, &path).await;
        let path = format!("protection-groups/targets?group_names={A}:{name}");
        self.patched(&self.b, &path, r#"{"allowed":true}"#).await;
    }

    pub(crate) fn faults(&self, script: &str) {
        self.simulator.faults().add(script).unwrap();
    }

    pub(crate) async fn sleep(&self, millis: u64) {
        self.world.clock().sleep(Duration::from_millis(millis)).await;
    }

    /// The items of a request that succeeds.
    pub(crate) async fn ok(&self, client: &Client, method: Method, path: &str) -> Vec<Value> {
        items(send(client, method, path, "").await, path)
    }

    pub(crate) async fn get(&self, client: &Client, path: &str) -> Vec<Value> {
        self.ok(client, Method::GET, path).await
    }

    pub(crate) async fn posted(&self, client: &Client, path: &str, body: &str) -> Vec<Value> {
        items(send(client, Method::POST, path, body).await, path)
    }

    pub(crate) async fn patched(&self, client: &Client, path: &str, body: &str) -> Vec<Value> {
        items(send(client, Method::PATCH, path, body).await, path)
    }

    /// A snapshot of `pg`, replicated at once.
    pub(crate) async fn snapshot(&self, suffix: &str) {
        let path = "protection-group-snapshots?source_names=pg&replicate_now=true";
        self.posted(&self.a, path, &format!(r#"{{"suffix":"{suffix}"}}"#)).await;
    }

    /// Asserts that a request is refused with 400, an error for each of the contexts, and these words in each.
    pub(crate) async fn refused(&self, client: &Client, method: Method, path: &str, body: &str, why: &[(&str, &str)]) {
        let before = self.world.dump().unwrap();
        let (status, answer) = send(client, method, path, body).await;
        assert_eq!(status, 400, "{path}: {answer}");
        let errors = answer["errors"].as_array().unwrap();
        assert_eq!(errors.len(), why.len(), "{path}: {answer}");
        for (error, (context, words)) in errors.iter().zip(why) {
            assert_eq!(error["context"], *context, "{path}");
            assert!(error["message"].as_str().unwrap().contains(words), "{path}: {error} does not say '{words}'");
        }
        assert_eq!(self.world.dump().unwrap(), before, "{path}: a refusal changes nothing");
    }
}

pub(crate) async fn send(client: &Client, method: Method, path: &str, body: &str) -> (u16, Value) {
    let mut request = client.request(method, path);
    if !body.is_empty() {
        request = request.header("content-type", "application/json").body(body.to_owned());
    }
    read(request.send().await.unwrap()).await
}

#[track_caller]
fn items((status, body): (u16, Value), path: &str) -> Vec<Value> {
    assert_eq!(status, 200, "{path}: {body}");
    body["items"].as_array().cloned().unwrap_or_default()
}

/// One field of each item.
pub(crate) fn column(items: &[Value], field: &str) -> Vec<Value> {
    items.iter().map(|item| item[field].clone()).collect()
}

pub(crate) fn names(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["name"].as_str().unwrap()).collect()
}
