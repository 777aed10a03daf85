//! What clients ask of every array and a simulated array has little or nothing of.

use super::hardware::Fixed;
use crate::call::Call;
use crate::list::{Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::session::USER;
use serde_json::{Value, json};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("admins", 2, admins), Route::get("alerts", 2, alerts), Route::get("offloads", 2, offloads)]
}

/// The one administrator whom every API token belongs to. No token is shown.
fn admins(call: &Call<'_>) -> Result<Reply, Refusal> {
    static ADMIN: Noun = Noun { title: "Admin" };
    let mut item = json!({
        "api_token": {"created_at": null, "expires_at": null, "token": null},
        "is_local": true,
        "locked": false,
        "lockout_remaining": null,
        "name": USER,
        "password": null,
        "public_key": null,
        "role": {"name": "array_admin"},
    });
    // not in the contract of 2.26, in that of 2.37
    if let (true, Some(fields)) = (call.at_least(27), item.as_object_mut()) {
        fields.insert("management_access_policies".to_owned(), Value::Array(Vec::new()));
    }
    list(call, vec![Fixed(USER.to_owned(), item)], &ADMIN)
}

fn alerts(call: &Call<'_>) -> Result<Reply, Refusal> {
    static ALERT: Noun = Noun { title: "Alert" };
    list(call, Vec::<Fixed>::new(), &ALERT)
}

fn offloads(call: &Call<'_>) -> Result<Reply, Refusal> {
    static OFFLOAD: Noun = Noun { title: "Offload" };
    list(call, Vec::<Fixed>::new(), &OFFLOAD)
}
