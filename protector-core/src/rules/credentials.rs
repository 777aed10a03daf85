//! How an array is reached: each field from the policy, else from `[storage]`; HTTPS only.

use crate::{ApiToken, Error, ErrorKind, Result};
use std::fmt;
use url::{Host, Url};

/// Which array of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The array of the primary site.
    Primary,
    /// The array of the secondary site.
    Secondary,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        })
    }
}

/// What it takes to talk to an array. The token prints as `***`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayAccess {
    /// HTTPS management URL, as it was given.
    pub url: String,
    /// Token.
    pub token: ApiToken,
}

/// What one place says about an array.
#[derive(Debug, Clone, Copy)]
pub struct AccessIn<'a> {
    /// Under which of its two names.
    pub side: Side,
    /// URL, if it is there.
    pub url: Option<&'a str>,
    /// Token, if it is there.
    pub token: Option<&'a ApiToken>,
}

/// URL and token of one side of a policy, each from there if it is given, else from `[storage]`. The array of a group's
/// primary site may be the secondary one of `[storage]`: sides are names within one place.
///
/// # Errors
/// A field is in neither place → `InvalidConfiguration` naming both places; both URLs are there but name different arrays →
/// `InvalidConfiguration`; a URL is not an HTTPS management URL → as [`validate_fa_url`]. Mend the named field.
pub fn resolve(policy: AccessIn<'_>, settings: AccessIn<'_>) -> Result<ArrayAccess> {
    check_same_array(policy, settings)?;
    match (policy.url.or(settings.url), policy.token.or(settings.token)) {
        (Some(url), Some(token)) => Ok(ArrayAccess { url: url.trim().to_owned(), token: token.clone() }),
        (url, token) => Err(missing(policy.side, settings.side, url.is_none(), token.is_none())),
    }
}

/// Whether policy and `[storage]` mean the same array, where both name one.
///
/// # Errors
/// both URLs are there but name different arrays → `InvalidConfiguration`; a URL is not an HTTPS management URL → as
/// [`validate_fa_url`].
pub fn check_same_array(policy: AccessIn<'_>, settings: AccessIn<'_>) -> Result<()> {
    let (side, its) = (policy.side, settings.side);
    let in_policy = |url| endpoint(ErrorKind::InvalidRequest, &format!("{side}_fa_url"), url);
    let in_settings = |url| endpoint(ErrorKind::InvalidConfiguration, &format!("[storage] {its}_array_url"), url);
    let from_policy = policy.url.map(in_policy).transpose()?;
    let from_settings = settings.url.map(in_settings).transpose()?;
    if let (Some(one), Some(other)) = (&from_policy, &from_settings)
        && one != other
    {
        return Err(Error::configuration(format!(
            "{side}_fa_url of the policy ('{}') and {its}_array_url in [storage] ('{}') name different arrays",
            policy.url.unwrap_or_default(),
            settings.url.unwrap_or_default()
        ))
        .remedy("make both name the same array, or remove one of them"));
    }
    Ok(())
}

fn missing(side: Side, its: Side, url: bool, token: bool) -> Error {
    let places = [
        (url, format!("no {side}_fa_url in the policy and no {its}_array_url in [storage]")),
        (token, format!("no {side}_fa_api_token in the policy and no {its}_array_api_token in [storage]")),
    ];
    let absent: Vec<String> = places.into_iter().filter(|(absent, _)| *absent).map(|(_, text)| text).collect();
    Error::configuration(format!("the {side} array cannot be reached: {}", absent.join("; "))).remedy(format!(
        "openstack protector protection-group policy-create <group> --{side}-fa-url https://<array> \
         --{side}-fa-token <token>"
    ))
}

/// Accepts the management URL of an array: `https://host[:port]`, nothing else in it. `field` names it in the refusal.
///
/// # Errors
/// Another scheme, no host, a user or password, a path, query or fragment, or no URL at all → `InvalidRequest` → mend
/// `field`.
pub fn validate_fa_url(field: &str, url: &str) -> Result<()> {
    endpoint(ErrorKind::InvalidRequest, field, url).map(drop)
}

/// Host and port, normalised, so that two spellings of one array are equal.
fn endpoint(kind: ErrorKind, field: &str, text: &str) -> Result<(Host<String>, u16)> {
    let fault = |why: &str| {
        Error::new(kind, format!("{field} '{}' is refused: {why}", without_user(text)))
            .remedy("use https://<array>[:<port>]")
    };
    let url = Url::parse(text.trim()).map_err(|e| fault(&e.to_string()))?;
    if url.scheme() != "https" {
        return Err(fault("HTTPS only"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fault("credentials do not belong into a URL"));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(fault("only host and port may be given"));
    }
    let host = match url.host() {
        Some(Host::Domain(name)) => Host::Domain(name.trim_end_matches('.').to_owned()),
        Some(address) => address.to_owned(),
        None => return Err(fault("it has no host")),
    };
    Ok((host, url.port_or_known_default().unwrap_or(443)))
}

/// A URL for an error message: whatever stands before `@` may be a password.
fn without_user(url: &str) -> String {
    url.rsplit_once('@').map_or_else(|| url.to_owned(), |(_, rest)| format!("***@{rest}"))
}

#[cfg(test)]
mod tests;
