//! I-34: killed with SIGKILL at any point before the pivot is done, an operation can be given up, and everything is as it
//! was; also if whoever gives it up is killed at any point. From the pivot on an abort is refused and changes nothing.

use protector_core::engine::{OperationView, Progress, Request, StopOptions};
use protector_core::exec::{OperationState, Record};
use protector_core::model::{Mappings, OperationStatus};
use protector_core::ports::{Cancel, Cloud as _, ServerState, verify_chain};
use protector_core::{Error, ErrorKind, Result};
use protector_tests::compare::{differences, rows, state};
use protector_tests::restored::{Start, check, start_of};
use protector_tests::{add_member, drill, failover, files, operate, protect, unplanned};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// More points than any operation has.
const MOST_POINTS: u64 = 2000;

/// Brings the world to where the operation is accepted and has not begun.
async fn accept(directory: &Path, before: &[Request], request: &Request) -> Result<(String, Start)> {
    let deployment = files::seeded(directory).await?;
    let engine = deployment.engine(Some("site-a"))?;
    protect(&deployment, &engine).await?;
    add_member(&deployment, &engine, "app-server-1", 1).await?;
    for request in before {
        assert_eq!(operate(&engine, request).await?.status, OperationStatus::Completed);
    }
    let plan = engine.plan(protector_tests::GROUP, request).await?;
    let start = start_of(&deployment, &engine).await?;
    Ok((engine.accept(&plan).await?.id.to_string(), start))
}

/// Whether the child died by SIGKILL; else it came to the end of what it does.
fn is_killed_at(verb: &str, point: u64, directory: &Path, operation: &str) -> Result<bool> {
    let child = Command::new(env!("CARGO_BIN_EXE_protector-test-child"))
        .args([verb, &directory.display().to_string(), "site-a", operation, &point.to_string()])
        .output()
        .map_err(|e| Error::internal("no child was started").source(e))?;
    if child.status.signal() == Some(9) {
        return Ok(true);
    }
    assert!(child.status.success(), "{:?}: {}", child.status, String::from_utf8_lossy(&child.stderr));
    Ok(false)
}

async fn abort(directory: &Path, operation: &str) -> Result<OperationView> {
    let engine = files::open(directory).await?.engine(Some("site-a"))?;
    engine.operation_abort(operation, &StopOptions::default(), &Cancel::default(), &Progress::none()).await
}

/// The start is restored, the servers run, and the journal tells of one end.
async fn check_given_up(directory: &Path, operation: &str, start: &Start) -> Result<()> {
    let deployment = files::open(directory).await?;
    let engine = deployment.engine(Some("site-a"))?;
    let shown = engine.operation_show(operation).await?;
    assert_eq!(shown.status, OperationStatus::Cancelled, "{shown:#?}");
    let journal = engine.endpoints().store.journal(&operation.into(), 0).await?;
    verify_chain(&journal)?;
    let records = journal.into_iter().map(|e| Ok(serde_json::from_str(&e.record)?)).collect::<Result<Vec<Record>>>()?;
    let count = |wanted: fn(&Record) -> bool| records.iter().filter(|r| wanted(r)).count();
    assert_eq!(count(|r| matches!(r, Record::RollbackStarted { .. })), 1, "{records:?}");
    assert_eq!(count(|r| matches!(r, Record::Finished { .. })), 1, "{records:?}");
    // servers that were told to start may still boot
    deployment.world().clock().sleep(Duration::from_secs(300)).await;
    check(start, &deployment, &engine).await?;
    for server in deployment.world().cloud(&"site-a".into())?.servers().await? {
        assert_eq!(server.state, ServerState::Active, "{}", server.name);
    }
    assert_eq!(engine.endpoints().store.stop_request(&operation.into()).await?, None);
    Ok(())
}

/// Nothing that was left behind is in the way of what comes next.
async fn check_goes_on(directory: &Path) -> Result<()> {
    let deployment = files::open(directory).await?;
    let engine = deployment.engine(Some("site-a"))?;
    for request in drill() {
        let done = operate(&engine, &request).await?;
        assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
    }
    Ok(())
}

/// Kills at every point and gives up; returns how often the start was restored, and how often it was too late.
async fn give_up_after_any_kill(before: &[Request], request: &Request) -> Result<(u32, u32)> {
    let accepted = files::directory()?;
    let (operation, start) = accept(accepted.path(), before, request).await?;
    let (mut restored, mut too_late) = (0, 0);
    for point in 1..MOST_POINTS {
        let directory = files::directory()?;
        files::copy(accepted.path(), directory.path())?;
        if !is_killed_at("run", point, directory.path(), &operation)? {
            break;
        }
        if pivot_is_done(directory.path(), &operation).await? {
            let seen = look(directory.path(), &operation).await?;
            let refused = abort(directory.path(), &operation).await;
            match refused {
                Err(e) => {
                    assert_eq!(e.kind(), ErrorKind::Precondition, "point {point}: {e}");
                    let way_on = format!("openstack protector operation resume {operation}");
                    // the very last point lies behind the end
                    assert!(e.to_string().contains(&way_on) || e.message().contains("has ended"), "point {point}: {e}");
                }
                Ok(view) => return Err(Error::internal(format!("point {point}: not refused: {view:?}"))),
            }
            let changed = differences(&seen, &look(directory.path(), &operation).await?);
            assert_eq!(changed, Vec::<String>::new(), "point {point}");
            too_late += 1;
        } else {
            abort(directory.path(), &operation).await?;
            check_given_up(directory.path(), &operation, &start).await?;
            // again: a clear answer, and nothing more happens
            let seen = look(directory.path(), &operation).await?;
            assert_eq!(abort(directory.path(), &operation).await?.status, OperationStatus::Cancelled);
            assert_eq!(differences(&seen, &look(directory.path(), &operation).await?), Vec::<String>::new());
            restored += 1;
        }
    }
    Ok((restored, too_late))
}

async fn pivot_is_done(directory: &Path, operation: &str) -> Result<bool> {
    let engine = files::open(directory).await?.engine(Some("site-a"))?;
    let state = OperationState::fold(&engine.endpoints().store.journal(&operation.into(), 0).await?)?;
    Ok(state.pivot_passed(&engine.operation_plan(operation).await?))
}

/// Everything there is, with the journal.
async fn look(directory: &Path, operation: &str) -> Result<serde_json::Value> {
    let deployment = files::open(directory).await?;
    let engine = deployment.engine(Some("site-a"))?;
    let journal = engine.endpoints().store.journal(&operation.into(), 0).await?;
    let stop = engine.endpoints().store.stop_request(&operation.into()).await?;
    Ok(serde_json::json!({"state": state(&deployment).await?, "journal": journal, "stop": stop}))
}

/// I-34
#[tokio::test]
async fn planned_failover() -> Result<()> {
    let (restored, too_late) = give_up_after_any_kill(&[Request::Sync {}], &failover()).await?;
    assert!(restored > 14 && too_late > 20, "{restored} {too_late}");
    Ok(())
}

#[tokio::test]
async fn unplanned_failover_of_a_site_that_answers() -> Result<()> {
    let (restored, too_late) = give_up_after_any_kill(&[Request::Sync {}], &unplanned(true)).await?;
    assert!(restored > 8 && too_late > 10, "{restored} {too_late}");
    Ok(())
}

#[tokio::test]
async fn failback() -> Result<()> {
    let request = Request::Failback { mappings: Mappings::default() };
    let before = [Request::Sync {}, failover()];
    // the servers of site-b are those that run
    let accepted = files::directory()?;
    let (operation, start) = accept(accepted.path(), &before, &request).await?;
    let mut restored = 0;
    for point in 1..MOST_POINTS {
        let directory = files::directory()?;
        files::copy(accepted.path(), directory.path())?;
        if !is_killed_at("run", point, directory.path(), &operation)?
            || pivot_is_done(directory.path(), &operation).await?
        {
            break;
        }
        assert_eq!(abort(directory.path(), &operation).await?.status, OperationStatus::Cancelled, "point {point}");
        let deployment = files::open(directory.path()).await?;
        check(&start, &deployment, &deployment.engine(Some("site-a"))?).await?;
        restored += 1;
    }
    assert!(restored > 14, "{restored}");
    Ok(())
}

/// Whoever gives it up dies, too, and the next one goes on: with another abort, or with a resume.
#[tokio::test]
async fn killed_while_giving_up() -> Result<()> {
    let accepted = files::directory()?;
    let (operation, start) = accept(accepted.path(), &[Request::Sync {}], &failover()).await?;
    // the clones are made, and nobody has written it down
    let stopped = files::directory()?;
    let mut last_before_pivot = 0;
    for point in 1..MOST_POINTS {
        let directory = files::directory()?;
        files::copy(accepted.path(), directory.path())?;
        assert!(is_killed_at("run", point, directory.path(), &operation)?, "the pivot was never reached");
        if pivot_is_done(directory.path(), &operation).await? {
            break;
        }
        last_before_pivot = point;
    }
    files::copy(accepted.path(), stopped.path())?;
    assert!(is_killed_at("run", last_before_pivot, stopped.path(), &operation)?);
    let clones = rows(&files::open(stopped.path()).await?, "volumes")?;
    assert!(clones.iter().any(|row| row["clone_key"].as_str().is_some_and(|key| key.starts_with(&operation))));

    let mut kills = 0;
    for point in 1..MOST_POINTS {
        let directory = files::directory()?;
        files::copy(stopped.path(), directory.path())?;
        if !is_killed_at("abort", point, directory.path(), &operation)? {
            break;
        }
        kills += 1;
        if point % 2 == 0 || point < 3 {
            assert_eq!(abort(directory.path(), &operation).await?.status, OperationStatus::Cancelled, "point {point}");
        } else {
            let engine = files::open(directory.path()).await?.engine(Some("site-a"))?;
            let ended = engine.run(&operation, &Cancel::default(), &Progress::none()).await?;
            assert_eq!(ended.status, OperationStatus::Cancelled, "point {point}");
        }
        check_given_up(directory.path(), &operation, &start).await?;
    }
    abort(stopped.path(), &operation).await?;
    check_goes_on(stopped.path()).await?;
    assert!(kills > 20, "{kills}");
    Ok(())
}
