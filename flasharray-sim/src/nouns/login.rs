//! Sessions: `login`, `logout`, and the exchange of an identity token for an access token.

use crate::call::Call;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::{Access, Route};
use crate::sentences;
use crate::service::session_token;
use crate::session::{ACCESS_TOKEN_TIME, USER};
use serde_json::json;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("login", 0, login).with_access(Access::Open),
        Route::post("logout", 0, logout).with_access(Access::Open),
        Route::post("oauth2/1.0/token", 0, exchange_token).with_access(Access::Unversioned),
    ]
}

/// `POST login`: an API token in the header of that name becomes a session token.
fn login(call: &Call<'_>) -> Result<Reply, Refusal> {
    let token = call.headers.get("api-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !call.served.accepts(token) {
        return Err(Refusal::with_status(401, None, sentences::INVALID_TOKEN));
    }
    let session = call.sim.sessions.open(call.array, call.sim.now_ms());
    Ok(Reply { auth_token: Some(session), ..Reply::json(&json!({"items": [{"username": USER}]})) })
}

/// `POST logout`: of a session that is no more, too; py-pure-client logs out when it hears that its session expired.
fn logout(call: &Call<'_>) -> Result<Reply, Refusal> {
    if let Some(token) = session_token(call.headers) {
        call.sim.sessions.close(call.array, token);
    }
    Ok(Reply::empty())
}

/// `POST /oauth2/1.0/token`: an identity token that the simulator was told of becomes an access token.
fn exchange_token(call: &Call<'_>) -> Result<Reply, Refusal> {
    let form = String::from_utf8_lossy(call.body.0);
    let form = Query::new(&form);
    for (field, expected) in [("grant_type", GRANT_TYPE), ("subject_token_type", JWT)] {
        match form.text(field) {
            Some(given) if given == expected => {}
            Some(given) => return Ok(oauth_error(400, "invalid_request", &format!("Unsupported {field}: {given}"))),
            None => return Ok(oauth_error(400, "invalid_request", &format!("Missing {field}"))),
        }
    }
    let Some(subject) = form.text("subject_token").filter(|token| !token.is_empty()) else {
        return Ok(oauth_error(400, "invalid_request", "Missing subject_token"));
    };
    if !call.sim.options.oauth_subjects.iter().any(|known| *known == subject) {
        return Ok(oauth_error(401, "invalid_client", "Invalid identity: JWT validation failed."));
    }
    let token = call.sim.sessions.open_for_access_token(call.array, call.sim.now_ms());
    Ok(Reply::json(&json!({
        "access_token": token,
        "expires_in": ACCESS_TOKEN_TIME.as_secs(),
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
    })))
}

/// Errors of this one request have a form of their own (the contract of 2.37, `OauthToken400` and `OauthToken401`).
fn oauth_error(status: u16, error: &str, description: &str) -> Reply {
    Reply { status, ..Reply::json(&json!({"error": error, "error_description": description})) }
}
