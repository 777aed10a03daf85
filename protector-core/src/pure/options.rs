//! Where an array is, and how it is talked to.

use super::version::RestVersion;
use crate::rules::validate_fa_url;
use crate::{ApiToken, Error, Result};
use std::{fmt, path::PathBuf, time::Duration};
use url::Url;

/// Address and token of one array. Debug and Display show the host alone.
#[derive(Clone, PartialEq, Eq)]
pub struct ArrayEndpoint {
    host: String,
    token: ApiToken,
}

impl ArrayEndpoint {
    /// Reads `https://HOST[:PORT]`.
    ///
    /// # Errors
    /// Another scheme, user or password, path, query, or no URL → `InvalidRequest` → use `https://<array>[:<port>]`;
    /// a token that is empty or cannot be sent in a header → `InvalidRequest` → create another one on the array.
    pub fn parse(url: &str, token: ApiToken) -> Result<Self> {
        validate_fa_url("array URL", url)?;
        let parsed = Url::parse(url.trim()).map_err(|e| Error::invalid(format!("array URL is refused: {e}")))?;
        let host = parsed.host_str().unwrap_or_default();
        let host = parsed.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let secret = token.expose();
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid(format!(
                "the API token for {host} is empty or holds spaces or characters that are not ASCII"
            ))
            .remedy("create a token on the array: pureadmin create --api-token"));
        }
        Ok(Self { host, token })
    }

    /// As [`Self::parse`], from the settings `<role>_array_url` and `<role>_array_api_token`, which errors name.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn of_role(role: &str, url: &str, token: ApiToken) -> Result<Self> {
        validate_fa_url(&format!("{role}_array_url"), url)?;
        Self::parse(url, token).map_err(|e| e.context(format_args!("{role}_array_api_token")))
    }

    /// `HOST[:PORT]`; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The token that logs in.
    pub(super) fn token(&self) -> &ApiToken {
        &self.token
    }
}

impl fmt::Display for ArrayEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.host)
    }
}

impl fmt::Debug for ArrayEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArrayEndpoint({})", self.host)
    }
}

/// Which certificates of an array are accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those issued by an authority that this machine trusts.
    #[default]
    System,
    /// Those issued by an authority in this PEM file, **and no others**: whoever names a file says whom to trust. A
    /// certificate that stands in the file itself is accepted as it is, without a look at its name and dates: arrays come
    /// with a self-signed one that names neither their address nor an authority.
    CaFile(PathBuf),
    /// The one certificate with this SHA-256 fingerprint: 64 hex digits, with or without colons. Its name and dates are not
    /// checked; the proof that the array holds the key is.
    Fingerprint(String),
    /// Any. Whoever stands between this machine and the array can read the token.
    DangerAcceptAnyCertificate,
}

impl Trust {
    /// The narrowest of what is set: a fingerprint before a CA file, a CA file before accepting any certificate.
    pub fn narrowest(fingerprint: Option<String>, ca_file: Option<PathBuf>, danger_accept_any: bool) -> Self {
        match (fingerprint, ca_file) {
            (Some(fingerprint), _) => Self::Fingerprint(fingerprint),
            (None, Some(file)) => Self::CaFile(file),
            (None, None) if danger_accept_any => Self::DangerAcceptAnyCertificate,
            (None, None) => Self::System,
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("certificates issued by an authority that this machine trusts"),
            Self::CaFile(path) => write!(f, "certificates issued by an authority in {}", path.display()),
            Self::Fingerprint(fingerprint) => write!(f, "the certificate with SHA-256 fingerprint {fingerprint}"),
            Self::DangerAcceptAnyCertificate => f.write_str("ANY certificate"),
        }
    }
}

/// How an array is talked to. Every limit is per array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PureOptions {
    /// Which certificates are accepted.
    pub trust: Trust,
    /// Longest wait for a connection, TLS included.
    pub connect_timeout: Duration,
    /// Longest wait for one reply, body included.
    pub request_timeout: Duration,
    /// How often a request is sent again after it failed in a way that may pass.
    pub retries: u32,
    /// Pause before the first of those; twice as long before each further one, up to 30 s. Up to half of a pause is taken off at
    /// random.
    pub first_pause: Duration,
    /// Requests under way at the same time.
    pub max_concurrent_requests: usize,
    /// Items per page of a list. Arrays cut at 1000.
    pub page_limit: u32,
    /// Most objects named in one request.
    pub batch_size: usize,
    /// REST version to speak. `None`: the newest that both sides know.
    pub rest_version: Option<RestVersion>,
}

impl Default for PureOptions {
    fn default() -> Self {
        Self {
            trust: Trust::System,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            retries: 5,
            first_pause: Duration::from_millis(200),
            max_concurrent_requests: 8,
            page_limit: 1000,
            batch_size: 1000,
            rest_version: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn parse(url: &str) -> Result<ArrayEndpoint> {
        ArrayEndpoint::parse(url, ApiToken::new("3bdf3b60-f0c0-fa8a-83c1-b794ba8f562c"))
    }

    #[test]
    fn host_and_port_are_kept() {
        for (url, host) in [
            ("https://array-a", "array-a"),
            ("https://array-a/", "array-a"),
            (" https://Array-A.example:8443 ", "array-a.example:8443"),
            ("https://array-a:443", "array-a"),
            ("https://[2001:db8::1]:8443", "[2001:db8::1]:8443"),
        ] {
            assert_eq!(parse(url).unwrap().host(), host, "{url}");
        }
    }

    #[test]
    fn what_is_not_https_host_and_port_is_refused_with_its_reason() {
        for (url, why) in [
            ("http://array-a", "HTTPS only"),
            ("https://pureuser:hidden@array-a", "credentials do not belong into a URL"),
            ("https://array-a/api/2.26", "only host and port"),
            ("https://array-a?x=1", "only host and port"),
            ("array-a", "refused"),
            ("https://", "refused"),
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{url}");
            assert!(error.to_string().contains(why), "{url}: {error}");
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
    }

    #[test]
    fn a_token_that_cannot_be_sent_is_refused_and_not_shown() {
        for token in ["", "two words", "line\nbreak", "tökén-shown"] {
            let error = ArrayEndpoint::parse("https://a", ApiToken::new(token)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert!(token.is_empty() || !error.to_string().contains(token), "{error}");
        }
    }

    #[test]
    fn neither_text_form_of_an_endpoint_holds_the_token() {
        let endpoint = parse("https://array-a").unwrap();
        assert_eq!(format!("{endpoint} {endpoint:?}"), "array-a ArrayEndpoint(array-a)");
    }

    #[test]
    fn the_narrowest_trust_that_is_set_counts() {
        let (pin, file) = (Some("00ff".to_owned()), Some(PathBuf::from("ca.pem")));
        for (fingerprint, ca_file, any, expected) in [
            (None, None, false, Trust::System),
            (None, None, true, Trust::DangerAcceptAnyCertificate),
            (None, file.clone(), true, Trust::CaFile("ca.pem".into())),
            (pin.clone(), file, true, Trust::Fingerprint("00ff".to_owned())),
            (pin, None, false, Trust::Fingerprint("00ff".to_owned())),
        ] {
            assert_eq!(Trust::narrowest(fingerprint, ca_file, any), expected);
        }
    }
}
