//! What is said to Keystone, and what it grants.
//!
//! Facts: Identity API v3, "Password", "Token" and "Application credential authentication" (docs.openstack.org/api-ref/
//! identity/v3). An application credential carries its project; with a scope beside it Keystone answers 401.

use super::clouds::{Credential, Named, Scope, User};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The body that asks for a token.
pub(super) fn token_request(credential: &Credential) -> Value {
    let (identity, scope) = match credential {
        Credential::Password { user, password, scope } => {
            let mut who = user_object(user);
            who.insert("password".to_owned(), Value::from(password.expose()));
            (json!({"methods": ["password"], "password": {"user": who}}), Some(scope))
        }
        Credential::Token { token, scope } => {
            (json!({"methods": ["token"], "token": {"id": token.expose()}}), Some(scope))
        }
        Credential::Application { id, secret } => {
            let mut which = Map::new();
            match id {
                Ok(id) => drop(which.insert("id".to_owned(), Value::from(id.as_str()))),
                Err((name, user)) => {
                    which.insert("name".to_owned(), Value::from(name.as_str()));
                    which.insert("user".to_owned(), Value::from(user_object(user)));
                }
            }
            which.insert("secret".to_owned(), Value::from(secret.expose()));
            (json!({"methods": ["application_credential"], "application_credential": which}), None)
        }
    };
    let mut auth = json!({"identity": identity});
    if let (Some(Scope { project }), Some(auth)) = (scope, auth.as_object_mut()) {
        auth.insert("scope".to_owned(), json!({"project": named_object(project)}));
    }
    json!({"auth": auth})
}

fn user_object(user: &User) -> Map<String, Value> {
    named_object(user)
}

fn named_object(named: &Named) -> Map<String, Value> {
    let mut object = Map::new();
    match named {
        Named::Id(id) => drop(object.insert("id".to_owned(), Value::from(id.as_str()))),
        Named::Name { name, domain } => {
            object.insert("name".to_owned(), Value::from(name.as_str()));
            let domain = match domain {
                Ok(id) => json!({"id": id}),
                Err(name) => json!({"name": name}),
            };
            object.insert("domain".to_owned(), domain);
        }
    }
    object
}

/// What comes with a token.
#[derive(Debug, Clone, Default)]
pub(super) struct Granted {
    /// When it ends, by Keystone's clock.
    pub(super) expires_at: Option<Timestamp>,
    /// Project it is for.
    pub(super) project: Option<String>,
    /// Where the services are.
    pub(super) catalogue: Vec<CatalogueEntry>,
}

/// A service in the catalogue.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CatalogueEntry {
    /// Type.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Where it answers.
    #[serde(default)]
    pub(super) endpoints: Vec<Endpoint>,
}

/// Where a service answers.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Endpoint {
    /// `public`, `internal` or `admin`.
    pub(super) interface: String,
    /// Region.
    #[serde(default)]
    pub(super) region: Option<String>,
    /// The same in its newer spelling.
    #[serde(default)]
    pub(super) region_id: Option<String>,
    /// Address.
    pub(super) url: String,
}

impl Endpoint {
    /// Whether it is in that region.
    pub(super) fn is_in(&self, region: &str) -> bool {
        self.region.as_deref() == Some(region) || self.region_id.as_deref() == Some(region)
    }
}

/// Reads the answer to a token request; `None`: it is none.
pub(super) fn granted(body: &[u8]) -> Option<Granted> {
    #[derive(Deserialize)]
    struct Body {
        token: Token,
    }
    #[derive(Deserialize)]
    struct Token {
        expires_at: Option<Timestamp>,
        project: Option<Project>,
        #[serde(default)]
        catalog: Vec<CatalogueEntry>,
    }
    #[derive(Deserialize)]
    struct Project {
        id: String,
    }
    let Body { token } = serde_json::from_slice(body).ok()?;
    Some(Granted {
        expires_at: token.expires_at,
        project: token.project.map(|project| project.id),
        catalogue: token.catalog,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiToken;

    fn user() -> User {
        Named::Name { name: "admin".into(), domain: Err("Default".into()) }
    }

    fn scope() -> Scope {
        Scope { project: Named::Name { name: "dr".into(), domain: Ok("default".into()) } }
    }

    #[test]
    fn each_method_asks_in_its_own_words() {
        let password = Credential::Password { user: user(), password: ApiToken::new("planted"), scope: scope() };
        assert_eq!(
            token_request(&password),
            json!({"auth": {
                "identity": {"methods": ["password"], "password": {"user": {
                    "name": "admin", "domain": {"name": "Default"}, "password": "planted"}}},
                "scope": {"project": {"name": "dr", "domain": {"id": "default"}}}}})
        );
        let scope = Scope { project: Named::Id("p1".into()) };
        let token = Credential::Token { token: ApiToken::new("planted"), scope };
        assert_eq!(
            token_request(&token),
            json!({"auth": {"identity": {"methods": ["token"], "token": {"id": "planted"}},
                "scope": {"project": {"id": "p1"}}}})
        );
    }

    #[test]
    fn an_application_credential_carries_no_scope() {
        let by_id = Credential::Application { id: Ok("7b".into()), secret: ApiToken::new("planted") };
        assert_eq!(
            token_request(&by_id),
            json!({"auth": {"identity": {"methods": ["application_credential"],
                "application_credential": {"id": "7b", "secret": "planted"}}}})
        );
        let id = Err(("dr".to_owned(), user()));
        let by_name = token_request(&Credential::Application { id, secret: ApiToken::new("planted") });
        assert_eq!(by_name["auth"]["identity"]["application_credential"]["user"]["name"], "admin");
        assert!(by_name["auth"].get("scope").is_none());
    }

    #[test]
    fn a_grant_is_read() {
        let body = br#"{"token":{"methods":["password"],"expires_at":"2026-11-30T12:00:00.000000Z",
            "project":{"domain":{"id":"default","name":"Default"},"id":"p1","name":"admin"},"is_domain":false,
            "catalog":[{"id":"1","name":"cinderv3","type":"volumev3","endpoints":[{"id":"e","interface":"public",
            "region":"RegionOne","region_id":"RegionOne","url":"http://127.0.0.1:21776/v3/p1"}]}]}}"#;
        let granted = granted(body).unwrap();
        assert_eq!(granted.project.as_deref(), Some("p1"));
        assert_eq!(granted.expires_at.unwrap().to_string(), "2026-11-30T12:00:00Z");
        let entry = granted.catalogue.first().unwrap();
        assert!(entry.kind == "volumev3" && entry.endpoints[0].is_in("RegionOne") && !entry.endpoints[0].is_in("x"));
        assert!(super::granted(b"<html>").is_none());
    }
}
