//! Executors that die anywhere, and operations that are given up then.

use super::*;
use protector_core::connect::Deployment;
use protector_core::engine::{Progress, StopOptions};
use protector_core::exec::OperationState;
use protector_core::model::Protection;
use protector_core::ports::Cancel;
use protector_tests::crash::{Fuse, with_fuse};
use protector_tests::restored::{Start, check, start_of};
use protector_tests::{failover, unplanned};
use std::path::Path;

/// More points than any of these operations has.
const MOST_POINTS: u64 = 300;
/// A lease, and a little.
const UNTIL_IT_IS_THOUGHT_DEAD: u64 = 90;

/// A world in which an operation of a site is accepted and has not begun.
struct Accepted {
    directory: TempDir,
    site: &'static str,
    operation: String,
}

impl Accepted {
    async fn of(directory: TempDir, engine: &Engine, site: &'static str, request: &Request) -> Result<Self> {
        let plan = engine.plan(GROUP, request).await?;
        let operation = engine.accept(&plan).await?.id.to_string();
        Ok(Self { directory, site, operation })
    }

    /// A copy of that world in which an executor froze at a point. `None`: it ended before.
    async fn frozen_at(&self, point: u64, directory: &Path) -> Result<Option<(Deployment, Engine)>> {
        files::copy(self.directory.path(), directory)?;
        let deployment = files::open(directory).await?;
        let engine = deployment.engine(Some(self.site))?;
        let fuse = Fuse::freezing(point);
        let doomed = with_fuse(&engine, &fuse);
        let (cancel, none) = (Cancel::default(), Progress::none());
        tokio::select! {
            ended = doomed.run(&self.operation, &cancel, &none) => return ended.map(|_| None),
            () = fuse.frozen() => {}
        }
        deployment.world().clock().sleep(std::time::Duration::from_secs(UNTIL_IT_IS_THOUGHT_DEAD)).await;
        Ok(Some((deployment, engine)))
    }

    async fn pivot_is_done(&self, engine: &Engine) -> Result<bool> {
        let journal = engine.endpoints().store.journal(&self.operation.as_str().into(), 0).await?;
        Ok(OperationState::fold(&journal)?.pivot_passed(&engine.operation_plan(&self.operation).await?))
    }

    async fn give_up(&self, engine: &Engine) -> Result<OperationStatus> {
        let (options, cancel) = (StopOptions::default(), Cancel::default());
        let ended = engine.operation_abort(&self.operation, &options, &cancel, &Progress::none()).await?;
        Ok(ended.status)
    }
}

/// I-34: the arrays of a pod hear of the pivot on both sides of it, and the start is restored all the same.
#[tokio::test]
async fn a_planned_failover() -> Result<()> {
    let (directory, stage) = protected().await?;
    completes(&stage.engine, &Request::Sync {}).await?;
    let start: Start = start_of(&stage.deployment, &stage.engine).await?;
    let accepted = Accepted::of(directory, &stage.engine, "site-a", &failover()).await?;
    let mut restored = 0;
    for point in 1..MOST_POINTS {
        let directory = files::directory()?;
        let Some((deployment, engine)) = accepted.frozen_at(point, directory.path()).await? else { break };
        if accepted.pivot_is_done(&engine).await? {
            break;
        }
        assert_eq!(accepted.give_up(&engine).await?, OperationStatus::Cancelled, "frozen at {point}");
        check(&start, &deployment, &engine).await?;
        // and nothing is in the way of the next one
        completes(&engine, &failover()).await?;
        check_protected(&engine).await?;
        restored += 1;
    }
    assert!(restored > 14, "{restored}");
    Ok(())
}

/// I-03, I-34: whatever a reprotect did before it was given up, the next one protects the workload.
#[tokio::test]
async fn a_reprotect_after_a_lost_site() -> Result<()> {
    let (directory, stage) = protected().await?;
    let away = stage.other()?;
    stage.set_site("site-a", false)?;
    completes(&away, &unplanned(true)).await?;
    stage.set_site("site-a", true)?;
    away.sync_metadata(GROUP).await?;
    let accepted = Accepted::of(directory, &away, "site-b", &Request::Reprotect {}).await?;
    let (mut given_up, mut protected) = (0, 0);
    for point in 1..MOST_POINTS {
        let directory = files::directory()?;
        let Some((_, engine)) = accepted.frozen_at(point, directory.path()).await? else { break };
        if engine.operation_show(&accepted.operation).await?.finished_at.is_some() {
            break;
        }
        let ended = accepted.give_up(&engine).await?;
        // an end that the other site may have been told stands
        let is_protected = engine.protection_group_show(GROUP).await?.protection == Protection::Protected;
        let expected = if is_protected { OperationStatus::Completed } else { OperationStatus::Cancelled };
        assert_eq!(ended, expected, "frozen at {point}");
        if !is_protected {
            completes(&engine, &Request::Reprotect {}).await?;
        }
        check_protected(&engine).await?;
        (given_up, protected) = (given_up + 1, protected + u32::from(is_protected));
    }
    assert!(given_up > 40 && protected < 5, "{given_up} {protected}");
    Ok(())
}
