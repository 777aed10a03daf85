//! How replicated snapshots get on.

use super::protection_group_snapshots::{SNAPSHOT, empty_groups, of_sources};
use crate::call::Call;
use crate::list::{Listed, list_known};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use protector_core::mock::GroupTransferRow;
use serde_json::{Value, json};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("protection-group-snapshots/transfer", 1, get)]
}

impl Listed for GroupTransferRow {
    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn destroyed(&self) -> bool {
        self.destroyed
    }

    fn belongs_to(&self) -> Option<&str> {
        Some(&self.group.name)
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let has_transfer = self.progress.is_some();
        json!({
            "id": self.id,
            "name": self.name,
            "destroyed": self.destroyed,
            "started": call.time_or_null(self.started_ms),
            "completed": call.time_or_null(self.completed_ms),
            "progress": self.progress,
            "data_transferred": has_transfer.then_some(self.transferred),
            "physical_bytes_written": has_transfer.then_some(self.transferred / 2),
        })
    }
}

/// Lists transfers; `names` may name groups. A snapshot that was never replicated is listed with nothing to say of it.
fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    let (rows, groups) = call.read(|tx| {
        let sources = of_sources(call, tx)?;
        let mut rows = tx.protection_group_transfers()?;
        rows.retain(|row| {
            sources.as_ref().is_none_or(|groups| groups.iter().any(|group| Some(&group.id) == row.group.id.as_ref()))
        });
        Ok((rows, empty_groups(call, tx)?))
    })?;
    list_known(call, rows, &SNAPSHOT, |name| groups.iter().any(|group| group == name))
}
