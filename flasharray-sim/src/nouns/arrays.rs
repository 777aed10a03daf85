//! The array itself.

use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::{Access, Route};
use protector_core::mock::ArrayRow;
use serde_json::{Value, json};

static ARRAY: Noun = Noun { title: "Array" };

/// Usable capacity in bytes: 100 TiB.
const CAPACITY: u64 = 100 << 40;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("api/api_version", 0, api_version).with_access(Access::Unversioned), Route::get("arrays", 2, get)]
}

/// `GET /api/api_version`, without a session.
fn api_version(call: &Call<'_>) -> Result<Reply, Refusal> {
    let versions: Vec<String> = call.sim.versions.iter().map(ToString::to_string).collect();
    Ok(Reply::json(&json!({"version": versions})))
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    let row = call.read(|tx| Ok(tx.info().clone()))?;
    list(call, vec![row], &ARRAY)
}

impl Listed for ArrayRow {
    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn item(&self, _call: &Call<'_>) -> Value {
        json!({"id": self.id, "name": self.name, "version": self.version, "os": "Purity//FA", "capacity": CAPACITY})
    }
}
