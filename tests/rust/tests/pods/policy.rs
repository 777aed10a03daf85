//! Which pod, and what a policy means for a group in one.

use protector_core::engine::PolicyChange;
use protector_core::model::ReplicationType;
use protector_core::{ErrorKind, Result};
use protector_tests::stage::Stage;
use protector_tests::{GROUP, add_member, files, group_create, pods};

#[tokio::test]
async fn the_array_group_lies_in_the_pod_of_the_volumes() -> Result<()> {
    let directory = files::directory()?;
    let stage = pods::stage(directory.path()).await?;
    let policy = stage.engine.policy_show(GROUP).await?;
    assert_eq!(policy.pure_pg_name, pods::ARRAY_GROUP);
    let other = PolicyChange { pure_pg_name: Some("cinder-pod::other".into()), ..PolicyChange::default() };
    stage.refuses(stage.engine.policy_create(GROUP, &other), ErrorKind::InvalidRequest, &["cannot become"]).await
}

#[tokio::test]
async fn a_policy_in_another_pod_than_the_volumes_is_refused() -> Result<()> {
    let directory = files::directory()?;
    let deployment = pods::seeded(directory.path()).await?;
    let engine = deployment.engine(Some("site-a"))?;
    let stage = Stage { deployment, engine };
    let mut create = group_create(GROUP);
    (create.replication_type, create.volume_type) = (ReplicationType::Sync, "replicated-sync".into());
    stage.engine.protection_group_create(&create).await?;
    let policy = PolicyChange {
        pure_pg_name: Some("other-pod::pg-web".into()),
        rpo_minutes: Some(15),
        ..PolicyChange::default()
    };
    stage.engine.policy_create(GROUP, &policy).await?;
    let add = add_member(&stage.deployment, &stage.engine, "sync-server-1", 0);
    stage.refuses(add, ErrorKind::NotEligible, &["is in pod 'cinder-pod'", "'other-pod'"]).await
}

#[tokio::test]
async fn an_asynchronous_group_is_in_no_pod() -> Result<()> {
    let stage = Stage::empty().await?;
    stage.engine.protection_group_create(&group_create(GROUP)).await?;
    let policy = PolicyChange {
        pure_pg_name: Some("cinder-pod::pg-web".into()),
        replication_interval: Some(300),
        rpo_minutes: Some(15),
        ..PolicyChange::default()
    };
    let parts = ["lies in pod 'cinder-pod'", "asynchronously"];
    stage.refuses(stage.engine.policy_create(GROUP, &policy), ErrorKind::InvalidRequest, &parts).await
}

#[tokio::test]
async fn a_synchronous_group_is_offered_only_where_types_and_arrays_do() -> Result<()> {
    let stage = Stage::empty().await?;
    let mut create = group_create(GROUP);
    create.replication_type = ReplicationType::Sync;
    let refused = stage.engine.protection_group_create(&create);
    stage.refuses(refused, ErrorKind::NotEligible, &["does not support replication as 'sync'"]).await
}
