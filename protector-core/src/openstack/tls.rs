//! Which certificates of a cloud's services are accepted.

use super::clouds::Trust;
use crate::{Error, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::{path::Path, sync::Arc};

/// The TLS side of a client. Reads the named file, or the certificates of this machine.
///
/// # Errors
/// the CA file cannot be read or holds no certificate → `InvalidConfiguration` naming it → mend `cacert` in clouds.yaml.
pub(super) fn client_config(trust: &Trust) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::internal("TLS cannot be set up").source(e))?;
    let accepted = match trust {
        Trust::System => return Ok(builder.with_root_certificates(system_roots()).with_no_client_auth()),
        Trust::CaFile(path) => in_file(path, &provider)?,
        Trust::Any => Accepted::Any,
    };
    let verifier = Arc::new(Verifier { accepted, provider });
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn in_file(path: &Path, provider: &Arc<CryptoProvider>) -> Result<Accepted> {
    let fault = |why: String| {
        Error::configuration(format!("certificates cannot be read from '{}': {why}", path.display()))
            .remedy("name a readable PEM file as cacert in clouds.yaml")
    };
    let pem = std::fs::read(path).map_err(|e| fault(e.to_string()).source(e))?;
    let named: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|e| fault(e.to_string()))?;
    if named.is_empty() {
        return Err(fault("it holds no certificate".to_owned()));
    }
    let mut roots = RootCertStore::empty();
    for certificate in &named {
        roots.add(certificate.clone()).map_err(|e| fault(e.to_string()))?;
    }
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|e| fault(e.to_string()))?;
    Ok(Accepted::InFile { named, chain })
}

#[derive(Debug)]
enum Accepted {
    /// Those in a file as they are, as OpenSSL accepts a self-signed one, and those that one of them vouches for.
    InFile { named: Vec<CertificateDer<'static>>, chain: Arc<WebPkiServerVerifier> },
    /// Whatever comes.
    Any,
}

/// Checks certificates. That the service holds the key is checked in every case.
#[derive(Debug)]
struct Verifier {
    accepted: Accepted,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.accepted {
            Accepted::Any => Ok(ServerCertVerified::assertion()),
            Accepted::InFile { named, .. } if named.contains(end_entity) => Ok(ServerCertVerified::assertion()),
            Accepted::InFile { chain, .. } => {
                chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_ca_file_that_is_missing_or_holds_no_certificate_is_named() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        for path in [Path::new("/nonexistent/ca.pem"), empty.path()] {
            let error = client_config(&Trust::CaFile(path.to_owned())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
            assert!(
                error.to_string().contains(path.to_str().unwrap()) && error.to_string().contains("cacert"),
                "{error}"
            );
        }
        client_config(&Trust::Any).unwrap();
        client_config(&Trust::System).unwrap();
    }
}
