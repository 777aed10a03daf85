//! Two simulated FlashArrays, brought to where a test of the driver begins.

use crate::compare::differences;
use crate::flash_arrays::{FlashArrays, NAMES};
use flasharray_sim::Options;
use protector_core::model::{
    ArrayGroupName, ArrayName, ArrayVolumeName, Epoch, OpKey, ProtectionGroupId, RecoveryPointName, Transfer,
};
use protector_core::ports::conformance::storage::StorageBench as _;
use protector_core::ports::{
    Cancel, CloneRequest, Cx, GroupSpec, MemberMode, MemberSet, Outcome, ReplicationSpec, SnapshotRequest,
    StorageDriver as _,
};
use protector_core::pure::PureStorageDriver;
use protector_core::rules::naming;
use protector_core::{Error, ErrorKind, Result};
use std::{fmt::Debug, future::Future, time::Duration};

/// The group of every stage.
pub const GROUP: &str = "pg-app";

/// Its members.
pub const MEMBERS: [&str; 2] = ["v1", "v2"];

/// Seconds between scheduled snapshots: long enough that none comes in between.
const INTERVAL: u32 = 86_400;

/// What calls to two arrays are made with.
impl FlashArrays {
    /// The group of the stage, as the source shows it.
    pub fn group() -> ArrayGroupName {
        GROUP.into()
    }

    /// Whose it is.
    pub fn owner() -> ProtectionGroupId {
        "pg-11111111-1111-4111-8111-111111111111".into()
    }

    /// The same group, as the target shows it.
    pub fn image() -> ArrayGroupName {
        naming::target_group_name(&NAMES[0].into(), &Self::group())
    }

    /// The recovery point of [`replicated`](Self::replicated), as the target shows it.
    pub fn point() -> RecoveryPointName {
        naming::recovery_point_name(&Self::image(), "dr-1")
    }

    /// The context of a call under `key`, with a deadline far away.
    pub fn call(&self, key: &str) -> Cx {
        Cx {
            op_key: OpKey::from(key),
            epoch: Epoch(5),
            deadline: self.world().clock().now() + Duration::from_secs(3600),
            cancel: Cancel::default(),
        }
    }

    /// The group to have.
    pub fn spec() -> GroupSpec {
        GroupSpec { name: Self::group(), owner: Self::owner(), adopt: false }
    }

    /// Exactly these members.
    pub fn members(names: &[&str]) -> MemberSet {
        MemberSet { volumes: names.iter().map(|name| ArrayVolumeName::from(*name)).collect(), mode: MemberMode::Exact }
    }

    /// Replication to the second array, daily.
    pub fn replication() -> ReplicationSpec {
        ReplicationSpec { target: NAMES[1].into(), interval: INTERVAL }
    }

    /// A snapshot that is shipped.
    pub fn shipped(suffix: &str) -> SnapshotRequest {
        SnapshotRequest { suffix: suffix.to_owned(), replicate_now: true }
    }

    /// Clones of members out of [`point`](Self::point), each as `dr-<member>`.
    pub fn clones(names: &[&str]) -> CloneRequest {
        let pair = |name: &&str| (ArrayVolumeName::from(*name), ArrayVolumeName::new(format!("dr-{name}")));
        CloneRequest { point: Self::point(), volumes: names.iter().map(pair).collect() }
    }

    /// Makes volumes on the source, each connected to a host.
    ///
    /// # Errors
    /// the world cannot be written → `Storage`.
    pub async fn volumes(&self, names: &[&str]) -> Result<()> {
        for name in names {
            self.create_volume(&ArrayName::from(NAMES[0]), &ArrayVolumeName::from(*name), 1 << 20).await?;
        }
        Ok(())
    }

    /// Two arrays with the group and its members.
    ///
    /// # Errors
    /// what the driver says.
    pub async fn protected(rest_max: &str, change: impl FnOnce(&mut Options)) -> Result<Self> {
        let arrays = Self::start(rest_max, change).await?;
        arrays.volumes(&MEMBERS).await?;
        arrays.source.ensure_group(&arrays.call("group"), &Self::spec()).await?;
        arrays.source.ensure_members(&arrays.call("members"), &Self::group(), &Self::members(&MEMBERS)).await?;
        Ok(arrays)
    }

    /// The same, replicated and allowed.
    ///
    /// # Errors
    /// what the driver says.
    pub async fn linked(rest_max: &str, change: impl FnOnce(&mut Options)) -> Result<Self> {
        let arrays = Self::protected(rest_max, change).await?;
        arrays.source.ensure_replication(&arrays.call("target"), &Self::group(), &Self::replication()).await?;
        arrays.accepted(&arrays.target).await?;
        Ok(arrays)
    }

    /// The same with a recovery point that is complete on the target.
    ///
    /// # Errors
    /// what the driver says.
    pub async fn replicated(rest_max: &str, change: impl FnOnce(&mut Options)) -> Result<Self> {
        let arrays = Self::linked(rest_max, change).await?;
        let (cx, wanted) = (arrays.call("snapshot"), Self::shipped("dr-1"));
        arrays.source.create_protection_group_snapshot(&cx, &Self::group(), &wanted).await?;
        arrays.arrived(&arrays.target).await?;
        Ok(arrays)
    }

    /// Allows replication of the group, as soon as its image shows.
    ///
    /// # Errors
    /// what the driver says; never there → `DeadlineExceeded`.
    pub async fn accepted(&self, target: &PureStorageDriver) -> Result<()> {
        self.wait("the image", || async {
            let (cx, image, owner) = (self.call("accept"), Self::image(), Self::owner());
            let outcome = insist(|| target.accept_from_peer(&cx, &image, &owner, true)).await?;
            Ok(!matches!(outcome, Outcome::InProgress { .. }))
        })
        .await
    }

    /// Waits until the recovery point is complete.
    ///
    /// # Errors
    /// what the driver says; never complete → `DeadlineExceeded`.
    pub async fn arrived(&self, target: &PureStorageDriver) -> Result<()> {
        self.wait("the transfer", || async {
            match insist(|| async { target.transfer_status(&Self::point()).await }).await {
                Ok(transfer) => Ok(matches!(transfer, Transfer::Completed { .. })),
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
                Err(e) => Err(e),
            }
        })
        .await
    }

    async fn wait<F: Future<Output = Result<bool>>>(&self, what: &str, is_there: impl Fn() -> F) -> Result<()> {
        for _ in 0..20 {
            if is_there().await? {
                return Ok(());
            }
            self.world().clock().sleep(Duration::from_secs(1)).await;
        }
        Err(Error::new(ErrorKind::DeadlineExceeded, format!("{what} did not come")))
    }

    /// `call` fails with `kind`, its message and remedy hold all `parts`, and the world is as before.
    ///
    /// # Errors
    /// it is not refused → `Internal`.
    pub async fn refuses<T: Debug>(
        &self,
        call: impl Future<Output = Result<T>>,
        kind: ErrorKind,
        parts: &[&str],
    ) -> Result<()> {
        let before = self.world().dump()?;
        let refused = match call.await {
            Err(refused) => refused,
            Ok(value) => return Err(Error::internal(format!("not refused: {value:?}"))),
        };
        let differences = differences(&before, &self.world().dump()?);
        assert!(differences.is_empty(), "{refused}\nchanged:\n{}", differences.join("\n"));
        says(&refused, kind, parts);
        Ok(())
    }
}

/// An error is of `kind`, and tells people all `parts`.
pub fn says(error: &Error, kind: ErrorKind, parts: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
}

/// Makes a call again for as long as its error says that it may pass or has to be looked at, ten times at most.
///
/// # Errors
/// any other error, or the last one.
pub async fn insist<T, F: Future<Output = Result<T>>>(call: impl Fn() -> F) -> Result<T> {
    for _ in 0..10 {
        match call().await {
            Err(e) if matches!(e.kind(), ErrorKind::Transient | ErrorKind::Indeterminate | ErrorKind::Unreachable) => {}
            end => return end,
        }
    }
    call().await
}
