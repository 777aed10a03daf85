//! One FlashArray, for callers that block: what it says, without an engine.

use super::{kept::Kept, wait};
use crate::model::{ArrayGroupName, RecoveryPoint};
use crate::ports::{
    ArrayGroup, ArrayInfo, ArrayVolume, Observed, PeerArray, ReplicationStatus, StorageDriver as _, SystemClock,
    VolumeQuery,
};
use crate::pure::{ArrayEndpoint, Counters, PureOptions, PureStorageDriver, Trust};
use crate::{ApiToken, Result};
use std::{future::Future, sync::Arc};

/// The reading half of a [`PureStorageDriver`]. Changes are made by plans of an engine, which keep the journal.
///
/// Cheap to clone; clones share the session. Nothing is sent before the first call.
#[derive(Debug, Clone)]
pub struct FlashArray(Kept<PureStorageDriver>);

impl FlashArray {
    /// The array at `url`. `role` is what its settings are called by: `primary` for `primary_array_url`.
    ///
    /// # Errors
    /// not `https://HOST[:PORT]`, or a token that cannot be sent → `InvalidRequest` naming the setting; CA file or fingerprint
    /// cannot be read → `InvalidConfiguration` naming it.
    pub fn new(role: &str, url: &str, token: ApiToken, trust: Trust) -> Result<Self> {
        let endpoint = ArrayEndpoint::of_role(role, url, token)?;
        let options = PureOptions { trust, ..PureOptions::default() };
        PureStorageDriver::new(endpoint, options, Arc::new(SystemClock)).map(|driver| Self(Kept::new(driver)))
    }

    /// `HOST[:PORT]`.
    pub fn host(&self) -> &str {
        self.0.seen().client().endpoint().host()
    }

    /// See [`StorageDriver::info`](crate::ports::StorageDriver::info).
    ///
    /// # Errors
    /// as all calls to an array; process that was forked from the one that made it → `Unsupported`.
    pub fn info(&self) -> Result<ArrayInfo> {
        self.ask(|array| async move { array.info().await })
    }

    /// See [`StorageDriver::peers`](crate::ports::StorageDriver::peers).
    ///
    /// # Errors
    /// as [`FlashArray::info`].
    pub fn peers(&self) -> Result<Vec<PeerArray>> {
        self.ask(|array| async move { array.peers().await })
    }

    /// See [`StorageDriver::group`](crate::ports::StorageDriver::group).
    ///
    /// # Errors
    /// as [`FlashArray::info`].
    pub fn group(&self, name: &str) -> Result<Option<Observed<ArrayGroup>>> {
        let name = ArrayGroupName::from(name);
        self.ask(|array| async move { array.group(&name).await })
    }

    /// See [`StorageDriver::recovery_points`](crate::ports::StorageDriver::recovery_points).
    ///
    /// # Errors
    /// as [`FlashArray::info`].
    pub fn recovery_points(&self, group: &str) -> Result<Observed<Vec<RecoveryPoint>>> {
        let group = ArrayGroupName::from(group);
        self.ask(|array| async move { array.recovery_points(&group).await })
    }

    /// See [`StorageDriver::newest_complete`](crate::ports::StorageDriver::newest_complete).
    ///
    /// # Errors
    /// as [`FlashArray::info`].
    pub fn newest_complete(&self, group: &str) -> Result<Option<Observed<RecoveryPoint>>> {
        let group = ArrayGroupName::from(group);
        self.ask(|array| async move { array.newest_complete(&group).await })
    }

    /// See [`StorageDriver::replication_status`](crate::ports::StorageDriver::replication_status).
    ///
    /// # Errors
    /// no such group → `NotFound`; as [`FlashArray::info`].
    pub fn replication_status(&self, group: &str) -> Result<Observed<ReplicationStatus>> {
        let group = ArrayGroupName::from(group);
        self.ask(|array| async move { array.replication_status(&group).await })
    }

    /// See [`StorageDriver::volumes`](crate::ports::StorageDriver::volumes).
    ///
    /// # Errors
    /// as [`FlashArray::info`].
    pub fn volumes(&self, query: VolumeQuery) -> Result<Vec<ArrayVolume>> {
        self.ask(|array| async move { array.volumes(&query).await })
    }

    /// What was sent to the array and received from it so far.
    pub fn counters(&self) -> Counters {
        self.0.seen().client().counters()
    }

    /// Ends the session on the array, if there is one; best effort. The next call logs in again.
    ///
    /// # Errors
    /// forked process → `Unsupported`.
    pub fn close(&self) -> Result<()> {
        if self.counters().logins == 0 {
            return Ok(());
        }
        self.ask(|array| async move {
            array.client().close().await;
            Ok(())
        })
    }

    fn ask<T: Send + 'static, F>(&self, call: impl FnOnce(PureStorageDriver) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        wait(call(self.0.usable("array")?.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    const URL: &str = "https://127.0.0.1:1";

    fn new(role: &str, url: &str, token: &str, trust: Trust) -> Result<FlashArray> {
        FlashArray::new(role, url, ApiToken::new(token), trust)
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named() {
        for (made, words) in [
            (new("primary", "http://fa", "T-1", Trust::System), "primary_array_url 'http://fa'"),
            (new("secondary", "https://fa/api", "T-1", Trust::System), "secondary_array_url 'https://fa/api'"),
            (new("secondary", URL, "T planted", Trust::System), "secondary_array_api_token"),
            (new("primary", URL, "T-1", Trust::Fingerprint("00".to_owned())), "'00' is not a SHA-256 fingerprint"),
            (new("primary", URL, "T-1", Trust::CaFile("/nonexistent/ca.pem".into())), "/nonexistent/ca.pem"),
        ] {
            let error = made.unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains("planted"), "{error}");
        }
    }

    #[test]
    fn closing_what_was_never_asked_sends_nothing() {
        let array = new("primary", URL, "T-1", Trust::System).unwrap();
        array.close().unwrap();
        assert_eq!(array.counters(), Counters::default());
    }

    #[test]
    fn the_runtime_reaches_the_network() {
        let endpoint = ArrayEndpoint::parse(URL, ApiToken::new("T-1")).unwrap();
        let options = PureOptions { retries: 0, trust: Trust::DangerAcceptAnyCertificate, ..PureOptions::default() };
        let array = FlashArray(Kept::new(PureStorageDriver::new(endpoint, options, Arc::new(SystemClock)).unwrap()));
        // nothing listens on port 1; a runtime without network would stop at a panic, which is an `Internal` error
        assert_eq!(array.info().unwrap_err().kind(), ErrorKind::Unreachable);
        assert!(array.counters().round_trips > 0);
    }
}
