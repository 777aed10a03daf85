//! A deployment in memory, brought to where a test begins.

use crate::compare::{differences, state};
use crate::{GROUP, VIRTUAL, deployment, operate, protect};
use protector_core::connect::Deployment;
use protector_core::engine::{Engine, Request};
use protector_core::model::{Disk, GroupRecord, OperationStatus, SiteName};
use protector_core::{Error, ErrorKind, Result};
use std::{collections::BTreeMap, fmt::Debug, future::Future, time::Duration};

/// A deployment in memory and its engine on site-a.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Both sites.
    pub deployment: Deployment,
    /// The engine that works from site-a.
    pub engine: Engine,
}

impl Stage {
    /// Nothing but the world of the documents.
    ///
    /// # Errors
    /// what the engine says.
    pub async fn empty() -> Result<Self> {
        let deployment = deployment(VIRTUAL).await?;
        let engine = deployment.engine(Some("site-a"))?;
        Ok(Self { deployment, engine })
    }

    /// The documents' group with its member, nothing replicated yet.
    ///
    /// # Errors
    /// what the engine says.
    pub async fn protected() -> Result<Self> {
        let stage = Self::empty().await?;
        protect(&stage.deployment, &stage.engine).await?;
        Ok(stage)
    }

    /// The same with a recovery point.
    ///
    /// # Errors
    /// what the engine says.
    pub async fn replicated() -> Result<Self> {
        let stage = Self::protected().await?;
        stage.completes(&Request::Sync {}).await?;
        Ok(stage)
    }

    /// An operation from site-a that must complete.
    ///
    /// # Errors
    /// what the engine says.
    pub async fn completes(&self, request: &Request) -> Result<()> {
        let done = operate(&self.engine, request).await?;
        assert_eq!(done.status, OperationStatus::Completed, "{done:#?}");
        Ok(())
    }

    /// Takes a site away, or brings it back.
    ///
    /// # Errors
    /// no such site → `NotFound`.
    pub fn set_site(&self, site: &str, available: bool) -> Result<()> {
        self.deployment.world().set_site_available(&site.into(), available)
    }

    /// The engine that works from site-b.
    ///
    /// # Errors
    /// what the engine says.
    pub fn other(&self) -> Result<Engine> {
        self.deployment.engine(Some("site-b"))
    }

    /// Plans and accepts; returns the operation.
    ///
    /// # Errors
    /// what the engine says.
    pub async fn accepted(&self, request: &Request) -> Result<String> {
        let plan = self.engine.plan(GROUP, request).await?;
        Ok(self.engine.accept(&plan).await?.id.to_string())
    }

    /// The documents' group as `engine`'s site holds it.
    ///
    /// # Errors
    /// no such group → `NotFound`.
    pub async fn record(&self, engine: &Engine) -> Result<GroupRecord> {
        engine.endpoints().store.group(GROUP).await?.ok_or_else(|| Error::not_found(GROUP))
    }

    /// The write oracle: each disk of the group is written `count` times on `site`.
    ///
    /// # Errors
    /// the array refuses → `Precondition`.
    pub async fn write(&self, site: &str, count: u64) -> Result<()> {
        let site = SiteName::from(site);
        for (_, disk) in self.record(&self.engine).await?.disks() {
            let copy = disk.copies.get(&site).ok_or_else(|| Error::not_found(format!("'{}' on {site}", disk.name)))?;
            self.deployment.world().write(&site, &copy.volume_id, count)?;
        }
        Ok(())
    }

    /// How many writes each disk holds where the group runs, as `engine`'s site knows it; by disk name.
    ///
    /// # Errors
    /// a disk has no volume there → `NotFound`.
    pub async fn contents(&self, engine: &Engine) -> Result<BTreeMap<String, u64>> {
        let record = self.record(engine).await?;
        let site = &record.group.current_primary_site;
        let array = engine.endpoints().array(site)?.info().await?.name;
        let content = |disk: &Disk| {
            let copy = disk.copies.get(site).ok_or_else(|| Error::not_found(format!("'{}' on {site}", disk.name)))?;
            Ok((disk.name.clone(), self.deployment.world().content(&array, &copy.array_volume_id)?))
        };
        record.disks().map(|(_, disk)| content(disk)).collect()
    }

    /// Lets virtual time pass.
    pub async fn pass(&self, seconds: u64) {
        self.deployment.world().clock().sleep(Duration::from_secs(seconds)).await;
    }

    /// `call` fails with `kind`, its message and remedy hold all `parts`, and world and stores are as before.
    ///
    /// # Errors
    /// it is not refused → `Internal`.
    pub async fn refuses<T: Debug>(
        &self,
        call: impl Future<Output = Result<T>>,
        kind: ErrorKind,
        parts: &[&str],
    ) -> Result<()> {
        let before = state(&self.deployment).await?;
        let refused = match call.await {
            Err(refused) => refused,
            Ok(value) => return Err(Error::internal(format!("not refused: {value:?}"))),
        };
        let differences = differences(&before, &state(&self.deployment).await?);
        assert!(differences.is_empty(), "{refused}\nchanged:\n{}", differences.join("\n"));
        assert_eq!(refused.kind(), kind, "{refused}");
        let text = refused.to_string();
        for part in parts {
            assert!(text.contains(part), "'{part}' is not in: {text}");
        }
        Ok(())
    }

    /// A plan for `request` is blocked, and says all `parts`.
    ///
    /// # Errors
    /// as [`Stage::refuses`].
    pub async fn blocks(&self, engine: &Engine, request: &Request, parts: &[&str]) -> Result<()> {
        let plan_and_accept = async { engine.accept(&engine.plan(GROUP, request).await?).await };
        self.refuses(plan_and_accept, ErrorKind::PlanBlocked, parts).await
    }
}
