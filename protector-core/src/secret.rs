//! Secrets that cannot leak by accident.

use crate::Result;
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// An array token. Opaque; printed as `***`; wiped on drop; deliberately without `Serialize`.
///
/// ```
/// let token = protector_core::ApiToken::new("T-12345678");
/// assert_eq!(format!("{token:?} {token}"), "*** ***");
/// assert_eq!(token.expose(), "T-12345678");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ApiToken(Zeroizing<String>);

impl ApiToken {
    /// Wraps the secret text.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The secret itself. Callers hand it to an endpoint or to encryption and to nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Asks whoever keeps secrets for another process, for example OpenStack's Barbican, for the one with an id. An error never
/// holds what was read.
///
/// ```
/// use protector_core::{ApiToken, Error, secret::SecretManager};
/// let manager = SecretManager::new(|id| match id {
///     "7b1c" => Ok(ApiToken::new("T-12345678")),
///     _ => Err(Error::not_found(format!("there is no secret {id}"))),
/// });
/// assert_eq!(manager.read("7b1c")?.expose(), "T-12345678");
/// assert!(manager.read("7b1d").is_err());
/// # Ok::<(), protector_core::Error>(())
/// ```
#[derive(Clone)]
pub struct SecretManager(Arc<Read>);

type Read = dyn Fn(&str) -> Result<ApiToken> + Send + Sync;

impl SecretManager {
    /// One that reads so. It may block.
    pub fn new(read: impl Fn(&str) -> Result<ApiToken> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The secret with this id.
    ///
    /// # Errors
    /// whatever the manager says.
    pub fn read(&self, id: &str) -> Result<ApiToken> {
        (self.0)(id)
    }
}

impl PartialEq for SecretManager {
    /// Whether both are one and the same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SecretManager {}

impl fmt::Debug for SecretManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretManager")
    }
}
