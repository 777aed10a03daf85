//! Which certificates of a cloud's services are accepted, and what to do about one that is not.

use super::clouds::Trust;
use crate::Result;
use crate::transport::{self, Accept, CertificateFault};
use rustls::ClientConfig;

/// The TLS side of a client. Reads the named file, or the certificates of this machine.
///
/// # Errors
/// the CA file cannot be read or holds no certificate → `InvalidConfiguration` naming it → mend `cacert` in clouds.yaml.
pub(super) fn client_config(trust: &Trust) -> Result<ClientConfig> {
    let accept = match trust {
        Trust::System => Accept::SystemAuthorities,
        Trust::CaFile(path) => Accept::InFile(path),
        Trust::Any => Accept::Any,
    };
    transport::client_config(accept, "cacert in clouds.yaml")
}

/// What the operator does about it.
pub(super) const fn remedy(fault: &CertificateFault) -> &'static str {
    match fault {
        CertificateFault::UnknownIssuer | CertificateFault::Refused(_) | CertificateFault::NotPinned(_) => {
            "name the authority that issued it as cacert in clouds.yaml"
        }
        CertificateFault::OtherName => {
            "let auth_url and the endpoints of the catalogue use a name from the certificate; cacert in clouds.yaml names \
             its authority"
        }
        CertificateFault::Expired => {
            "renew the certificate of the service, then see that cacert in clouds.yaml fits it"
        }
        CertificateFault::NotValidYet => {
            "compare the clocks of both machines; cacert in clouds.yaml names its authority"
        }
    }
}
