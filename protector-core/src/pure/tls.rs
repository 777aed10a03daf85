//! Which certificates are accepted.

use super::options::Trust;
use crate::{Error, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use std::{fmt, path::Path, sync::Arc};

/// The TLS side of a client. Reads the named file, or the certificates of this machine.
///
/// # Errors
/// the CA file cannot be read or holds no certificate → `InvalidConfiguration` naming it → mend `[storage] array_ca_file`;
/// a fingerprint that is not 64 hex digits → `InvalidConfiguration`.
pub(super) fn client_config(trust: &Trust) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::internal("TLS cannot be set up").source(e))?;
    let accepted = match trust {
        Trust::System => return Ok(builder.with_root_certificates(system_roots()).with_no_client_auth()),
        Trust::CaFile(path) => in_file(path, &provider)?,
        Trust::Fingerprint(text) => Accepted::One(fingerprint(text)?),
        Trust::DangerAcceptAnyCertificate => Accepted::Any,
    };
    let verifier = Arc::new(Verifier { accepted, provider });
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        tracing::warn!(
            target: "protector.engine.storage.pure",
            "this machine trusts no certificate authority, so no array will be trusted: set [storage] array_ca_file"
        );
    }
    roots
}

fn in_file(path: &Path, provider: &Arc<CryptoProvider>) -> Result<Accepted> {
    let fault = |why: String| {
        Error::configuration(format!("certificates cannot be read from '{}': {why}", path.display()))
            .remedy("name a readable PEM file in [storage] array_ca_file")
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

type Fingerprint = [u8; 32];

fn fingerprint(text: &str) -> Result<Fingerprint> {
    let digits: Vec<u8> = text
        .trim()
        .chars()
        .filter(|c| *c != ':')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .unwrap_or_default();
    let bytes: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect();
    let whole = digits.len() == 64;
    bytes.try_into().ok().filter(|_| whole).ok_or_else(|| {
        Error::configuration(format!("'{text}' is not a SHA-256 fingerprint"))
            .remedy("give 64 hex digits: openssl x509 -noout -fingerprint -sha256 -in array.pem")
    })
}

/// Certificates that are accepted beyond what an authority vouches for.
#[derive(Debug)]
enum Accepted {
    /// Those in a file as they are, and those that one of them vouches for.
    InFile { named: Vec<CertificateDer<'static>>, chain: Arc<WebPkiServerVerifier> },
    /// The one with this fingerprint.
    One(Fingerprint),
    /// Whatever comes.
    Any,
}

/// Checks certificates. That the array holds the key is checked in every case.
#[derive(Debug)]
struct Verifier {
    accepted: Accepted,
    provider: Arc<CryptoProvider>,
}

/// What was presented instead of the certificate that was pinned.
#[derive(Debug)]
pub(super) struct OtherCertificate {
    seen: Fingerprint,
}

impl fmt::Display for OtherCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the certificate presented has the SHA-256 fingerprint ")?;
        for (at, byte) in self.seen.iter().enumerate() {
            write!(f, "{}{byte:02X}", if at == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl std::error::Error for OtherCertificate {}

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
            Accepted::One(wanted) => {
                let seen: Fingerprint = Sha256::digest(end_entity).into();
                if seen == *wanted {
                    return Ok(ServerCertVerified::assertion());
                }
                Err(CertificateError::Other(OtherError(Arc::new(OtherCertificate { seen }))).into())
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

/// Why TLS refused, for people: what is wrong with the certificate, and what to do. `None`: something else failed.
pub(super) fn certificate_fault(error: &(dyn std::error::Error + 'static)) -> Option<(String, &'static str)> {
    const TRUST: &str = "name the CA certificate, or the array's own, in [storage] array_ca_file";
    const RENEW: &str = "renew the array's certificate (purecert), then name its issuer in [storage] array_ca_file";
    let rustls::Error::InvalidCertificate(fault) = tls_error(error)? else { return None };
    Some(match fault {
        CertificateError::UnknownIssuer => {
            ("its certificate is self-signed, or issued by an authority that is not trusted here".to_owned(), TRUST)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            "its certificate is for another name or address".to_owned(),
            "use a name from the certificate in the array URL; the issuer stands in [storage] array_ca_file",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("its certificate has expired".to_owned(), RENEW)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            "its certificate is not valid yet".to_owned(),
            "compare the clocks; the issuer stands in [storage] array_ca_file",
        ),
        CertificateError::Other(OtherError(inner)) if inner.downcast_ref::<OtherCertificate>().is_some() => (
            format!("{inner}, which is not the one pinned"),
            "compare it with the array's own, then pin it, or name a CA in [storage] array_ca_file",
        ),
        other => (format!("its certificate is refused: {other}"), TRUST),
    })
}

/// The TLS error among the causes. An `io::Error` does not list what it wraps as its source.
fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match wrapped {
            Some(inner) => Some(inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use std::path::PathBuf;

    #[test]
    fn fingerprints_are_read_with_and_without_colons() {
        let plain = "00ff".repeat(16);
        let colons = plain.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect::<Vec<_>>();
        let read = fingerprint(&plain).unwrap();
        assert_eq!(read[..2], [0, 255]);
        assert_eq!(fingerprint(&colons.join(":").to_uppercase()).unwrap(), read);
        for text in ["", "00ff", &plain[1..], &format!("{plain}0"), &plain.replace('f', "g"), &format!("{plain}00")] {
            assert_eq!(fingerprint(text).unwrap_err().kind(), ErrorKind::InvalidConfiguration, "{text}");
        }
    }

    #[test]
    fn a_ca_file_that_is_missing_or_holds_no_certificate_is_named() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        let broken = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n").unwrap();
        for path in [PathBuf::from("/nonexistent/ca.pem"), empty.path().to_owned(), broken.path().to_owned()] {
            let error = client_config(&Trust::CaFile(path.clone())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
            assert!(error.to_string().contains("array_ca_file"), "{error}");
        }
    }

    #[test]
    fn tls_errors_are_found_inside_of_io_errors() {
        let inner = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let wrapped = std::io::Error::other(std::io::Error::other(inner));
        let (text, remedy) = certificate_fault(&wrapped).unwrap();
        assert!(text.contains("expired") && remedy.contains("array_ca_file"), "{text} {remedy}");
        assert_eq!(certificate_fault(&std::io::Error::other("reset")), None);
        assert_eq!(certificate_fault(&rustls::Error::HandshakeNotComplete), None);
    }

    #[test]
    fn each_fault_of_a_certificate_has_its_own_words() {
        let faults = [
            CertificateError::UnknownIssuer,
            CertificateError::NotValidForName,
            CertificateError::Expired,
            CertificateError::NotValidYet,
            CertificateError::BadSignature,
            CertificateError::Other(OtherError(Arc::new(OtherCertificate { seen: [171; 32] }))),
        ];
        let texts: Vec<String> = faults
            .into_iter()
            .map(|fault| {
                let (text, remedy) = certificate_fault(&rustls::Error::InvalidCertificate(fault)).unwrap();
                assert!(remedy.contains("[storage] array_ca_file"), "{remedy}");
                text
            })
            .collect();
        let mut different = texts.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), texts.len(), "{texts:?}");
        assert!(texts.last().unwrap().contains("AB:AB"), "{texts:?}");
    }
}
