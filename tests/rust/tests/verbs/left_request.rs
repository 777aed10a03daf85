//! An abort that is only asked for is obeyed by whoever runs the operation next.

use super::{abort, accepted, because, failover, run, run_until};
use protector_core::Result;
use protector_core::engine::StopOptions;
use protector_core::model::OperationStatus;

#[tokio::test]
async fn nothing_is_done_until_somebody_runs_the_operation() -> Result<()> {
    for interrupted in [false, true] {
        let (stage, operation) = accepted(&failover()).await?;
        let here = &stage.engine;
        if interrupted {
            run_until(here, &operation, "fence_source", "done").await?;
        }
        let before = here.operation_show(&operation).await?;
        let options = StopOptions { ask_only: true, ..because("wrong group") };
        let asked = abort(here, &operation, &options).await?;
        assert_eq!((asked.status, &asked.steps), (before.status, &before.steps), "{interrupted}");
        assert!(asked.stop.as_deref().is_some_and(|stop| stop.starts_with("stopping: abort")), "{asked:?}");

        let ended = run(here, &operation).await?;
        assert_eq!(ended.status, OperationStatus::Cancelled, "{ended:?}");
        assert!(ended.steps.iter().all(|step| step.state != "done"), "{ended:?}");
    }
    Ok(())
}
