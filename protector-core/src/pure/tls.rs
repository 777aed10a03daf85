//! Which certificates are accepted.

use super::options::Trust;
use crate::{Error, Result};
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
    let roots = match trust {
        Trust::System => system_roots(),
        Trust::CaFile(path) => roots_of(path)?,
        Trust::Fingerprint(text) => {
            let pin = Pin { wanted: Some(fingerprint(text)?), provider };
            return Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(pin)).with_no_client_auth());
        }
        Trust::DangerAcceptAnyCertificate => {
            let pin = Pin { wanted: None, provider };
            return Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(pin)).with_no_client_auth());
        }
    };
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
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

fn roots_of(path: &Path) -> Result<RootCertStore> {
    let fault = |why: String| {
        Error::configuration(format!("certificates cannot be read from '{}': {why}", path.display()))
            .remedy("name a readable PEM file in [storage] array_ca_file")
    };
    let pem = std::fs::read(path).map_err(|e| fault(e.to_string()).source(e))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| fault(e.to_string()))?;
        roots.add(certificate).map_err(|e| fault(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(fault("it holds no certificate".to_owned()));
    }
    Ok(roots)
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

/// Accepts one certificate, or any. The proof of possession of its key is checked in both cases.
#[derive(Debug)]
struct Pin {
    wanted: Option<Fingerprint>,
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

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(wanted) = self.wanted else { return Ok(ServerCertVerified::assertion()) };
        let seen: Fingerprint = Sha256::digest(end_entity).into();
        if seen == wanted {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::Other(OtherError(Arc::new(OtherCertificate { seen }))).into())
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
