//! One cloud of `clouds.yaml`: where its Keystone is, who we are there, and how it is talked to.

use super::yaml;
use crate::openstack::service::Service;
use crate::{ApiToken, Error, Result};
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};
use url::Url;

/// Something with an id, or with a name in a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::openstack) enum Named {
    Id(String),
    Name {
        name: String,
        /// Id, or else name.
        domain: Result<String, String>,
    },
}

/// A user.
pub(in crate::openstack) type User = Named;

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::openstack) struct Scope {
    pub(in crate::openstack) project: Named,
}

/// How Keystone knows us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::openstack) enum Credential {
    Password {
        user: User,
        password: ApiToken,
        scope: Scope,
    },
    Token {
        token: ApiToken,
        scope: Scope,
    },
    Application {
        /// Id, or else name and whose it is.
        id: Result<String, (String, User)>,
        secret: ApiToken,
    },
}

impl Credential {
    /// What it is called in `clouds.yaml`.
    pub(in crate::openstack) fn kind(&self) -> &'static str {
        match self {
            Self::Password { .. } => "v3password",
            Self::Token { .. } => "v3token",
            Self::Application { .. } => "v3applicationcredential",
        }
    }

    /// What must not appear in any message.
    pub(in crate::openstack) fn secret(&self) -> &ApiToken {
        match self {
            Self::Password { password: secret, .. }
            | Self::Token { token: secret, .. }
            | Self::Application { secret, .. } => secret,
        }
    }
}

/// Which of the addresses in the catalogue are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::openstack) enum Interface {
    #[default]
    Public,
    Internal,
    Admin,
}

impl Interface {
    /// As catalogues write it.
    pub(in crate::openstack) fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Admin => "admin",
        }
    }
}

/// Which certificates of its services are accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::openstack) enum Trust {
    /// Those issued by an authority that this machine trusts.
    #[default]
    System,
    /// Those issued by an authority in this PEM file, and no others, as with openstacksdk.
    CaFile(PathBuf),
    /// Any: `verify: false`.
    Any,
}

/// One cloud. Debug shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct CloudEntry {
    pub(in crate::openstack) name: String,
    /// Address of Keystone, with its version.
    pub(in crate::openstack) auth_url: Url,
    pub(in crate::openstack) credential: Credential,
    pub(in crate::openstack) region: Option<String>,
    pub(in crate::openstack) interface: Interface,
    pub(in crate::openstack) trust: Trust,
    /// Addresses that count instead of the catalogue's.
    pub(in crate::openstack) overrides: BTreeMap<Service, Url>,
}

impl CloudEntry {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its Keystone is.
    pub fn auth_url(&self) -> &str {
        self.auth_url.as_str()
    }

    /// Whether passwords and tokens travel in the open to another machine.
    pub fn is_readable_on_the_way(&self) -> bool {
        let host = self.auth_url.host_str().unwrap_or_default();
        self.auth_url.scheme() == "http" && !matches!(host, "127.0.0.1" | "localhost" | "[::1]")
    }

    /// # Errors
    /// see [`super::CloudsFile::entry`].
    pub(super) fn read(path: &Path, name: &str, found: &Value) -> Result<Self> {
        let empty = Map::new();
        let Some(cloud) = found.as_object() else {
            return Err(fault(path, name, "is not a map", "write auth, region_name and what else it needs below it"));
        };
        let auth = match cloud.get("auth") {
            None => &empty,
            Some(auth) => auth.as_object().ok_or_else(|| {
                fault(path, name, "has an 'auth' that is not a map", "write auth_url and so on below it")
            })?,
        };
        let reader = Reader { path, name, cloud, auth };
        reader.entry()
    }
}

impl fmt::Debug for CloudEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloudEntry({} at {}, {})", self.name, self.auth_url, self.credential.kind())
    }
}

fn fault(path: &Path, name: &str, what: &str, remedy: impl Into<String>) -> Error {
    Error::configuration(format!("cloud '{name}' in {} {what}", path.display())).remedy(remedy)
}

struct Reader<'a> {
    path: &'a Path,
    name: &'a str,
    cloud: &'a Map<String, Value>,
    auth: &'a Map<String, Value>,
}

impl Reader<'_> {
    fn fault(&self, what: &str, remedy: impl Into<String>) -> Error {
        fault(self.path, self.name, what, remedy)
    }

    fn option(&self, key: &str) -> Option<String> {
        self.cloud.get(key).and_then(yaml::text).filter(|text| !text.is_empty())
    }

    fn auth(&self, key: &str) -> Option<String> {
        self.auth.get(key).and_then(yaml::text).filter(|text| !text.is_empty())
    }

    fn entry(&self) -> Result<CloudEntry> {
        if self.option("cert").is_some() || self.option("key").is_some() {
            return Err(self.fault("has a client certificate (cert, key)", "leave them out: they are not supported"));
        }
        let auth_url = self.auth_url()?;
        Ok(CloudEntry {
            name: self.name.to_owned(),
            auth_url,
            credential: self.credential()?,
            region: self.region(),
            interface: self.interface()?,
            trust: self.trust()?,
            overrides: self.overrides()?,
        })
    }

    fn auth_url(&self) -> Result<Url> {
        let Some(text) = self.auth("auth_url") else {
            let what = match self.option("profile").or_else(|| self.option("cloud")) {
                Some(profile) => format!("has no auth.auth_url; its profile '{profile}' is not looked up"),
                None => "has no auth.auth_url".to_owned(),
            };
            return Err(self.fault(&what, "add auth_url: https://<host>:5000/v3"));
        };
        let url = self.address("auth.auth_url", &text)?;
        Ok(crate::openstack::endpoints::base(&url, Service::Identity, None))
    }

    /// The value of an address is not shown where it may hold a password.
    fn address(&self, option: &str, text: &str) -> Result<Url> {
        let remedy = "write https://<host>[:<port>][/<path>]";
        let url = Url::parse(text.trim())
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| self.fault(&format!("has an {option} that is no URL"), remedy))?;
        if url.password().is_some() || !url.username().is_empty() {
            return Err(self.fault(&format!("has credentials in {option}"), remedy));
        }
        Ok(url)
    }

    fn region(&self) -> Option<String> {
        let first = || match self.cloud.get("regions")?.as_array()?.first()? {
            Value::Object(region) => region.get("name").and_then(yaml::text),
            region => yaml::text(region),
        };
        self.option("region_name").or_else(first)
    }

    fn interface(&self) -> Result<Interface> {
        let Some(text) = self.option("interface").or_else(|| self.option("endpoint_type")) else {
            return Ok(Interface::default());
        };
        match text.strip_suffix("URL").unwrap_or(&text) {
            "public" => Ok(Interface::Public),
            "internal" => Ok(Interface::Internal),
            "admin" => Ok(Interface::Admin),
            _ => Err(self.fault(&format!("has interface '{text}'"), "write public, internal or admin")),
        }
    }

    fn trust(&self) -> Result<Trust> {
        let verify = match self.cloud.get("verify") {
            None | Some(Value::Null) => true,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => match yaml::text(other).unwrap_or_default().to_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => true,
                "false" | "no" | "off" | "0" => false,
                _ => return Err(self.fault("has a 'verify' that is neither true nor false", "write true, or false")),
            },
        };
        if !verify {
            return Ok(Trust::Any);
        }
        Ok(self.option("cacert").map_or(Trust::System, |file| Trust::CaFile(PathBuf::from(file))))
    }

    fn overrides(&self) -> Result<BTreeMap<Service, Url>> {
        let mut overrides = BTreeMap::new();
        for service in Service::ALL {
            let mut keys = service.option_prefixes().iter().map(|prefix| format!("{prefix}_endpoint_override"));
            if let Some((key, text)) = keys.find_map(|key| self.option(&key).map(|text| (key, text))) {
                overrides.insert(service, self.address(&key, &text)?);
            }
        }
        Ok(overrides)
    }

    fn credential(&self) -> Result<Credential> {
        let named = self.option("auth_type");
        let kind = match named.as_deref() {
            Some(kind) => kind,
            // openstacksdk: a token beside no password is meant
            None if self.auth("token").is_some() && self.auth("password").is_none() => "token",
            None if self.auth("application_credential_secret").is_some() => "v3applicationcredential",
            None => "password",
        };
        match kind {
            "password" | "v3password" => Ok(Credential::Password {
                user: self.named("user")?,
                password: ApiToken::new(self.required("password", "openstack user set --password-prompt <user>")?),
                scope: self.scope()?,
            }),
            "token" | "v3token" => Ok(Credential::Token {
                token: ApiToken::new(self.required("token", "openstack token issue")?),
                scope: self.scope()?,
            }),
            "v3applicationcredential" | "application_credential" => self.application_credential(),
            other => Err(self.fault(
                &format!("has auth_type '{other}'"),
                "use v3applicationcredential, v3password or v3token: openstack application credential create protector",
            )),
        }
    }

    fn application_credential(&self) -> Result<Credential> {
        let make = "openstack application credential create protector";
        let secret = ApiToken::new(self.required("application_credential_secret", make)?);
        let id = match self.auth("application_credential_id") {
            Some(id) => Ok(id),
            None => Err((
                self.required("application_credential_id", make)
                    .or_else(|missing| self.auth("application_credential_name").ok_or(missing))?,
                self.named("user")?,
            )),
        };
        Ok(Credential::Application { id, secret })
    }

    fn required(&self, key: &str, command: &str) -> Result<String> {
        self.auth(key).ok_or_else(|| {
            self.fault(&format!("has no auth.{key}"), format!("add it there or in secure.yaml: {command}"))
        })
    }

    fn scope(&self) -> Result<Scope> {
        for scope in ["system_scope", "trust_id"] {
            if self.auth(scope).is_some() {
                return Err(self.fault(
                    &format!("has auth.{scope}"),
                    "name a project instead: volumes that are imported belong to it",
                ));
            }
        }
        // the older words for a project
        let old = |key: &str| self.auth(key).map(Named::Id);
        match self.named("project") {
            Ok(project) => Ok(Scope { project }),
            Err(missing) => {
                if let Some(project) = old("tenant_id") {
                    return Ok(Scope { project });
                }
                match self.auth("tenant_name") {
                    Some(name) => Ok(Scope { project: Named::Name { name, domain: self.domain("project") } }),
                    None => Err(missing),
                }
            }
        }
    }

    /// `user_id`, or `username` with its domain; the same for a project.
    fn named(&self, what: &str) -> Result<Named> {
        let name_key = if what == "user" { "username".to_owned() } else { format!("{what}_name") };
        if let Some(id) = self.auth(&format!("{what}_id")) {
            return Ok(Named::Id(id));
        }
        let name = self.auth(&name_key).ok_or_else(|| {
            self.fault(
                &format!("has neither auth.{what}_id nor auth.{name_key}"),
                format!("add one of them: openstack {what} list"),
            )
        })?;
        Ok(Named::Name { name, domain: self.domain(what) })
    }

    /// Where nothing is said, Keystone's own default domain.
    fn domain(&self, what: &str) -> Result<String, String> {
        for whose in [format!("{what}_domain"), "default_domain".to_owned()] {
            if let Some(id) = self.auth(&format!("{whose}_id")) {
                return Ok(id);
            }
            if let Some(name) = self.auth(&format!("{whose}_name")) {
                return Err(name);
            }
        }
        Ok("default".to_owned())
    }
}
