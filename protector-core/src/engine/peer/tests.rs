use super::InProcessPeer;
use crate::ErrorKind;
use crate::ports::Peer as _;
use crate::ports::conformance::peer::{PeerSubject, suite};
use crate::ports::conformance::run_all;
use crate::store::{Durability, KeyRing, SqlStore, StoreLocation};
use std::sync::Arc;
use tempfile::TempDir;

/// An empty store.
pub(super) fn store() -> Arc<SqlStore> {
    Arc::new(SqlStore::open(StoreLocation::Memory, None, Durability::Off).unwrap())
}

/// One that keeps tokens, under keys in `place`.
pub(super) fn store_with_keys(place: &TempDir) -> Arc<SqlStore> {
    let keys = place.path().join("fernet-keys");
    KeyRing::setup(&keys).unwrap();
    let keys = KeyRing::load(&keys).unwrap();
    Arc::new(SqlStore::open(StoreLocation::Memory, Some(keys), Durability::Off).unwrap())
}

#[tokio::test]
async fn a_store_of_this_process_keeps_the_contract() {
    let place = tempfile::tempdir().unwrap();
    for keeps_tokens in [true, false] {
        let report = run_all(&suite(), async || {
            let there = if keeps_tokens { store_with_keys(&place) } else { store() };
            let peer = Arc::new(InProcessPeer::new("site-b".into(), there.clone(), Arc::new(|| Ok(true))));
            Ok(PeerSubject { peer, there, keeps_tokens })
        })
        .await;
        let report = report.into_result().unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(report.skipped().len(), 1);
    }
}

#[tokio::test]
async fn a_site_that_is_lost_does_not_answer() {
    let peer = InProcessPeer::new("site-b".into(), store(), Arc::new(|| Ok(false)));
    assert_eq!(peer.ping().await.unwrap_err().kind(), ErrorKind::PeerUnreachable);
    assert_eq!(peer.record(&"pg".into()).await.unwrap_err().kind(), ErrorKind::PeerUnreachable);
}
