//! The calls of an engine on the simulated world: requests and answers, each document at least once.

mod deployment;
mod group;
mod lost_site;
mod operations;

use super::Schemas;
use protector_core::config::Settings;
use protector_core::connect::Deployment;
use protector_core::engine::{Engine, Event, Progress};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const GROUP: &str = "drill-web-app";
/// The objective is another one than that of the group, which shows as drift.
const SETTINGS: &str = "[engine]\nstorage_driver = mock\nmock_clock = virtual\ncloud_driver = mock\nlocal_site = site-a\n\
    [database]\nconnection = sqlite://\n[storage]\ndefault_rpo_minutes = 30\n";

/// An engine whose documents are held against the schemas.
#[derive(Debug)]
struct Door {
    schemas: Schemas,
    deployment: Deployment,
    engine: Engine,
}

impl Door {
    async fn open() -> Self {
        let settings = Settings::from_text(SETTINGS, &BTreeMap::new()).unwrap();
        let deployment = Deployment::open(&settings).await.unwrap();
        let engine = deployment.engine(None).unwrap();
        Self { schemas: Schemas::committed(), deployment, engine }
    }

    /// A request as somebody writes it, read as the library reads it.
    fn asks<T: DeserializeOwned>(&self, call: &str, role: &str, request: &impl Serialize) -> T {
        self.schemas.check(self.schemas.file("calls", call, role), request);
        serde_json::from_value(serde_json::to_value(request).unwrap()).unwrap()
    }

    /// An answer, for whoever wants to see more of it.
    fn gives(&self, call: &str, answer: &impl Serialize) -> Value {
        self.schemas.check(self.schemas.file("calls", call, "answer"), answer);
        serde_json::to_value(answer).unwrap()
    }

    fn set_site(&self, site: &str, is_available: bool) {
        self.deployment.world().set_site_available(&site.into(), is_available).unwrap();
    }

    /// Events of a call, which are looked at when it has ended.
    fn listen(&self) -> (Progress, Arc<Mutex<Vec<Event>>>) {
        let heard: Arc<Mutex<Vec<Event>>> = Arc::default();
        let events = Arc::clone(&heard);
        (Progress::new(move |event| events.lock().unwrap().push(event.clone())), heard)
    }

    fn heard(&self, call: &str, events: &Mutex<Vec<Event>>) {
        let events = events.lock().unwrap();
        assert!(!events.is_empty(), "{call} told nothing");
        for event in &*events {
            self.schemas.check(self.schemas.file("calls", call, "event"), event);
        }
    }
}

/// One walk, so that what no step of it uses is found. Facts are those of the golden cases.
#[tokio::test]
async fn every_document_of_a_call_holds_to_its_schema() {
    let door = Door::open().await;
    Box::pin(group::sites(&door)).await;
    Box::pin(group::protect(&door)).await;
    Box::pin(group::look(&door)).await;
    Box::pin(operations::drill(&door)).await;
    Box::pin(operations::given_up(&door)).await;
    Box::pin(lost_site::failover(&door)).await;
    Box::pin(lost_site::reconciliation(&door)).await;
    Box::pin(deployment::calls(&door)).await;
    let mut expected = door.schemas.files("calls");
    expected.remove("facts.json");
    assert_eq!(door.schemas.used(), expected);
}
