//! I-03: once everything answers again, the commands that a group names lead home, without a consent.

use crate::acts::{SITES, Wish};
use crate::edits::array_of;
use crate::laws::{broken, mapping};
use crate::walk::{Walk, open, request};
use protector_core::Result;
use protector_core::engine::{Engine, GroupView, Progress};
use protector_core::model::{GroupStatus, Protection};
use protector_core::plan::Plan;
use protector_core::ports::Cancel;
use protector_tests::GROUP;

/// More commands than any way home takes.
const MOST_COMMANDS: usize = 16;

/// Where a command led.
#[derive(Debug, PartialEq, Eq)]
enum Led {
    On,
    /// Somebody outside has to mend something first; it is said what.
    Nowhere(String),
}

/// Brings everything back that is only away, and follows the first command that the group names, again and again.
pub(crate) async fn lead_home(walk: &mut Walk) -> Result<()> {
    heal(walk).await?;
    let mut trail = Vec::new();
    for _ in 0..MOST_COMMANDS {
        if finish_open(walk).await? {
            trail.push("finish what is open".to_owned());
            continue;
        }
        let (site, _) = walk.record().await?;
        let view = walk.engine(site)?.protection_group_show(GROUP).await?;
        if is_home(&view) {
            return both_sites_agree(walk).await;
        }
        let command = view.next.first().cloned().unwrap_or_default();
        trail.push(format!("{site}: {:?} {}: {command}", view.status, view.protection));
        if let Led::Nowhere(why) = follow(walk, site, &command, &mut trail).await? {
            return needs_somebody(walk, &trail, &why);
        }
    }
    Err(broken("I-03", format!("the commands lead nowhere: {trail:#?}")))
}

async fn heal(walk: &mut Walk) -> Result<()> {
    let world = walk.stage.deployment.world().clone();
    for site in SITES {
        world.set_site_available(&site.into(), true)?;
        world.set_array_available(&array_of(&world, &site.into())?, true)?;
    }
    world.set_link_connected(true)?;
    // a pod is brought up to date
    walk.stage.pass(3600).await;
    walk.wake_up().await?;
    let (_, record) = walk.record().await?;
    mapping::completed_is_true(walk, &record).await?;
    walk.edits.take_back(&world, &record);
    Ok(())
}

fn is_home(view: &GroupView) -> bool {
    view.status == GroupStatus::Active
        && !view.diverged
        && view.fences_due.is_empty()
        && view.protection != Protection::Unprotected
        && view.operation_id.is_none()
}

/// What is open is gone on with, else given up. Returns whether anything was.
async fn finish_open(walk: &mut Walk) -> Result<bool> {
    for site in SITES {
        if walk.resume(site).await? {
            let (_, record) = walk.record().await?;
            mapping::completed_is_true(walk, &record).await?;
            walk.abort(site, false).await?;
            if says_leave_peer(walk, site).await? {
                walk.abort(site, true).await?;
            }
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether what is still open names the one way out that needs a consent.
async fn says_leave_peer(walk: &Walk, site: &str) -> Result<bool> {
    let engine = walk.engine(site)?;
    let Some(open) = open(&engine).await? else { return Ok(false) };
    Ok(engine.operation_show(&open).await?.error.is_some_and(|error| error.contains("--leave-peer")))
}

/// Does what a command line says. What stands against it is mended as its remedy says, and then the group is asked again.
async fn follow(walk: &mut Walk, site: &str, command: &str, trail: &mut Vec<String>) -> Result<Led> {
    let engine = walk.engine(site)?;
    if command.contains(" protection-group sync ") {
        return agree(walk, site, trail).await;
    }
    let Some(wish) = wish(command) else { return Ok(Led::Nowhere(format!("a walk cannot do '{command}'"))) };
    let (_, record) = walk.record().await?;
    let plan = engine.plan(GROUP, &request(wish, &record)).await?;
    if plan.blockers().count() == 0 {
        run(&engine, &plan).await?;
        return Ok(Led::On);
    }
    for remedy in plan.blockers().filter_map(|f| f.remedy.as_deref()) {
        let Some(wish) = wish_of_remedy(remedy) else { continue };
        let mends = engine.plan(GROUP, &request(wish, &record)).await?;
        if mends.blockers().count() == 0 {
            trail.push(remedy.to_owned());
            run(&engine, &mends).await?;
            return Ok(Led::On);
        }
    }
    Ok(Led::Nowhere(why(&plan)))
}

/// Makes both sites agree: by a sync, else by the first command that its refusal names.
async fn agree(walk: &Walk, site: &str, trail: &mut Vec<String>) -> Result<Led> {
    let engine = walk.engine(site)?;
    let Err(refused) = engine.sync_metadata(GROUP).await else { return Ok(Led::On) };
    let remedy = refused.remedy_text().unwrap_or_default();
    trail.push(remedy.to_owned());
    let led = if remedy.contains(&format!("protection-group reconcile {GROUP} --winner {site}")) {
        engine.reconcile(&engine.plan_reconcile(GROUP, site).await?).await.map(drop)
    } else if let Some(other) = SITES.iter().find(|other| remedy.contains(&format!("--os-cloud {other} protector"))) {
        walk.engine(other)?.sync_metadata(GROUP).await.map(drop)
    } else {
        Err(refused)
    };
    Ok(led.map_or_else(|e| Led::Nowhere(e.to_string()), |()| Led::On))
}

fn wish(command: &str) -> Option<Wish> {
    match command {
        _ if command.contains("--retry-failed") => Some(Wish::Retry),
        _ if command.contains(" reprotect ") => Some(Wish::Reprotect),
        _ if command.contains(" failback ") => Some(Wish::Failback),
        _ if command.contains(" consistency-group sync ") => Some(Wish::Sync),
        _ if command.contains(" failover ") => Some(Wish::Planned),
        _ => None,
    }
}

/// What is done without moving anything.
fn wish_of_remedy(remedy: &str) -> Option<Wish> {
    wish(remedy).filter(|wish| matches!(wish, Wish::Sync | Wish::Reprotect | Wish::Retry))
}

async fn run(engine: &Engine, plan: &Plan) -> Result<()> {
    let accepted = engine.accept(plan).await?;
    engine.run(accepted.id.as_str(), &Cancel::default(), &Progress::none()).await.map(drop)
}

fn why(plan: &Plan) -> String {
    let line = |f: &protector_core::plan::Finding| {
        format!("{} [{}], remedy: {}", f.message, f.code, f.remedy.as_deref().unwrap_or("none"))
    };
    plan.blockers().map(line).collect::<Vec<_>>().join("; ")
}

/// Only what people did behind everybody's back may need people, and each obstacle comes with its remedy.
fn needs_somebody(walk: &Walk, trail: &[String], why: &str) -> Result<()> {
    let edits = &walk.edits;
    let explained = (edits.deleted_a_server && why.contains("[server_missing]"))
        || (edits.destroyed_a_point && why.contains("[no_recovery_point]"));
    if explained && !why.contains("remedy: none") {
        return Ok(());
    }
    Err(broken("I-03", format!("{why}\nafter {trail:#?}")))
}

/// I-46: whoever missed something has caught up.
async fn both_sites_agree(walk: &Walk) -> Result<()> {
    let mut records = Vec::new();
    for site in SITES {
        records.push(walk.stage.record(&walk.engine(site)?).await?);
    }
    match records.first() == records.last() {
        true => Ok(()),
        false => Err(broken("I-46", format!("the sites are at home and disagree: {records:#?}"))),
    }
}
