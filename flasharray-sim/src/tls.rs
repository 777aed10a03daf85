//! Certificates: an authority made at the start, and one certificate per array that it vouches for.

use protector_core::Error;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{fmt, sync::Arc};

/// Vouches for the arrays of one simulator. Its key never leaves the process.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new authority.
    ///
    /// # Errors
    /// no randomness → `Internal`.
    pub(crate) fn new() -> Result<Self, Error> {
        let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, "flasharray-sim CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(failed)?;
        CertifiedIssuer::self_signed(params, key).map(Self).map_err(failed)
    }

    /// The certificate that clients are to trust.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// TLS for an array that is reached under `host`, and under the names of this machine.
    ///
    /// # Errors
    /// `host` is neither a name nor an address → `InvalidRequest`.
    pub(crate) fn server(&self, host: &str) -> Result<Arc<ServerConfig>, Error> {
        let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        if !names.iter().any(|name| name == host) {
            names.push(host.to_owned());
        }
        let mut params = CertificateParams::new(names)
            .map_err(|e| Error::invalid(format!("'{host}' is not a host that a certificate can name")).source(e))?;
        params.distinguished_name.push(DnType::CommonName, "flasharray-sim");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(failed)?;
        let leaf = params.signed_by(&key, &self.0).map_err(failed)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key))
            .map_err(failed)?;
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

fn failed(e: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal(format!("no certificate can be made: {e}")).source(e)
}
