//! The documents' group in a stretched pod.

use crate::stage::Stage;
use crate::{GROUP, add_member, files, group_create};
use protector_core::Result;
use protector_core::connect::Deployment;
use protector_core::engine::{Engine, GroupCreate, PolicyChange};
use protector_core::mock::SeedOptions;
use protector_core::model::ReplicationType;
use std::path::Path;

/// The array group, as it is called where nobody gives it a name.
pub const ARRAY_GROUP: &str = "cinder-pod::pg-drill-web-app";

/// A deployment in `directory` whose world has servers in a stretched pod.
///
/// # Errors
/// as [`files::seeded`].
pub async fn seeded(directory: &Path) -> Result<Deployment> {
    files::seeded_with(directory, SeedOptions { sync_servers: 2, ..SeedOptions::default() }).await
}

/// The documents' group, replicated synchronously, with a member in each of two tiers.
///
/// # Errors
/// what the engine says.
pub async fn protect(deployment: &Deployment, engine: &Engine) -> Result<()> {
    let create = GroupCreate {
        replication_type: ReplicationType::Sync,
        volume_type: "replicated-sync".into(),
        ..group_create(GROUP)
    };
    engine.protection_group_create(&create).await?;
    engine.policy_create(GROUP, &PolicyChange { rpo_minutes: Some(15), ..PolicyChange::default() }).await?;
    add_member(deployment, engine, "sync-server-1", 0).await?;
    add_member(deployment, engine, "sync-server-2", 1).await
}

/// Such a group in a world of its own.
///
/// # Errors
/// what the engine says.
pub async fn stage(directory: &Path) -> Result<Stage> {
    let deployment = seeded(directory).await?;
    let engine = deployment.engine(Some("site-a"))?;
    protect(&deployment, &engine).await?;
    Ok(Stage { deployment, engine })
}
