//! Which certificates are accepted.

use super::fault::OtherCertificate;
use crate::{Error, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use std::{path::Path, sync::Arc};

/// Which certificates a client accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Accept<'a> {
    /// Those issued by an authority that this machine trusts.
    SystemAuthorities,
    /// Those issued by an authority in this PEM file, and no others. One that stands in the file itself is accepted as it
    /// is, without a look at its name and dates: devices come with a self-signed one that names neither their address nor
    /// an authority.
    InFile(&'a Path),
    /// The one with this SHA-256 fingerprint: 64 hex digits, with or without colons.
    Fingerprint(&'a str),
    /// Any.
    Any,
}

/// The TLS side of a client. Reads the named file, or the certificates of this machine. `setting` is where the user says
/// whom to trust.
///
/// # Errors
/// the file cannot be read or holds no certificate → `InvalidConfiguration` naming it and the setting; a fingerprint that
/// is not 64 hex digits → `InvalidConfiguration`.
pub(crate) fn client_config(accept: Accept<'_>, setting: &str) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::internal("TLS cannot be set up").source(e))?;
    let accepted = match accept {
        Accept::SystemAuthorities => {
            return Ok(builder.with_root_certificates(authorities_of_this_machine(setting)).with_no_client_auth());
        }
        Accept::InFile(path) => in_file(path, setting, &provider)?,
        Accept::Fingerprint(text) => Accepted::One(fingerprint(text)?),
        Accept::Any => Accepted::Any,
    };
    let verifier = Arc::new(Verifier { accepted, provider });
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn authorities_of_this_machine(setting: &str) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        tracing::warn!(
            target: "protector.engine.transport",
            "this machine trusts no certificate authority: whom to trust is said with {setting}"
        );
    }
    roots
}

fn in_file(path: &Path, setting: &str, provider: &Arc<CryptoProvider>) -> Result<Accepted> {
    let fault = |why: String| {
        Error::configuration(format!("certificates cannot be read from '{}': {why}", path.display()))
            .remedy(format!("name a readable PEM file with {setting}"))
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
            .remedy("give 64 hex digits: openssl x509 -noout -fingerprint -sha256 -in certificate.pem")
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

/// Checks certificates. That the other end holds the key is checked in every case.
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
    fn a_file_that_is_missing_or_holds_no_certificate_is_named_with_its_setting() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        let broken = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n").unwrap();
        for path in [PathBuf::from("/nonexistent/ca.pem"), empty.path().to_owned(), broken.path().to_owned()] {
            let error = client_config(Accept::InFile(&path), "[some] ca_file").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
            assert!(error.message().contains(path.to_str().unwrap()), "{error}");
            assert!(error.remedy_text().unwrap().contains("[some] ca_file"), "{error}");
        }
        for accept in [Accept::SystemAuthorities, Accept::Any, Accept::Fingerprint(&"0a".repeat(32))] {
            client_config(accept, "[some] ca_file").unwrap();
        }
    }
}
