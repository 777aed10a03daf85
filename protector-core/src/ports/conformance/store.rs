//! The promises of [`Store`].

mod agreed;
mod durations;
mod groups;
mod operations;
mod projects;
mod race;
mod rpo;
pub(crate) mod samples;
mod sites;
mod workers;

use super::Check;
use crate::ports::Store;
use std::sync::Arc;

/// What the checks work on: an empty store.
#[derive(Debug, Clone)]
pub struct StoreSubject {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Another handle on the same state, as another process would have one; the same value if there cannot be two.
    pub other: Arc<dyn Store>,
    /// Whether array tokens can be stored: the store has a key repository.
    pub keeps_tokens: bool,
}

/// All checks of a store.
///
/// ```
/// use protector_core::ports::conformance::{run_all, store};
/// use protector_core::store::{Durability, SqlStore, StoreLocation};
/// use std::sync::Arc;
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let report = run_all(&store::suite(), async || {
///     let store = Arc::new(SqlStore::open(StoreLocation::Memory, None, Durability::Off)?);
///     Ok(store::StoreSubject { other: store.clone(), store, keeps_tokens: false })
/// })
/// .await;
/// assert_eq!(report.skipped(), ["tokens_come_back", "what_was_agreed_on_has_no_tokens"]);
/// assert!(report.into_result().is_ok());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn suite() -> Vec<Check<StoreSubject>> {
    let sections = [
        sites::checks(),
        groups::checks(),
        projects::checks(),
        agreed::checks(),
        operations::checks(),
        durations::checks(),
        rpo::checks(),
        workers::checks(),
        race::checks(),
    ];
    sections.into_iter().flatten().collect()
}
