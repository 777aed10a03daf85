//! Every call of the suites of the ports, behind calls by name: what a driver is asked, and what it answers.

use super::Schemas;
use protector_core::Result;
use protector_core::foreign::{Foreign, ForeignCloud, ForeignStorageDriver, LoopbackArray, LoopbackCloud};
use protector_core::mock::{World, WorldLocation, WorldTime, cloud_subject, storage_subject};
use protector_core::ports::Cloud as _;
use protector_core::ports::conformance::{cloud, run_all, storage};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// A driver whose calls are held against the schemas on their way.
#[derive(Debug)]
struct Watched<F> {
    driver: F,
    port: &'static str,
    schemas: Arc<Schemas>,
    problems: Arc<Mutex<Vec<String>>>,
}

impl<F: Foreign> Watched<F> {
    fn look(&self, method: &str, role: &str, text: &str) {
        let (file, value) = (self.schemas.file(self.port, method, role), serde_json::from_str::<Value>(text).unwrap());
        let problems = self.schemas.problems(file, &value);
        if problems.is_empty() {
            self.schemas.check(file, &value);
        }
        self.problems.lock().unwrap().extend(problems.into_iter().map(|problem| format!("{problem}: {text}")));
    }
}

impl<F: Foreign> Foreign for Watched<F> {
    fn call(&self, method: &'static str, arguments: &str) -> Result<String> {
        self.look(method, "arguments", arguments);
        let answer = self.driver.call(method, arguments)?;
        self.look(method, "answer", &answer);
        Ok(answer)
    }
}

/// What was seen of one port.
#[derive(Debug)]
struct Watch {
    port: &'static str,
    schemas: Arc<Schemas>,
    problems: Arc<Mutex<Vec<String>>>,
}

impl Watch {
    fn of(port: &'static str) -> Self {
        Self { port, schemas: Arc::new(Schemas::committed()), problems: Arc::default() }
    }

    fn over<F: Foreign>(&self, driver: F) -> Arc<Watched<F>> {
        let (schemas, problems) = (Arc::clone(&self.schemas), Arc::clone(&self.problems));
        Arc::new(Watched { driver, port: self.port, schemas, problems })
    }

    /// Nothing was wrong, and nothing was left out.
    fn finish(&self) {
        let problems = self.problems.lock().unwrap();
        assert!(problems.is_empty(), "{} problems, first: {}", problems.len(), problems[0]);
        assert_eq!(self.schemas.used(), self.schemas.files(self.port));
    }
}

fn world() -> Result<World> {
    World::open(&WorldLocation::Memory, WorldTime::Virtual)
}

#[tokio::test]
async fn what_goes_to_an_array_and_comes_back_holds_to_the_schemas() {
    let watch = Watch::of("storage");
    let report = run_all(&storage::suite(), async || {
        let mut subject = storage_subject(&world()?)?;
        for driver in [&mut subject.source, &mut subject.target] {
            let foreign = watch.over(LoopbackArray { driver: Arc::clone(driver), optional: true });
            *driver = Arc::new(ForeignStorageDriver::open(foreign, Arc::clone(&subject.clock)).await?);
        }
        Ok(subject)
    })
    .await;
    report.into_result().unwrap_or_else(|report| panic!("{report}"));
    watch.finish();
}

/// The suite does not ask for security groups.
#[tokio::test]
async fn what_goes_to_a_cloud_and_comes_back_holds_to_the_schemas() {
    let watch = Watch::of("cloud");
    let report = run_all(&cloud::suite(), async || {
        let mut subject = cloud_subject(&world()?)?;
        let foreign = watch.over(LoopbackCloud(Arc::clone(&subject.cloud)));
        subject.cloud = Arc::new(ForeignCloud::open(foreign, Arc::clone(&subject.clock)).await?);
        Ok(subject)
    })
    .await;
    report.into_result().unwrap_or_else(|report| panic!("{report}"));
    let subject = cloud_subject(&world().unwrap()).unwrap();
    let foreign = watch.over(LoopbackCloud(subject.cloud));
    assert!(!ForeignCloud::open(foreign, subject.clock).await.unwrap().security_groups().await.unwrap().is_empty());
    watch.finish();
}
