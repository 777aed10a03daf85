//! Where a site answers the other one.

use crate::ApiToken;
use std::path::PathBuf;
use url::Url;

/// The `protector-api` of a site, and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteApi {
    /// `[site:<name>] api_url`. HTTPS, or HTTP on loopback: tokens of arrays travel with the metadata.
    pub url: Url,
    /// `api_ca_file`: certificates that its certificate is checked against; absent: those that this machine trusts.
    pub ca_file: Option<PathBuf>,
    /// `api_timeout`: seconds that one answer may take.
    pub timeout: u32,
    /// Absent: that service asks nobody who they are.
    pub credential: Option<ApplicationCredential>,
}

/// An application credential of the Keystone of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationCredential {
    /// `auth_url`, of the form `https://host[:port]/v3`.
    pub auth_url: Url,
    /// `application_credential_id`.
    pub id: String,
    /// `application_credential_secret`: the secret, or `env:NAME`, `file:PATH` or `castellan:<id>`.
    pub secret: ApiToken,
}
