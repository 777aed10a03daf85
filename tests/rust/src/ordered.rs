//! Three members in an order, and what is true of them whenever nothing is open.

#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "helpers of tests may panic as tests do")]

use crate::compare::rows;
use crate::stage::Stage;
use crate::{GROUP, add_member};
use protector_core::engine::{Engine, MemberUpdate, OperationView, Request};
use protector_core::mock::Mishap;
use protector_core::model::{BootCheck, Mappings, Protection};
use protector_core::{Error, Result};
use std::collections::BTreeMap;

/// The database of tier 0.
pub const DB: &str = "db-server-1";
/// The application of tier 1, which depends on the database.
pub const APP: &str = "app-server-1";
/// The web server of tier 0, whose port is checked.
pub const WEB: &str = "web-server-1";

/// A retry without mappings of its own.
pub fn retry() -> Request {
    Request::RetryFailed { mappings: Mappings::default() }
}

/// A failback without mappings of its own.
pub fn failback() -> Request {
    Request::Failback { mappings: Mappings::default() }
}

/// A check of a port, not made in tests.
pub fn tcp(port: u16) -> Option<BootCheck> {
    Some(BootCheck::Tcp { port, timeout_seconds: 60, in_tests: false })
}

/// Changes start options of a member.
///
/// # Errors
/// what the engine says.
pub async fn update(stage: &Stage, server: &str, change: MemberUpdate) -> Result<()> {
    stage.engine.member_update(GROUP, server, &change).await.map(drop)
}

/// Database and web server in tier 0, and in tier 1 an application that depends on the database; all replicated.
///
/// # Errors
/// what the engine says.
pub async fn ordered() -> Result<Stage> {
    let stage = Stage::protected().await?;
    add_member(&stage.deployment, &stage.engine, DB, 0).await?;
    add_member(&stage.deployment, &stage.engine, APP, 1).await?;
    update(&stage, APP, MemberUpdate { depends_on: Some(vec![DB.into()]), ..MemberUpdate::default() }).await?;
    update(&stage, WEB, MemberUpdate { boot_check: tcp(443), ..MemberUpdate::default() }).await?;
    stage.completes(&Request::Sync {}).await?;
    Ok(stage)
}

/// Lets something go wrong on site-b, or no longer.
///
/// # Errors
/// world cannot be written → `Storage`.
pub fn mishap(stage: &Stage, mishap: Mishap, name: &str, happens: bool) -> Result<()> {
    stage.deployment.world().set_mishap(&"site-b".into(), mishap, name, happens)
}

/// Name of the first volume of a server.
///
/// # Errors
/// no such group or member → `NotFound`.
pub async fn volume_of(stage: &Stage, server: &str) -> Result<String> {
    let record = stage.record(&stage.engine).await?;
    let member = record.members.iter().find(|m| m.name == server).ok_or_else(|| Error::not_found(server))?;
    Ok(member.disks[0].name.clone())
}

/// What came of each member, by name.
pub fn outcomes(view: &OperationView) -> BTreeMap<&str, &str> {
    view.instances.iter().map(|i| (i.name.trim_end_matches("-test"), i.outcome.as_str())).collect()
}

/// What holds whenever nothing is open: the sites agree, `partial` follows from the members (I-38), the Cinder group and
/// the array group hold exactly the copies that the record knows, and nothing that held data is gone (I-13).
///
/// # Errors
/// what the engine says.
pub async fn check_at_rest(stage: &Stage, before: &serde_json::Value) -> Result<()> {
    let record = stage.record(&stage.engine).await?;
    assert_eq!(record, stage.record(&stage.other()?).await?);
    assert_eq!(record.group.operation, None);
    let failed = record.failed_members().count();
    assert_eq!((record.group.partial, record.unfinished.is_some()), (failed > 0, failed > 0));
    let facts = stage.engine.facts(GROUP, &failback()).await?;
    let site = &record.group.current_primary_site;
    let copies: Vec<_> = record.disks().filter_map(|(_, d)| d.copies.get(site)).collect();
    let grouped = &facts.source.cloud.known().expect("the cloud").group_volumes;
    assert_eq!(*grouped, copies.iter().map(|c| c.volume_id.clone()).collect());
    if record.group.protection == Protection::Protected {
        let group = facts.source.array.known().and_then(|a| a.local_group.clone()).expect("the array group");
        assert_eq!(group.volumes, copies.iter().map(|c| c.array_volume.clone()).collect());
    }
    for row in before["world"]["volumes"].as_array().into_iter().flatten() {
        let volumes = rows(&stage.deployment, "volumes")?;
        let now = volumes.iter().find(|v| v["id"] == row["id"]).expect("the volume is still there");
        assert_eq!(now["destroyed_ms"], row["destroyed_ms"], "{now}");
    }
    Ok(())
}

/// Plans and accepts; returns the operation.
///
/// # Errors
/// what the engine says.
pub async fn accept(engine: &Engine, request: &Request) -> Result<String> {
    Ok(engine.accept(&engine.plan(GROUP, request).await?).await?.id.to_string())
}
