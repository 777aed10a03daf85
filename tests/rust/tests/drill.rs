//! The drill of the documents, through the engine, on the simulated world.

use protector_core::Result;
use protector_core::model::OperationStatus;
use protector_tests::{VIRTUAL, deployment, drill, operate, protect};

#[tokio::test]
async fn every_operation_of_the_drill_completes() -> Result<()> {
    let deployment = deployment(VIRTUAL).await?;
    let engine = deployment.engine(Some("site-a"))?;
    protect(&deployment, &engine).await?;
    for request in drill() {
        let done = operate(&engine, &request).await?;
        assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
        assert_eq!((done.progress, done.instances_failed), (100, 0));
    }
    Ok(())
}
