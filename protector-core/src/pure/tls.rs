//! Which certificates of an array are accepted, and what to do about one that is not.

use super::options::Trust;
use crate::Result;
use crate::transport::{self, Accept, CertificateFault};
use rustls::ClientConfig;

/// The TLS side of a client. Reads the named file, or the certificates of this machine.
///
/// # Errors
/// the CA file cannot be read or holds no certificate → `InvalidConfiguration` naming it → mend `[storage] array_ca_file`;
/// a fingerprint that is not 64 hex digits → `InvalidConfiguration`.
pub(super) fn client_config(trust: &Trust) -> Result<ClientConfig> {
    let accept = match trust {
        Trust::System => Accept::SystemAuthorities,
        Trust::CaFile(path) => Accept::InFile(path),
        Trust::Fingerprint(text) => Accept::Fingerprint(text),
        Trust::DangerAcceptAnyCertificate => Accept::Any,
    };
    transport::client_config(accept, "[storage] array_ca_file")
}

/// What the operator does about it.
pub(super) const fn remedy(fault: &CertificateFault) -> &'static str {
    match fault {
        CertificateFault::UnknownIssuer | CertificateFault::Refused(_) => {
            "name the CA certificate, or the array's own, in [storage] array_ca_file"
        }
        CertificateFault::OtherName => {
            "use a name from the certificate in the array URL; the issuer stands in [storage] array_ca_file"
        }
        CertificateFault::Expired => {
            "renew the array's certificate (purecert), then name its issuer in [storage] array_ca_file"
        }
        CertificateFault::NotValidYet => "compare the clocks; the issuer stands in [storage] array_ca_file",
        CertificateFault::NotPinned(_) => {
            "compare it with the array's own, then pin it, or name a CA in [storage] array_ca_file"
        }
    }
}
